"""What the MAC of a message is made over, and where it stands: ISO 8583, DE 64 or 128, whichever is the last bit.

Two modes.  With a list of elements, those that the message has are taken in the list's order, each as it lies on the
wire, its length in front where it has one, so that no two messages have one content.  Without a list, everything from the
MTI up to the MAC, the bitmaps announcing it; the header is left out, for concentrators write other addresses into it.
A MAC of four bytes stands in front, and zeros behind it (ANSI X9.9).
"""

from __future__ import annotations

from switch.codec.codec import BITS, Codec
from switch.codec.message import Message
from switch.codec.spec import Spec
from switch.flow.partner import MacRule

PRIMARY, SECONDARY = 64, 128
MAC_BYTES = 8
UNSEALED = frozenset("68")
"""Classes without a MAC: administrative (a link itself makes them) and network management.  What says that keys are out of
step can't be protected by those keys; what brings a key is protected by the ZMK and the check value."""


def mac_is_due(message: Message) -> bool:
    """Does *message*, on a link with a MAC rule, carry a MAC?"""
    return message.mti[1] not in UNSEALED


def place(spec: Spec, message: Message) -> int:
    """64, or 128 where the message has a second bitmap.  Raises ValueError where the dialect has no such element."""
    others = (number for number in message.fields if number not in (PRIMARY, SECONDARY))
    number = SECONDARY if spec.secondary_always or max(others, default=0) > BITS else PRIMARY
    if number not in spec.elements:
        raise ValueError(f"{spec.name} has no DE {number} for a MAC")
    return number


def content(rule: MacRule, codec: Codec, message: Message) -> bytes:
    """What the MAC of *message* is made over, whether it has one already or not.

    Raises MessageError for a message that the dialect can't say, and ValueError as :func:`place` does.
    """
    number = place(codec.spec, message)
    wire = codec.encode(message.changed(fields={number: bytes(MAC_BYTES)}, without=(PRIMARY, SECONDARY)))
    begins = codec.spec.header.bytes_count
    if not rule.elements:
        mac_chars = MAC_BYTES if codec.spec.elements[number].coding.binary == "raw" else 2 * MAC_BYTES
        return wire[begins : len(wire) - len(message.trailer) - mac_chars]
    opening = codec.opening(wire)
    spans = {each: wire[at:end] for each, _, at, end in codec.spans(wire, opening)}
    spans[0] = wire[begins : begins + codec.mti_bytes]
    return b"".join(spans[each] for each in rule.elements if each in spans and each != number)


def sealed(rule: MacRule, codec: Codec, message: Message, mac: bytes) -> Message:
    """*message* with *mac*, of the rule's size, in its place.  Raises ValueError."""
    if len(mac) != rule.bytes_count:
        raise ValueError("a MAC of another size than agreed")
    number = place(codec.spec, message)
    return message.changed(fields={number: mac.ljust(MAC_BYTES, b"\0")}, without=(PRIMARY, SECONDARY))


def seal(rule: MacRule, codec: Codec, message: Message) -> bytes | None:
    """The MAC that *message* carries, of the rule's size; None when there is none in its place, or one of another size."""
    value = message.fields.get(place(codec.spec, message))
    if not isinstance(value, bytes) or len(value) != MAC_BYTES or any(value[rule.bytes_count :]):
        return None
    return value[: rule.bytes_count]
