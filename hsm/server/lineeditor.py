"""Line editing for a VT100 (ECMA-48) terminal, as bytes in and bytes out; it knows no socket.

A line is drawn in one row of the terminal, which scrolls sideways under it when it is longer.  Of a secret line nothing is
drawn, and no key edits it but backspace and Ctrl-U; what was typed is overwritten once it is taken.  A line that is too
long is refused whole: half a key is worse than none.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from unicodedata import combining, east_asian_width

from hsm.console.line import Screen

HISTORY_LINES_MAX = 100
ESCAPE_BYTES_MAX = 16
COLUMNS = 80
COLUMNS_MIN, COLUMNS_MAX = 20, 1_000
ROOM_MIN = 10
BELL, CR, LF, ESC, DEL = 0x07, 0x0D, 0x0A, 0x1B, 0x7F

CONTROLS_DROPPED = "Control characters are dropped."
NOT_UTF8 = "What is not UTF-8, or not one column wide, is dropped."


@dataclass(frozen=True, slots=True)
class Typed:
    """A whole line, without its end."""

    text: str = field(repr=False)


class Key(Enum):
    """What is typed and is no line: Ctrl-C, and Ctrl-D on an empty line."""

    INTERRUPT = "interrupt"
    END = "end"


Event = Typed | Key


def _one_column(character: str) -> bool:
    """Does *character* move the cursor by just one, so that ours stays where the terminal's is?"""
    wide = east_asian_width(character) in ("W", "F")
    return character.isprintable() and not wide and not combining(character)


