"""What is done for one MTI and one set of elements, prepared once: few steps, each over many elements.

A ``ReadingPlan`` cuts runs of fixed elements out with one regular expression, which checks them too; between runs it takes
the variable ones.  A ``WritingPlan`` checks all contents with one expression over their join, then puts lengths before
them.  Both give None when anything is amiss: the walk of ``codec`` then finds what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from switch.codec.cell import HEX, TEXT, Cell
from switch.codec.message import Value
from switch.codec.nested import Misfit

BETWEEN = "\x1f"
"""Stands between contents while they are checked together; no class admits it."""

Matcher = Callable[[str, int], "re.Match[str] | None"]
Step = tuple[int, int, Matcher | None, Cell, Matcher]


def _cut(cell: Cell) -> str:
    """Regular expression of a fixed element with its padding, whose group is the content."""
    left, right = cell.padded(cell.chars(cell.size))
    return f"{left}({cell.content_pattern}){right}"


def _wire_bytes(cell: Cell) -> int:
    """Bytes of a fixed element."""
    chars = cell.chars(cell.size)
    return (chars + 1) // 2 if cell.view == HEX else chars


class ReadingPlan:
    """Reads the elements of *cells*, in order, that begin where the bitmap ends."""

    __slots__ = ("_codec", "_conversions", "_hexes", "_numbers", "_steps", "_texts", "mti")

    def __init__(self, mti: str, cells: Sequence[Cell]) -> None:
        self.mti = mti
        self._numbers = tuple(cell.number for cell in cells)
        self._conversions = tuple((i, cell.to_value) for i, cell in enumerate(cells) if cell.to_value)
        codecs = {cell.codec for cell in cells if cell.view == TEXT}
        self._codec = codecs.pop() if codecs else "latin-1"
        self._texts = any(cell.view == TEXT for cell in cells)
        self._hexes = any(cell.view == HEX for cell in cells)
        self._steps = None if codecs else tuple(_steps(cells))

    def read(self, wire: bytes, at: int) -> tuple[dict[int, Value], int] | None:
        """The fields of *wire* from byte *at* on, and where they end."""
        if self._steps is None:
            return None
        text = wire.decode(self._codec) if self._texts else ""
        hexed = wire.hex() if self._hexes else ""
        values: list[Value] = []
        for in_hex, prefix_bytes, run, cell, check in self._steps:
            if run is not None:
                found = run(hexed, at + at) if in_hex else run(text, at)
                if found is None:
                    return None
                values += found.groups()
                at += prefix_bytes
                continue
            begins = at + prefix_bytes
            count = cell.counts.get(wire[at:begins])
            if count is None:
                return None
            if in_hex:
                chars = count * cell.per
                first, at = begins * 2, begins + (chars + 1) // 2
                if chars & 1:
                    left, right = cell.padded(1)
                    if (
                        hexed[first : at * 2]
                        != left + (content := hexed[first + len(left) : at * 2 - len(right)]) + right
                    ):
                        return None
                else:
                    content = hexed[first : at * 2]
            else:
                at = begins + count * cell.per
                content = text[begins:at]
            if at > len(wire) or check(content, 0) is None:
                return None
            values.append(content)
        try:
            for i, convert in self._conversions:
                values[i] = convert(values[i])  # type: ignore[arg-type]  # as yet they are all texts
        except (ValueError, Misfit):
            return None
        return dict(zip(self._numbers, values, strict=True)), at


def _steps(cells: Sequence[Cell]) -> Iterator[Step]:
    """Fixed elements that follow each other in one view together, variable ones alone."""
    run: list[Cell] = []
    for cell in cells:
        if run and (cell.digits or cell.view != run[0].view):
            yield _run(run)
            run = []
        if cell.digits:
            yield cell.view, cell.prefix_bytes, None, cell, cell.check.fullmatch
        else:
            run.append(cell)
    if run:
        yield _run(run)


def _run(cells: list[Cell]) -> Step:
    """The step of a run of fixed elements: its bytes stand where a variable element has those of its length."""
    pattern = re.compile("".join(map(_cut, cells)))
    return cells[0].view, sum(map(_wire_bytes, cells)), pattern.match, cells[0], pattern.match


class WritingPlan:
    """Writes the elements of *cells* behind *lead*, which holds MTI and bitmaps."""

    __slots__ = ("_around", "_before", "_check", "_conversions", "_lead", "_runs", "_take")

    def __init__(self, lead: bytes, cells: Sequence[Cell]) -> None:
        self._lead = lead
        numbers = tuple(cell.number for cell in cells)
        self._take: Callable[[Mapping[int, Value]], Sequence[Value]] = (
            itemgetter(*numbers) if len(numbers) > 1 else lambda fields: [fields[number] for number in numbers]
        )
        self._conversions = tuple((i, cell.from_value) for i, cell in enumerate(cells) if cell.from_value)
        self._check = re.compile(BETWEEN.join(cell.content_pattern for cell in cells)).fullmatch
        right = [cell.pad.startswith("right") for cell in cells]
        self._before = tuple((i, found) for i, cell in enumerate(cells) if not right[i] and (found := cell.befores))
        self._around = tuple((i, cell.befores, cell.padded(1)[1]) for i, cell in enumerate(cells) if right[i])
        runs: list[tuple[int, int, str]] = []
        for i, cell in enumerate(cells):
            codec = "" if cell.view == HEX else cell.codec
            if runs and runs[-1][2] == codec:
                runs[-1] = (runs[-1][0], i + 1, codec)
            else:
                runs.append((i, i + 1, codec))
        self._runs = tuple(runs)

    def write(self, fields: Mapping[int, Value]) -> bytes | None:
        """The message, if every value suits its element."""
        contents: list[str] = list(self._take(fields))  # type: ignore[arg-type]  # join() refuses what is no text
        try:
            for i, convert in self._conversions:
                contents[i] = convert(contents[i])
            if self._check(BETWEEN.join(contents)) is None:
                return None
        except (ValueError, TypeError, AttributeError, Misfit):
            return None
        for i, before in self._before:
            content = contents[i]
            contents[i] = before[len(content)] + content
        for i, before, filler in self._around:
            content = contents[i]
            contents[i] = before[len(content)] + content + (filler if len(content) & 1 else "")
        if len(self._runs) == 1:
            _, _, codec = self._runs[0]
            joined = "".join(contents)
            return self._lead + (joined.encode(codec) if codec else bytes.fromhex(joined))
        pieces = [self._lead]
        for begin, end, codec in self._runs:
            joined = "".join(contents[begin:end])
            pieces.append(joined.encode(codec) if codec else bytes.fromhex(joined))
        return b"".join(pieces)
