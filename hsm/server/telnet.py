"""The telnet protocol (RFC 854, 855) as far as a console needs it, as bytes in and bytes out.

The server offers to echo (RFC 857) and to suppress go-ahead (RFC 858), and asks for the size of the window (RFC 1073);
every other option is refused.  The local socket speaks it too, so that ``hsm console`` can tell how wide its window is
and whether there is one.
"""

from __future__ import annotations

from enum import Enum, auto

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SUPPRESS_GO_AHEAD, WINDOW_SIZE = 1, 3, 31
SUBNEGOTIATION_BYTES_MAX = 64
_CR = 0x0D

# Commands that stand for a key: EOF (RFC 1184), break, interrupt process, erase character, erase line.
_KEYS = {236: 0x04, 243: 0x03, 244: 0x03, 247: 0x7F, 248: 0x15}
_ARE_YOU_THERE = 246


class _At(Enum):
    TEXT = auto()
    COMMAND = auto()
    OPTION = auto()
    SUBNEGOTIATION = auto()
    SUBNEGOTIATION_COMMAND = auto()


def escaped(shown: bytes) -> bytes:
    """*shown* with every IAC doubled."""
    return shown.replace(b"\xff", b"\xff\xff")


class _Telnet:
    """Takes apart what arrives; each side says what commands and negotiations mean to it."""

    def __init__(self) -> None:
        self._at = _At.TEXT
        self._verb = 0
        self._after_cr = False
        self._negotiated = bytearray()

    def received(self, arrived: bytes) -> bytes:
        """The text in what *arrived*; of CR NUL (RFC 854's carriage return) the CR."""
        text = bytearray()
        for byte in arrived:
            self._take(byte, text)
        return bytes(text)

    def _take(self, byte: int, text: bytearray) -> None:
        if self._at is _At.TEXT:
            after_cr, self._after_cr = self._after_cr, byte == _CR
            if byte == IAC:
                self._at = _At.COMMAND
            elif byte or not after_cr:
                text.append(byte)
        elif self._at is _At.COMMAND:
            self._take_command(byte, text)
        elif self._at is _At.OPTION:
            self._at = _At.TEXT
            self._option(self._verb, byte)
        elif self._at is _At.SUBNEGOTIATION:
            if byte == IAC:
                self._at = _At.SUBNEGOTIATION_COMMAND
            else:
                self._negotiate(byte)
        elif byte == SE:
            self._at = _At.TEXT
            self._subnegotiated(bytes(self._negotiated))
        else:
            # IAC IAC is a byte of the value; anything else between is a mistake that we need not follow.
            self._at = _At.SUBNEGOTIATION
            if byte == IAC:
                self._negotiate(byte)

    def _take_command(self, byte: int, text: bytearray) -> None:
        self._at = _At.TEXT
        if byte == IAC:
            text.append(byte)
        elif byte in (WILL, WONT, DO, DONT):
            self._verb, self._at = byte, _At.OPTION
        elif byte == SB:
            self._negotiated.clear()
            self._at = _At.SUBNEGOTIATION
        else:
            self._command(byte, text)

    def _negotiate(self, byte: int) -> None:
        if len(self._negotiated) < SUBNEGOTIATION_BYTES_MAX:
            self._negotiated.append(byte)

    def _command(self, command: int, text: bytearray) -> None:
        """A command without an option."""

    def _option(self, verb: int, option: int) -> None:
        """A negotiation."""

    def _subnegotiated(self, value: bytes) -> None:
        """What stood between SB and SE, or the first SUBNEGOTIATION_BYTES_MAX of it."""


class TelnetServer(_Telnet):
    """The server's side of one connection.

    *echo_refused*: the client shows by itself what is typed, and nothing can be hidden.  *columns* is the width of its
    window, 0 while it is not told.
    """

    OPENING = bytes((IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD, IAC, DO, WINDOW_SIZE))

    def __init__(self) -> None:
        super().__init__()
        self.echo_refused = False
        self.columns = 0
        self._reply = bytearray()
        self._ours: dict[int, bool | None] = {ECHO: None, SUPPRESS_GO_AHEAD: None}
        """Options of this side: in force or not, None while our offer is not answered (RFC 1143)."""

    def reply(self) -> bytes:
        """What to send in answer to the client's negotiations since the last call."""
        reply = bytes(self._reply)
        self._reply.clear()
        return reply

    def _command(self, command: int, text: bytearray) -> None:
        if command in _KEYS:
            text.append(_KEYS[command])
        elif command == _ARE_YOU_THERE:
            self._reply += b"\r\n[Yes]\r\n"

    def _option(self, verb: int, option: int) -> None:
        """Answer a negotiation; only what changes something is answered, or two sides could go on for ever."""
        if verb == DO and option not in self._ours:
            self._reply += bytes((IAC, WONT, option))
        elif verb == WILL and option != WINDOW_SIZE:
            self._reply += bytes((IAC, DONT, option))
        elif verb in (DO, DONT) and option in self._ours:
            wanted = verb == DO
            if self._ours[option] is (not wanted):
                self._reply += bytes((IAC, WILL if wanted else WONT, option))
            self._ours[option] = wanted
            self.echo_refused = self._ours[ECHO] is False

    def _subnegotiated(self, value: bytes) -> None:
        if len(value) == 5 and value[0] == WINDOW_SIZE:
            self.columns = int.from_bytes(value[1:3], "big")


class TelnetClient(_Telnet):
    """The side of ``hsm console``, which says what it can do before it is asked, and then only listens."""

    @staticmethod
    def opening(size: tuple[int, int] | None) -> bytes:
        """What to send first: *size* is that of the window, columns and rows; None when there is none."""
        if size is None:
            return bytes((IAC, DONT, ECHO))
        return bytes((IAC, DO, ECHO, IAC, DO, SUPPRESS_GO_AHEAD, IAC, WILL, WINDOW_SIZE)) + TelnetClient.window(size)

    @staticmethod
    def window(size: tuple[int, int]) -> bytes:
        """Tell the *size* of the window, columns and rows (RFC 1073)."""
        value = b"".join(min(each, 0xFFFF).to_bytes(2, "big") for each in size)
        return bytes((IAC, SB, WINDOW_SIZE)) + escaped(value) + bytes((IAC, SE))
