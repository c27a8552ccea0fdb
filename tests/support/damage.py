"""Damaged copies of a request, and what every reply must be like whatever was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from support.appliances import Speaker

from hsm.dialects.thales.codes import reply_code, thales
from hsm.dialects.thales.dispatch import Dispatcher
from hsm.dialects.thales.fields import widths
from hsm.dialects.thales.session import ThalesSession
from hsm.wire.codec import codec_of
from hsm.wire.kinds import Digits, Hex, Kind, Number, Padded, Text, width_of
from hsm.wire.message import Message
from hsm.wire.shapes import IfMore, Key, Maybe, Prefixed, Rest, Until, When

TRAILING = (
    *("0", "A", "a", ";", "%", "%0", "%00", "%99", "%00%00", "%AA", "\x19", "\x19END", "\x19" + 33 * "x", "\x19\x19"),
    *("\x00", "\xff", " ", "#", "&N", "!", "=", "U", "S", "\n", "00", ";0", ";0U1", 40 * "0"),
)
OTHER_CLASSES = ("0", "9", "A", "G", "z", "%", ";", " ", "\x00", "\x19", "\xb2", "\xff")
"""Of each class of characters one or two: B2 is a superscript two, which ``str.isdigit`` takes for a digit."""
CLASSES_COUNT = len(OTHER_CLASSES)
CLASSES_A_PLACE = 4
"""Each place gets some of them, its neighbours the next ones."""
SCHEMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0#"
NUMBER_TEXTS = ("+", "-", " ", "_", "\xb2", "\xb9")
"""What Python's ``int`` or ``isdigit`` might put up with in a number."""
POSITIONS_MAX = 160
"""Requests longer than this are damaged at every n-th byte beyond their first and last 64."""
CODE = re.compile("[0-9A-Z]{2}")
PING = "NC"


def truncated(request: str) -> Iterator[str]:
    """*request* cut off at each byte, the empty request included."""
    for end in positions(request, 0):
        yield request[:end]


def extended(request: str) -> Iterator[str]:
    for tail in TRAILING:
        yield request + tail


def replaced(request: str) -> Iterator[str]:
    """Each byte after the code in turn made characters of other classes, left out, doubled."""
    for at in positions(request, 2):
        before, after = request[:at], request[at + 1 :]
        for other in (OTHER_CLASSES * 2)[at % CLASSES_COUNT :][:CLASSES_A_PLACE]:
            if other != request[at]:
                yield before + other + after
        yield before + after
        yield before + request[at] + request[at] + after


def fields_out_of_range(request: str, speaker: Speaker) -> Iterator[str]:
    """Each field that is a number, digits, a code or a key made what it may not be, everything else left as it is."""
    command = thales.commands[request[:2]]
    codec = codec_of(command.asks, widths(speaker.appliance.settings))
    for name, start, end in codec.spans(request[2:]):
        kind = innermost(command.asks.FIELDS[name])
        text = request[2 + start : 2 + end]
        for other in _out_of_range(kind, text):
            yield request[: 2 + start] + other + request[2 + end :]


def _out_of_range(kind: Kind, text: str) -> Iterator[str]:
    width = len(text)
    if isinstance(kind, Key):
        yield from (letter + text[1:] for letter in SCHEMES if text[:1] != letter)
        yield from (letter + text for letter in SCHEMES)
        yield from ("K" + "FFF", "UKZZZ", "SK000", "S00000", "S99999", "S" + text, "")
    elif isinstance(kind, Number | Digits | Text | Hex | Padded):
        yield from (10 * width * "9", "9" * width, "0" * width, "F" * width, " " * width, "\xff" * width, "")
        yield from (mark + text[1:] for mark in NUMBER_TEXTS)
        yield from (text[:-1] + mark for mark in NUMBER_TEXTS)
    elif isinstance(kind, Prefixed):
        count_chars = width_of(kind.width, {})
        yield from (digit * count_chars + text[count_chars:] for digit in "09F")
    if isinstance(kind, Number):
        wrong = (kind.least - 1, kind.most + 1)
        digits = "X" if kind.base == 16 else "d"
        yield from (f"{value:0{kind.width}{digits}}" for value in wrong if 0 <= value < kind.base**kind.width)


def positions(request: str, start: int) -> Iterator[int]:
    """Every position in *request* from *start*; in a long one those at both ends, and some between."""
    length = len(request)
    step = 1 + length // POSITIONS_MAX
    yield from (at for at in range(start, length) if at < 64 or at >= length - 64 or at % step == 0)


def innermost(kind: Kind) -> Kind:
    while isinstance(kind, Maybe | IfMore | When | Until):
        kind = kind.inner
    return kind


@cache
def codes_of(code: str) -> frozenset[str]:
    """The two-character codes that a reply to command *code* may carry; 41 is none, as it is our own fault."""
    command = thales.commands.get(code)
    own = command.refusals.values() if command else ()
    return frozenset({"00", *thales.refusals.values(), *own}) - {"41"}


def assert_well_formed(request: str, reply: str, speaker: Speaker) -> None:
    """*reply* is what the protocol allows after *request*, good or bad."""
    code = request[:2]
    known = thales.commands.get(code)
    assert reply[:2] == (reply_code(code) if CODE.fullmatch(code) else "ZZ"), (request, reply)
    assert reply[2:4] in codes_of(code), (request, reply)
    if known is None or reply[2:4] not in ("00", "01", "02"):
        assert reply[4:] == "" or reply[4] == "\x19", (request, reply)
    elif reply[2:4] == "00":
        if _shaped_by_request(known.answers):
            return
        message, end = codec_of(known.answers, widths(speaker.appliance.settings)).take(reply[4:])
        assert request.endswith(reply[4 + end :]), (request, reply, message)


def _shaped_by_request(answer: type[Message]) -> bool:
    """Can it be told apart only with the request beside it?

    A key without scheme letter has 16, 32 or 48 digits, as the request's key or scheme says; the data commands answer an
    IV first, in every mode but ECB; of the bytes to the end of an answer some may be a trailer.
    """
    kinds = [innermost(kind) for kind in answer.FIELDS.values()]
    return any(isinstance(kind, Key | Rest) for kind in kinds) or isinstance(
        next(iter(answer.FIELDS.values()), None), IfMore
    )


def conversed(dispatcher: Dispatcher, request: str) -> str:
    """The reply to *request* in a session that then still answers another; both come in one piece."""
    session = ThalesSession(dispatcher, 4, frame_bytes_max=65_535)
    session.feed(_frame("HEAD" + request) + _frame("NEXT" + PING))
    replies = session.work(2)
    length = int.from_bytes(replies[:2], "big")
    first, second = replies[2 : 2 + length].decode("latin-1"), replies[2 + length :].decode("latin-1")
    assert first[:4] == "HEAD", request
    assert second[2:10] == "NEXTND00", request
    assert not session.busy
    assert not session.partial
    return first[4:]


def _frame(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode("latin-1")
