"""Messages that a link makes itself: its requests, its replies to the peer's, and its rejections."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codec.codec import Codec
from switch.codec.message import Message, MessageError, Value
from switch.link.events import Garbled
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose

ECHOED = frozenset({2, 3, 4, 7, 11, 12, 13, 15, 24, 32, 33, 37, 41, 42, 49, 70, 90, 100, 102, 103})
"""What a reply of the link repeats: what identifies the question, and nothing that holds a PIN, a track, a key or a MAC."""

TRANSMITTED, STAN, RESPONSE, PLACE, SECURITY = 7, 11, 39, 44, 53
PLACE_CHARS_MAX = 25
"""DE 44 holds 25 characters in the 1987 edition."""

FUNCTIONS_ANSWERED = "02"
"""The third digit of the MTI: request and advice are answered, by the next number."""
REPLIES = "13"
ADMINISTRATIVE = "6"


def reply_mti(mti: str) -> str:
    """What answers *mti*, a request or an advice; a repeat is answered like the first.

    >>> reply_mti("0200"), reply_mti("0421"), reply_mti("1804")
    ('0210', '0430', '1814')
    """
    return f"{mti[:2]}{int(mti[2]) + 1}{int(mti[3]) // 2 * 2}"


def request(purpose: Purpose, profile: Profile, stan: str, transmitted: str) -> Message | None:
    """The network management request that asks *purpose*; None when no code of this link says it."""
    code = profile.code(purpose)
    if code is None:
        return None
    own: Mapping[int, Value] = {TRANSMITTED: transmitted, STAN: stan, profile.code_field: code}
    return Message(profile.network_mti, {**profile.elements, **own})


def reply(asked: Message, because: Because, profile: Profile) -> Message:
    """The link's own reply to *asked*, which is a request or an advice."""
    fields = {number: value for number, value in asked.fields.items() if number in ECHOED}
    fields[RESPONSE] = profile.responses[because]
    return Message(reply_mti(asked.mti), dict(sorted(fields.items())), reply_header(asked.header, profile))


def reply_header(header: bytes, profile: Profile) -> bytes:
    """The header of a reply to what came with *header*: the same, destination and source swapped if it has them."""
    if profile.addresses is None or not header:
        return header
    destination, source = profile.addresses
    swapped = bytearray(header)
    swapped[destination], swapped[source] = header[source], header[destination]
    return bytes(swapped)


def rejection(place: str, profile: Profile, stan: str, transmitted: str) -> Message:
    """The 0620 that says where (DE 44) a message was wrong; of what it held nothing is repeated."""
    own: Mapping[int, Value] = {
        TRANSMITTED: transmitted,
        STAN: stan,
        RESPONSE: profile.responses[Because.FORMAT],
        PLACE: place[:PLACE_CHARS_MAX],
    }
    return Message(f"{profile.network_mti[0]}620", {**profile.elements, **own})


def garbled(wire: bytes, codec: Codec, fault: MessageError) -> Garbled:
    """What could be read of *wire*, which has *fault*: the MTI, and the elements that a reply repeats."""
    place = fault.field if fault.offset is None else f"{fault.field} at byte {fault.offset}"
    fields: list[tuple[int, Value]] = []
    try:
        opening = codec.opening(wire)
    except MessageError:
        return Garbled(None, (), place)
    try:
        for number, value, _, _ in codec.spans(wire, opening):
            if number in ECHOED:
                fields.append((number, value))
    except MessageError:
        pass
    return Garbled(opening.mti, tuple(fields), place, wire[: codec.spec.header.bytes_count])
