"""A dialect at work: bytes to ``Message`` and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from switch.codec.cell import Cell, Views
from switch.codec.lengths import EBCDIC
from switch.codec.message import Message, MessageError, Value
from switch.codec.nested import Misfit
from switch.codec.plan import ReadingPlan, WritingPlan
from switch.codec.spec import CODECS, Spec
from switch.codec.specfile import load

PLANS_MAX = 1024
"""Plans kept for each direction.  A network uses some dozens; who sends more bitmaps is read at the pace of the walk."""

BITS = 64
SECOND, THIRD = 1, 65
"""The bits that announce another bitmap."""


@dataclass(frozen=True)
class Opening:
    """What comes before the elements: the MTI, the numbers of the elements that follow, and where they begin."""

    mti: str
    numbers: tuple[int, ...]
    begins: int


class Codec:
    """Decodes and encodes messages of one dialect.  Keeps plans, and nothing of any message."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._header_bytes = spec.header.bytes_count
        self._header = spec.header.pattern.fullmatch
        self._counting = spec.header.counting
        self.mti_bytes = 2 if spec.mti == "bcd" else 4
        self._map_bytes = 8 if spec.bitmap == "binary" else 16
        self._more = frozenset(self._bitmap(lead << BITS - 4)[0] for lead in range(8, 16))
        if spec.bitmap == "binary":
            self._more = frozenset(range(0x80, 0x100))
        self._cells = {number: element.cells() for number, element in spec.elements.items()}
        self._reading: dict[bytes, ReadingPlan] = {}
        self._writing: dict[tuple[str, tuple[int, ...]], WritingPlan] = {}

    def decode(self, wire: bytes) -> Message:
        """The message that *wire* (without the frame's length) is.  Raises MessageError, whatever the bytes."""
        at = self._header_bytes
        first = at + self.mti_bytes
        end = first + self._map_bytes
        if len(wire) >= end and wire[first] in self._more:
            if self.spec.bitmaps > 2 and len(wire) > end and wire[end] in self._more:
                end += self._map_bytes
            end += self._map_bytes
        plan = self._reading.get(wire[at:end])
        header = wire[:at]
        if plan is None or not self._header(header):
            return self.walk(wire)
        if self._counting and int.from_bytes(header[self._counting], "big") != len(wire):
            return self.walk(wire)
        found = plan.read(wire, end)
        if found is None:
            return self.walk(wire)
        fields, ended = found
        if ended == len(wire):
            return Message(plan.mti, fields, header)
        if len(wire) - ended > self.spec.trailer_bytes_max:
            return self.walk(wire)
        return Message(plan.mti, fields, header, wire[ended:])

    def walk(self, wire: bytes) -> Message:
        """What ``decode`` gives, element by element: the definition, and what finds where the fault lies."""
        wire = bytes(wire)
        opening = self.opening(wire)
        fields: dict[int, Value] = {}
        end = opening.begins
        for number, value, _, ends in self.spans(wire, opening):
            fields[number] = value
            end = ends
        self.check_trailer(wire, end)
        if len(self._reading) < PLANS_MAX:
            cells = [self._cell(number, opening.mti) for number in opening.numbers]
            self._reading[wire[self._header_bytes : opening.begins]] = ReadingPlan(opening.mti, cells)
        return Message(opening.mti, fields, wire[: self._header_bytes], wire[end:])

    def check_trailer(self, wire: bytes, ended: int) -> None:
        """Raises MessageError when more stands behind the last element, which *ended* there, than may."""
        if len(wire) - ended > self.spec.trailer_bytes_max:
            raise MessageError("trailer", ended, f"at most {self.spec.trailer_bytes_max} bytes behind the last element")

    def opening(self, wire: bytes) -> Opening:
        """Header, MTI and bitmaps.  Raises MessageError."""
        try:
            self.spec.header.read(wire[: self._header_bytes])
        except Misfit as misfit:
            raise MessageError(f"header {misfit.name}", misfit.at, misfit.expected) from None
        if self._counting and int.from_bytes(wire[self._counting], "big") != len(wire):
            raise MessageError("header", self._counting.start, "the message's length in bytes")
        at = self._header_bytes
        mti = self._mti(wire[at : at + self.mti_bytes], at)
        at += self.mti_bytes
        numbers: list[int] = []
        above = 0
        while True:
            bits = self._bits(wire[at : at + self._map_bytes], at)
            announces = above + 1 if above + BITS < self.spec.bitmaps * BITS else None
            found = [above + 1 + i for i in range(BITS) if bits >> (BITS - 1 - i) & 1]
            self._judge(above, found, numbers, at)
            numbers += [number for number in found if number != announces]
            at += self._map_bytes
            if announces is None or announces not in found:
                return Opening(mti, tuple(numbers), at)
            above += BITS

    def _judge(self, above: int, found: list[int], before: list[int], at: int) -> None:
        """Raises MessageError for bits that this dialect doesn't have, or that say nothing."""
        spec = self.spec
        announces = above + 1 if above + BITS < spec.bitmaps * BITS else None
        unknown = [number for number in found if number not in spec.elements and number != announces]
        if unknown:
            raise MessageError(f"DE {unknown[0]}", at, f"none: {spec.name} has no such element")
        if above and not found and not (above == BITS and spec.secondary_always):
            raise MessageError("bitmap", at, "another bitmap only for an element that it announces")
        if above == 0 and spec.secondary_always and SECOND not in found:
            raise MessageError("bitmap", at, "a second bitmap in every message")

    def spans(self, wire: bytes, opening: Opening) -> Iterator[tuple[int, Value, int, int]]:
        """Number, value, first byte and end of each element, one by one.  Raises MessageError at the first that's wrong."""
        hexed = wire.hex()
        texts = {codec: wire.decode(codec) for codec in CODECS.values()}
        at = opening.begins
        for number in opening.numbers:
            cell = self._cell(number, opening.mti)
            value, end = cell.read(Views(wire, texts[cell.codec], hexed), at)
            yield number, value, at, end
            at = end

    def encode(self, message: Message) -> bytes:
        """The bytes of *message*, without a frame's length.  Raises MessageError when this dialect can't say it."""
        fields = message.fields
        plan = self._writing.get((message.mti, tuple(fields)))
        header = message.header or self.spec.header.default
        if plan is None or not self._header(header) or len(message.trailer) > self.spec.trailer_bytes_max:
            return self.write(message)
        written = plan.write(fields)
        if written is None:
            return self.write(message)
        written += message.trailer
        if self._counting:
            header = self.spec.header.counted(header, len(header) + len(written))
        return header + written

    def write(self, message: Message) -> bytes:
        """What ``encode`` gives, element by element: the definition."""
        header = message.header or self.spec.header.default
        if not self._header(header):
            raise MessageError("header", None, f"the {self._header_bytes} bytes of {self.spec.name}")
        if len(message.trailer) > self.spec.trailer_bytes_max:
            raise MessageError("trailer", None, f"at most {self.spec.trailer_bytes_max} bytes")
        numbers = tuple(sorted(message.fields))
        lead = self._lead(message.mti, numbers)
        cells = [self._cell(number, message.mti) for number in numbers]
        pieces = [cell.write(message.fields[cell.number]) for cell in cells]
        if len(self._writing) < PLANS_MAX:
            self._writing[message.mti, tuple(message.fields)] = WritingPlan(lead, cells)
        body = b"".join((lead, *pieces, message.trailer))
        return self.spec.header.counted(header, len(header) + len(body)) + body

    def _lead(self, mti: str, numbers: tuple[int, ...]) -> bytes:
        """MTI and bitmaps.  Raises MessageError."""
        if not (isinstance(mti, str) and len(mti) == 4 and mti.isascii() and mti.isdecimal()):
            raise MessageError("MTI", None, "4 digits")
        unknown = [number for number in numbers if number not in self.spec.elements]
        if unknown:
            raise MessageError(f"DE {unknown[0]}", None, f"none: {self.spec.name} has no such element")
        highest = max(numbers, default=0)
        count = max((highest + BITS - 1) // BITS, 2 if self.spec.secondary_always else 1)
        set_bits = {*numbers, *((SECOND,) if count > 1 else ()), *((THIRD,) if count > 2 else ())}
        written = bytes.fromhex(mti) if self.spec.mti == "bcd" else mti.encode(CODECS[self.spec.mti])
        for above in range(0, count * BITS, BITS):
            written += self._bitmap(
                sum(1 << BITS - number + above for number in set_bits if 0 < number - above <= BITS)
            )
        return written

    def _cell(self, number: int, mti: str) -> Cell:
        return next(cell for begins, cell in self._cells[number] if mti.startswith(begins))

    def _mti(self, written: bytes, at: int) -> str:
        text = written.hex() if self.spec.mti == "bcd" else written.decode(CODECS[self.spec.mti])
        if len(text) != 4 or not text.isdecimal():
            raise MessageError("MTI", at, "4 digits")
        return text

    def _bitmap(self, bits: int) -> bytes:
        """64 bits as this dialect writes them."""
        raw = bits.to_bytes(BITS // 8, "big")
        if self.spec.bitmap == "binary":
            return raw
        text = raw.hex() if self.spec.bitmap == "hex lower" else raw.hex().upper()
        return text.encode(EBCDIC if self.spec.bitmap == "ebcdic" else "ascii")

    def _bits(self, written: bytes, at: int) -> int:
        """The 64 bits of a bitmap.  Raises MessageError."""
        if len(written) < self._map_bytes:
            raise MessageError("bitmap", at, f"{self._map_bytes} bytes, {len(written)} are left")
        if self.spec.bitmap == "binary":
            return int.from_bytes(written, "big")
        text = written.decode(CODECS["ebcdic" if self.spec.bitmap == "ebcdic" else "ascii"])
        try:
            bits = int(text, 16)
        except ValueError:
            bits = -1
        if bits < 0 or self._bitmap(bits) != written:
            raise MessageError("bitmap", at, f"16 hexadecimal digits ({self.spec.bitmap})")
        return bits


@cache
def codec(name: str) -> Codec:
    """The codec of the dialect *name* that comes with the product.  Raises SpecError."""
    return Codec(load(name))
