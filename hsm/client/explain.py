"""A frame field by field, with what is sensitive masked, for people who look at captured traffic."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.client.codec import END, dialect_named
from hsm.dialects.dialect import Command, Dialect
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.ebcdic import TO_ASCII
from hsm.dialects.thales.families import load
from hsm.wire.codec import codec_of
from hsm.wire.framing import SohFramed
from hsm.wire.kinds import Kind, Widths
from hsm.wire.message import Message, WireError, is_sensitive
from hsm.wire.shapes import Group, IfMore, Key, KeySpec, Maybe, Repeated, ToEnd, When

MASK = "*"


@dataclass(frozen=True)
class Part:
    """A stretch of a frame from character *start* to *end*: its *name*, what it *shows* (masked) and what it is."""

    name: str
    start: int
    end: int
    shows: str
    meaning: str


@dataclass(frozen=True)
class Explained:
    """A frame taken apart; *wrong* says in words what could not be read, if anything."""

    purpose: str
    parts: tuple[Part, ...]
    shown: str
    wrong: str | None


def explain(
    frame: bytes,
    *,
    reply: bool,
    header_chars: int = 4,
    ebcdic: bool = False,
    widths: Widths | None = None,
) -> Explained:
    """*frame* (without length prefix) taken apart.  Never raises for what is in it."""
    load()
    whole = (frame.translate(TO_ASCII) if ebcdic else frame).decode("latin-1")
    header, text = whole[:header_chars], whole[header_chars:]
    parts = [Part("header", 0, len(header), printable(header), "echoed")] if header_chars else []
    if len(header) < header_chars or len(text) < 2:
        return Explained("", tuple(parts), printable(header), "the frame ends before the command code")
    command = _command(text[:2], reply)
    if command is None:
        parts.append(Part("code", header_chars, header_chars + 2, printable(text[:2]), "not declared"))
        what = "reply" if reply else "command"
        # Without the declaration nobody can say which bytes are secret, so none is shown.
        return Explained("", tuple(parts), _line(parts, len(frame)), f"no {what} {printable(text[:2])} is declared")
    at = header_chars
    meaning = f"answers {command.code}" if reply else command.purpose
    parts.append(Part("reply" if reply else "command", at, at + 2, text[:2], meaning))
    if not reply:
        body, at, cls = text[2:], at + 2, command.asks
    else:
        parts.append(Part("code", at + 2, at + 4, printable(text[2:4]), _meaning(thales, command, text[2:4])))
        body, at, cls = text[4:], at + 4, command.answers
        if not body or body.startswith(END) or text[2:4] not in ("00", "01", "02"):
            cls = None
    end, wrong = _fields(parts, cls, body, at, widths or {})
    wrong = wrong or _tail(parts, body, at, end)
    return Explained(command.purpose, tuple(parts), _line(parts, len(frame)), wrong)


def explain_eracom(frame: bytes, *, reply: bool) -> Explained:
    """An Eracom *frame*, with the six bytes that lead it or without, taken apart.  Never raises for what is in it."""
    eracom = dialect_named("eracom")
    whole = frame.decode("latin-1")
    leads = frame[:2] == SohFramed.LEAD and int.from_bytes(frame[4:6], "big") == len(frame) - SohFramed.HEADER_BYTES
    at = SohFramed.HEADER_BYTES if leads else 0
    parts = [Part("lead", 0, at, printable(whole[:at]), "SOH, version, sequence number, length")] if at else []
    code, size = eracom.spelling.code_at(whole[at:])
    size = min(size, len(whole) - at)
    command = eracom.commands.get(code)
    if command is None:
        parts.append(Part("function", at, at + size, code, "not declared"))
        return Explained(
            "", tuple(parts), _line(parts, len(frame)), f"no function {code or 'without a code'} is declared"
        )
    parts.append(Part("function", at, at + size, code, f"answers {code}" if reply else command.purpose))
    at += size
    cls: type[Message] | None = command.asks
    if reply:
        outcome, end = eracom.spelling.outcome_at(whole, at)
        parts.append(Part("return code", at, min(end, len(whole)), outcome, _meaning(eracom, command, outcome)))
        cls, at = command.answers if outcome == "00" else None, min(end, len(whole))
    end, wrong = _fields(parts, cls, whole[at:], at, {})
    if wrong is None and at + end < len(whole):
        wrong = f"{len(whole) - at - end} bytes too many from byte {at + end} on"
    return Explained(command.purpose, tuple(parts), _line(parts, len(frame)), wrong)


def _command(code: str, reply: bool) -> Command | None:
    if not reply:
        return thales.commands.get(code)
    return next((c for c in thales.commands.values() if c.reply == code), None)


def _meaning(dialect: Dialect, command: Command, code: str) -> str:
    if code == "00":
        return "done"
    reasons = {
        **{c: r for r, c in reversed(tuple(dialect.refusals.items()))},
        **{c: r for r, c in command.refusals.items()},
    }
    reason = reasons.get(code)
    return (reason.__doc__ or "").strip().partition("\n")[0] if reason else "not a code that this command declares"


def _fields(parts: list[Part], cls: type[Message] | None, body: str, at: int, widths: Widths) -> tuple[int, str | None]:
    """Append the fields of *body*; where they end, and what is wrong with them, in words."""
    end = 0
    wrong = None
    if cls is not None:
        codec = codec_of(cls, widths)
        try:
            _, end = codec.take(body)
        except WireError as e:
            wrong = f"{e.field.replace('_', ' ')} at character {at + e.offset}: expected {e.expected}"
        spans = codec.spans(body)
        for name, start, stop in spans:
            if stop > start:
                parts += _parts(name, cls.FIELDS[name], body[start:stop], at + start)
        end = spans[-1][2] if spans else 0
    return end, wrong


def _tail(parts: list[Part], body: str, at: int, end: int) -> str | None:
    """Append what may follow the fields of a Thales message, which *end* there; what is wrong, in words."""
    rest = body[end:]
    if rest.startswith("%") and rest[1:3].isdecimal():
        parts.append(Part("lmk", at + end, at + end + 3, rest[:3], "LMK identifier"))
        end, rest = end + 3, rest[3:]
    if rest.startswith(END):
        parts.append(Part("trailer", at + end, at + end + len(rest), printable(rest), "echoed"))
        rest = ""
    return f"{len(rest)} characters too many from character {at + end} on" if rest else None


def _parts(name: str, kind: Kind, text: str, at: int) -> list[Part]:
    words = name.replace("_", " ")
    meaning = kind.usage if isinstance(kind, Key | KeySpec) else kind.notation
    return [Part(words, at, at + len(text), MASK * len(text) if holds_secret(kind) else printable(text), meaning)]


def holds_secret(kind: Kind) -> bool:
    """Is the field, or a field of the message within it, one that must not be shown?"""
    while isinstance(kind, Maybe | IfMore | When | Repeated | ToEnd):
        if is_sensitive(kind):
            return True
        kind = kind.inner
    if isinstance(kind, Group):
        return any(holds_secret(each) for each in kind.of.FIELDS.values())
    return is_sensitive(kind)


def _line(parts: list[Part], length: int) -> str:
    """The frame as one line; stretches that no part explains could hold anything and are masked as well."""
    pieces, at = [], 0
    for part in parts:
        pieces.append(MASK * (part.start - at) + part.shows)
        at = part.end
    return " ".join(piece for piece in [*pieces, MASK * (length - at)] if piece)


def printable(text: str) -> str:
    """*text* itself, or in brackets as hexadecimal when it holds what a terminal can't show."""
    if all(" " <= letter <= "~" for letter in text):
        return text
    return f"[{text.encode('latin-1').hex().upper()}]"
