"""Where the elements of a message lie on the wire, found once for all messages of one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switch.codec.codec import Codec


@dataclass(frozen=True)
class Places:
    """Of one shape of message: its elements by number, each from its first byte, its length's if it has one, to its end."""

    spans: Mapping[int, tuple[int, int]]

    def value(self, number: int, bytes_count: int) -> slice:
        """The last *bytes_count* bytes of element *number*.  Raises LookupError."""
        end = self.spans[number][1]
        return slice(end - bytes_count, end)


def places(codec: Codec, wire: bytes) -> Places:
    """Those of *wire*.  Raises MessageError."""
    return Places({number: (at, end) for number, _, at, end in codec.spans(wire, codec.opening(wire))})


@dataclass
class Shapes:
    """The places of each shape that was seen: MTI, first bitmap and length tell shapes apart, where equal elements have
    equal lengths, which those of the bench have."""

    codec: Codec
    _known: dict[tuple[bytes, int], Places] = field(default_factory=dict)

    @property
    def lead_bytes(self) -> int:
        """What tells shapes apart: the MTI and the first bitmap of a dialect that writes it as 16 digits."""
        return self.codec.spec.header.bytes_count + self.codec.mti_bytes + 16

    def of(self, wire: bytes) -> Places:
        """Those of *wire*.  Raises MessageError."""
        shape = wire[: self.lead_bytes], len(wire)
        found = self._known.get(shape)
        if found is None:
            found = self._known[shape] = places(self.codec, wire)
        return found