class LineEditor:
    """Lines from keystrokes.  With *echoes* off it is a plain line reader: for scripts, and terminals that echo."""

    def __init__(self, *, echoes: bool = True, newline: bytes = b"\r\n") -> None:
        self.echoes = echoes
        self._newline = newline
        self._columns = COLUMNS
        self._unread = bytearray()
        self._shown = bytearray()
        self._history: deque[str] = deque(maxlen=HISTORY_LINES_MAX)
        self._back = 0
        self._draft = ""
        self._asked = Screen("")
        self._prompt = ""
        self._line = array("I")
        self._cursor = 0
        self._too_long = False
        self._noted: set[str] = set()
        self._after_cr = False
        self._character = bytearray()
        self._escape: bytearray | None = None

    # --- what whoever drives it calls ----------------------------------------------------------------------------
    def show(self, text: str) -> None:
        """Show *text*, whose lines end with a newline."""
        self._shown += text.encode("utf-8", "replace").replace(b"\n", self._newline)

    def ask(self, screen: Screen) -> None:
        """Show the prompt of *screen* and read the line that it asks for."""
        self._asked = screen
        self._wipe()
        self._back, self._draft = 0, ""
        self._noted.clear()
        self._prompt = screen.prompt
        if self.echoes and len(self._prompt) > self._columns - ROOM_MIN:
            self.show(self._prompt + "\n")
            self._prompt = ""
        self.show(self._prompt)

    def feed(self, typed: bytes) -> None:
        """Take what was typed; ``step`` reads it."""
        self._unread += typed

    def step(self) -> Event | None:
        """The next whole line or key; None when all that was typed is read."""
        while self._unread:
            byte, self._unread[0] = self._unread[0], 0
            del self._unread[0]
            event = self._read(byte)
            if event is not None:
                return event
        return None

    def shown(self) -> bytes:
        """What to write to the terminal since the last call."""
        shown = bytes(self._shown)
        self._shown.clear()
        return shown

    def remember(self, line: str) -> None:
        """Let the arrow keys bring *line* back."""
        if not self._history or self._history[-1] != line:
            self._history.append(line)

    def forget(self) -> None:
        """Overwrite everything typed that was not taken yet."""
        self._unread[:] = bytes(len(self._unread))
        self._unread.clear()
        self._wipe()

    def resize(self, columns: int) -> None:
        """The terminal is *columns* wide; 0, or what can't be, leaves it as it was."""
        if columns > 0:
            self._columns = min(max(columns, COLUMNS_MIN), COLUMNS_MAX)

    # --- bytes ---------------------------------------------------------------------------------------------------
    def _read(self, byte: int) -> Event | None:
        after_cr, self._after_cr = self._after_cr, byte == CR
        if after_cr and byte == LF:
            return None
        if self._escape is not None and byte >= 0x20:
            self._read_escape(byte)
            return None
        self._escape = None
        if byte >= 0x80:
            self._read_character(byte)
            return None
        if self._character:
            self._bad_character()
        if byte in (CR, LF):
            return self._entered()
        if byte == 0x03:
            return self._interrupted()
        if byte == 0x04 and not self._line:
            return Key.END
        if byte == ESC:
            self._escape = bytearray()
        elif byte == 0x09:
            self._insert(0x20)
        elif byte >= 0x20 and byte != DEL:
            self._insert(byte)
        elif (action := _CONTROLS.get(byte)) is not None:
            self._edit(action)
        else:
            self._note(CONTROLS_DROPPED)
        return None

    def _read_escape(self, byte: int) -> None:
        assert self._escape is not None
        escape = self._escape
        if len(escape) < ESCAPE_BYTES_MAX:
            escape.append(byte)
        if len(escape) == 1 and byte in b"[O":
            return
        # The final byte of a control sequence is from @ to ~ (ECMA-48, 5.4).
        if len(escape) > 1 and escape[:1] == b"[" and not 0x40 <= byte <= 0x7E:
            return
        self._escape = None
        if (action := _KEYS.get(bytes(escape))) is not None:
            self._edit(action)

    def _read_character(self, byte: int) -> None:
        """One byte of a character beyond ASCII (RFC 3629)."""
        if self._character and not 0x80 <= byte <= 0xBF:
            self._bad_character()
        self._character.append(byte)
        first = self._character[0]
        length = 2 if 0xC2 <= first <= 0xDF else 3 if 0xE0 <= first <= 0xEF else 4 if 0xF0 <= first <= 0xF4 else 1
        if len(self._character) < length:
            return
        try:
            character = self._character.decode()
        except UnicodeDecodeError:
            self._bad_character()
            return
        self._drop_character()
        if _one_column(character):
            self._insert(ord(character))
        else:
            self._note(NOT_UTF8)

    def _drop_character(self) -> None:
        self._character[:] = bytes(len(self._character))
        self._character.clear()

    def _bad_character(self) -> None:
        self._drop_character()
        self._note(NOT_UTF8)

    # --- the line ------------------------------------------------------------------------------------------------
    def _entered(self) -> Event | None:
        if self.echoes:
            self._shown += self._newline
        if self._too_long:
            self.show(f"Too long: at most {self._asked.chars_max} characters.  The line was not taken.\n")
            self.ask(self._asked)
            return None
        text = self._text()
        self._wipe()
        return Typed(text)

    def _interrupted(self) -> Event:
        if self.echoes:
            self._shown += b"^C"
        self._wipe()
        return Key.INTERRUPT

    def _insert(self, code: int) -> None:
        if self._too_long:
            return
        if len(self._line) >= self._asked.chars_max:
            self._wipe()
            self._too_long = True
            if self.echoes:
                self._shown.append(BELL)
            return
        at_end = self._cursor == len(self._line)
        self._line.insert(self._cursor, code)
        self._cursor += 1
        if not self._drawn:
            return
        if at_end and self._cursor <= self._room:
            self._shown += chr(code).encode()
        else:
            self._draw()

    def _edit(self, action: Callable[[LineEditor], None]) -> None:
        """Have *action* change the line, as far as it may."""
        if self._asked.secret and action not in (_backspace, _erase):
            return
        if not self.echoes and action not in (_backspace, _erase):
            return
        action(self)
        if self._drawn:
            self._draw()

    def _text(self) -> str:
        return "".join(map(chr, self._line))

    def _replace(self, text: str) -> None:
        self._wipe()
        self._line.extend(map(ord, text[: self._asked.chars_max]))
        self._cursor = len(self._line)

    def _wipe(self) -> None:
        for at in range(len(self._line)):
            self._line[at] = 0
        del self._line[:]
        self._drop_character()
        self._cursor = 0
        self._too_long = False

    # --- the terminal --------------------------------------------------------------------------------------------
    @property
    def _drawn(self) -> bool:
        return self.echoes and not self._asked.secret

    @property
    def _room(self) -> int:
        return max(ROOM_MIN, self._columns - len(self._prompt) - 1)

    def _draw(self) -> None:
        """Draw the row anew: to its start, the prompt, what fits of the line, blank to its end, the cursor."""
        start = max(0, self._cursor - self._room)
        self._shown += b"\r" + self._prompt.encode("utf-8", "replace")
        self._shown += self._text()[start : start + self._room].encode() + b"\x1b[K\r"
        if right := len(self._prompt) + self._cursor - start:
            self._shown += b"\x1b[%dC" % right

    def _note(self, text: str) -> None:
        """Say *text*, once a line, and go on with the line."""
        if text in self._noted:
            return
        self._noted.add(text)
        self.show(("\n" if self.echoes else "") + text + "\n" + self._prompt)
        if self._drawn:
            self._draw()


