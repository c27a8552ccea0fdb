"""Requests to bytes and replies to messages, for one host port's header length and character set.

The bytes here have no length prefix: a connection frames them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hsm.dialects.dialect import Command, Dialect
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC, arrived, departing
from hsm.dialects.thales.families import load
from hsm.wire.codec import codec_of
from hsm.wire.framing import LengthPrefixed
from hsm.wire.kinds import Widths
from hsm.wire.message import Message, WireError

TRAILER_CHARS_MAX = 32
FRAME_BYTES_MAX = 0xFFFF
TAG_DIGITS_MAX = 6
"""Requests are numbered in decimal digits; a longer header is filled with zeros on the left."""
END = "\x19"
DATA_CODES = frozenset({"00", "01", "02"})
"""Codes that fields may follow: success and the two advices."""


class ReplyError(Exception):
    """What came is no reply to what was asked; the text says why, and nothing of the content."""


@dataclass(frozen=True)
class Reply:
    """What the HSM answered: *code* is its two-character code, *answer* the fields where there are any."""

    header: bytes
    code: str
    answer: Message | None
    trailer: str

    @property
    def succeeded(self) -> bool:
        return self.code == "00"


def dialect_named(name: str) -> Dialect:
    """The dialect *name* with all its commands."""
    if name == thales.name:
        load()
        return thales
    # Most clients speak one dialect: the other is imported by those that speak it.
    from hsm.dialects.eracom.codes import eracom
    from hsm.dialects.eracom.families import load as load_functions

    load_functions()
    return eracom


def command_of(code: str, dialect: str = thales.name) -> Command:
    """The declared command *code*.  Raises LookupError."""
    commands = dialect_named(dialect).commands
    if code not in commands:
        raise LookupError(f"no command {code[:6]!r} is declared")
    return commands[code]


class Cutter(Protocol):
    """Cuts what arrives on one connection into replies."""

    def cut(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The replies that *data* completes, each with its tag before it.  Raises FrameUnreadable."""


class HostWire(Protocol):
    """How a host port is spoken to."""

    @property
    def dialect(self) -> str:
        """The name of its dialect."""

    @property
    def tags_count(self) -> int:
        """How many requests under way can be told apart by what a reply repeats of them: 1 when it repeats nothing."""

    @property
    def header_chars(self) -> int:
        """How many characters lead each message and are echoed."""

    @property
    def lead_bytes(self) -> int:
        """How many bytes lead each frame, its length among them."""

    def ask(
        self, code: str, request: Message, header: bytes | None = None, lmk: str | None = None, trailer: str = ""
    ) -> bytes:
        """The content of a frame that asks for *request*.  Raises LookupError, ValueError."""

    def read_answer(self, code: str, frame: bytes) -> Reply:
        """The reply to command *code* that the content *frame* is.  Raises ReplyError."""

    def framed(self, content: bytes) -> bytes:
        """*content* as a frame.  Raises ValueError when it is too long."""

    def content_bytes(self, lead: bytes) -> int:
        """How many bytes follow the *lead* of a reply.  Raises ReplyError when it is none."""

    def tag(self, number: int) -> bytes:
        """What the reply to the request of that *number*, of ``tags_count``, repeats of it."""

    def tagged(self, content: bytes, tag: bytes) -> bytes:
        """*content*, which ``ask`` made without a header, as a frame whose reply repeats *tag*.

        Raises ValueError when it is too long.
        """

    def cutter(self) -> Cutter:
        """What cuts the replies of one connection."""


@dataclass(frozen=True)
class Wire:
    """How one host port is spoken to: *header_chars* are echoed, *widths* follow the appliance's settings."""

    header_chars: int = 4
    ebcdic: bool = False
    widths: tuple[tuple[str, int], ...] = ()

    dialect = thales.name
    lead_bytes = 2

    @property
    def tags_count(self) -> int:
        return int(10 ** min(self.header_chars, TAG_DIGITS_MAX))

    def ask(
        self, code: str, request: Message, header: bytes | None = None, lmk: str | None = None, trailer: str = ""
    ) -> bytes:
        """The frame of *request* for command *code*; *lmk* of 2 digits goes to the end as ``%NN``.

        Raises LookupError for an unknown code and ValueError for a request that cannot be written.
        """
        command = command_of(code)
        if not isinstance(request, command.asks):
            raise ValueError(f"{code} takes {command.asks.__name__}, not {type(request).__name__}")
        if self.ebcdic:
            # Fields that are no text are not translated; undone here, so that the translation of all restores them.
            asked = departing(request)
            assert isinstance(asked, Message)
            request = asked
        text = code + codec_of(command.asks, self._widths).text(request)
        text += (f"%{lmk}" if lmk is not None else "") + (END + trailer if trailer else "")
        return self._header(header) + self._sent(text.encode("latin-1"))

    def read_answer(self, code: str, frame: bytes) -> Reply:
        """The reply to command *code* that *frame* holds.  Raises ReplyError."""
        command = command_of(code)
        header, text = frame[: self.header_chars], self._received(frame[self.header_chars :])
        if len(text) < 4 or text[:2] != command.reply:
            raise ReplyError(f"expected {command.reply} and a code after a header of {self.header_chars} characters")
        code, body = text[2:4], text[4:]
        answer = None
        end = 0
        if code in DATA_CODES and (code == "00" or (body and not body.startswith(END))):
            try:
                answer, end = codec_of(command.answers, self._widths).take(body)
            except WireError as e:
                raise ReplyError(f"{command.reply}: {e}") from None
            answer = arrived(answer) if self.ebcdic else answer
        if body[end : end + 1] not in ("", END) or len(body) - end > 1 + TRAILER_CHARS_MAX:
            raise ReplyError(f"{command.reply}: {len(body) - end} characters too many")
        return Reply(header, code, answer, body[end + 1 :])

    def framed(self, content: bytes) -> bytes:
        """*content* as a frame.  Raises ValueError when it is too long."""
        if len(content) > FRAME_BYTES_MAX:
            raise ValueError(f"a frame holds at most {FRAME_BYTES_MAX} bytes")
        return len(content).to_bytes(2, "big") + content

    def content_bytes(self, lead: bytes) -> int:
        """How many bytes follow the *lead* of a reply."""
        return int.from_bytes(lead, "big")

    def tag(self, number: int) -> bytes:
        return b"%0*d" % (self.header_chars, number) if self.header_chars else b""

    def tagged(self, content: bytes, tag: bytes) -> bytes:
        return self.framed(tag + content[self.header_chars :])

    def cutter(self) -> Cutter:
        return _HeaderCutter(self.header_chars)

    @property
    def _widths(self) -> Widths:
        return dict(self.widths)

    def _header(self, header: bytes | None) -> bytes:
        made = b"0" * self.header_chars if header is None else header
        if len(made) != self.header_chars:
            raise ValueError(f"a header of {self.header_chars} characters, not {len(made)}")
        return made

    def _sent(self, text: bytes) -> bytes:
        return text.translate(TO_EBCDIC) if self.ebcdic else text

    def _received(self, raw: bytes) -> str:
        return (raw.translate(TO_ASCII) if self.ebcdic else raw).decode("latin-1")


class _HeaderCutter:
    """Frames led by their length, which repeat the request's header."""

    def __init__(self, header_chars: int) -> None:
        self._header_chars = header_chars
        self._frames = LengthPrefixed(FRAME_BYTES_MAX)

    def cut(self, data: bytes) -> list[tuple[bytes, bytes]]:
        self._frames.feed(data)
        found = []
        while (frame := self._frames.next()) is not None:
            found.append((frame[: self._header_chars], frame))
        return found
