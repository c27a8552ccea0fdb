"""One row of a VT100, as ECMA-48 has it: enough to see what a line editor draws."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\x1b\[(\d*)([CK])")


class Row:
    """What is on the cursor's row, and where the cursor is, after *shown* was written; rows above scroll away."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._cells: list[str] = []
        self.column = 0
        self.above: list[str] = []

    def write(self, shown: bytes) -> None:
        text, at = shown.decode(), 0
        while at < len(text):
            character = text[at]
            if found := _ESCAPE.match(text, at):
                at = found.end()
                if found[2] == "K":
                    assert not found[1]
                    del self._cells[self.column :]
                else:
                    self.column = min(self.column + int(found[1] or 1), self._columns - 1)
                continue
            at += 1
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.above.append(self.text)
                self._cells = []
            elif character != "\x07":
                assert character.isprintable(), f"{character!r} is drawn"
                assert self.column < self._columns, "the row wraps"
                self._cells += [" "] * (self.column + 1 - len(self._cells))
                self._cells[self.column] = character
                self.column += 1

    @property
    def text(self) -> str:
        return "".join(self._cells)