def _backspace(editor: LineEditor) -> None:
    if editor._cursor:
        editor._cursor -= 1
        editor._line[editor._cursor] = 0
        del editor._line[editor._cursor]


def _delete(editor: LineEditor) -> None:
    del editor._line[editor._cursor : editor._cursor + 1]


def _left(editor: LineEditor) -> None:
    editor._cursor = max(0, editor._cursor - 1)


def _right(editor: LineEditor) -> None:
    editor._cursor = min(len(editor._line), editor._cursor + 1)


def _home(editor: LineEditor) -> None:
    editor._cursor = 0


def _end(editor: LineEditor) -> None:
    editor._cursor = len(editor._line)


def _erase(editor: LineEditor) -> None:
    editor._wipe()


def _cut(editor: LineEditor) -> None:
    del editor._line[editor._cursor :]


def _erase_word(editor: LineEditor) -> None:
    before = editor._text()[: editor._cursor]
    kept = len(before.rstrip().rpartition(" ")[0])
    kept += kept > 0
    del editor._line[kept : editor._cursor]
    editor._cursor = kept


def _redraw(editor: LineEditor) -> None:
    """Nothing: the line is drawn after every key."""


def _older(editor: LineEditor) -> None:
    if editor._back < len(editor._history):
        if not editor._back:
            editor._draft = editor._text()
        editor._back += 1
        editor._replace(editor._history[-editor._back])


def _newer(editor: LineEditor) -> None:
    if editor._back:
        editor._back -= 1
        editor._replace(editor._history[-editor._back] if editor._back else editor._draft)


_CONTROLS: Mapping[int, Callable[[LineEditor], None]] = MappingProxyType(
    {
        0x01: _home, 0x02: _left, 0x04: _delete, 0x05: _end, 0x06: _right, 0x08: _backspace, 0x0B: _cut,
        0x0C: _redraw, 0x0E: _newer, 0x10: _older, 0x15: _erase, 0x17: _erase_word, DEL: _backspace,
    }
)  # fmt: skip
"""Ctrl-A and so on, as Emacs and shells have them."""

_KEYS: Mapping[bytes, Callable[[LineEditor], None]] = MappingProxyType(
    {
        b"[A": _older, b"OA": _older, b"[B": _newer, b"OB": _newer, b"[C": _right, b"OC": _right, b"[D": _left,
        b"OD": _left, b"[H": _home, b"OH": _home, b"[1~": _home, b"[7~": _home, b"[F": _end, b"OF": _end,
        b"[4~": _end, b"[8~": _end, b"[3~": _delete,
    }
)  # fmt: skip
"""What the keys of VT100, xterm and rxvt send after ESC."""
