"""What a chip says in DE 55, and what of it an issuer can tell without its HSM.

The data that a cryptogram is of are those of EMV 4.3 Book 2 table 26 in the order of Visa's CDOL 1, then tag 9F10: of
cryptogram version 18 all of it, with padding method 2; of version 10 its card verification results, with zeros (VIS 1.5
appendix D).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from switch.codec.message import Parts, Value
from switch.codec.nested import BerTlv, Misfit
from switch.flow.request import Request
from switch.issuer.config import VERSION_10, ChipConfig

CHIP, SEQUENCE = 55, 23
CHIP_MODES = frozenset({"05", "07"})
FORMAT_ERROR, SECURITY_VIOLATION = "30", "63"
APPROVED_CODE = b"00"
"""The authorisation response code (tag 8A) that an ARPC is of; who refuses sends no ARPC."""
COVERED: Mapping[str, int] = MappingProxyType(
    {"9F02": 6, "9F03": 6, "9F1A": 2, "95": 5, "5F2A": 2, "9A": 3, "9C": 1, "9F37": 4, "82": 2, "9F36": 2}
)
"""Tags that a cryptogram is of, in their order, and the bytes of each."""
CRYPTOGRAM, CRYPTOGRAM_KIND, ISSUER_DATA, SEQUENCE_NUMBER = "9F26", "9F27", "9F10", "5F34"
COUNTER, AMOUNT, CURRENCY, ISSUER_AUTHENTICATION = "9F36", "9F02", "5F2A", "91"
ISSUER_DATA_BYTES = range(7, 33)
_VERSION_AT, _RESULTS = 2, slice(3, 7)
_KIND_BITS, _REQUEST = 0xC0, 0x80
_BLOCK_BYTES = 8


@dataclass(frozen=True)
class ChipData:
    """*sequence* 2 digits, *counter* the transaction counter, 2 bytes; *covered* what the *cryptogram*, 8 bytes, is of."""

    sequence: str
    counter: bytes
    cryptogram: bytes = field(repr=False)
    covered: bytes = field(repr=False)


def read_by_chip(request: Request) -> bool:
    """Does *request* say that the card was read by its chip (DE 22)?"""
    return request.text(22)[:2] in CHIP_MODES


def chip_data(config: ChipConfig, request: Request) -> ChipData | str:
    """What the chip says in *request*; or why that can't be right (DE 39).

    The cryptogram must be a request's, of the configured version, and for the amount and currency that are asked for.
    """
    objects = _objects(request.message.fields.get(CHIP))
    if objects is None:
        return FORMAT_ERROR
    sizes = {**COVERED, CRYPTOGRAM: 8, CRYPTOGRAM_KIND: 1}
    issuer_data = objects.get(ISSUER_DATA, b"")
    if (
        any(len(objects.get(tag, b"")) != size for tag, size in sizes.items())
        or len(issuer_data) not in ISSUER_DATA_BYTES
    ):
        return FORMAT_ERROR
    sequence = objects[SEQUENCE_NUMBER].hex() if SEQUENCE_NUMBER in objects else request.text(SEQUENCE)[-2:].zfill(2)
    if len(sequence) != 2 or not sequence.isdecimal():
        return FORMAT_ERROR
    agrees = (
        objects[CRYPTOGRAM_KIND][0] & _KIND_BITS == _REQUEST
        and issuer_data[_VERSION_AT] == config.version
        and objects[AMOUNT].hex() == f"{request.amount:012d}"
        and objects[CURRENCY].hex() == f"0{request.currency}"
    )
    if not agrees:
        return SECURITY_VIOLATION
    covered = b"".join(objects[tag] for tag in COVERED)
    covered += issuer_data[_RESULTS] if config.version == VERSION_10 else issuer_data + b"\x80"
    covered += bytes(-len(covered) % _BLOCK_BYTES)
    return ChipData(sequence, objects[COUNTER], objects[CRYPTOGRAM], covered)


def response_of(request: Request, response_cryptogram: bytes) -> dict[int, Value]:
    """DE 55 of the approval: issuer authentication data, *response_cryptogram* of 8 bytes and the code that it is of."""
    said = Parts({ISSUER_AUTHENTICATION: response_cryptogram + APPROVED_CODE})
    plain = isinstance(request.message.fields.get(CHIP), bytes)
    return {CHIP: BerTlv().write(said) if plain else said}


def _objects(value: Value | None) -> Mapping[str, bytes] | None:
    """The data objects of DE 55; None, if it has none."""
    try:
        parts = BerTlv().read(value) if isinstance(value, bytes) else value
    except Misfit:
        return None
    if not isinstance(parts, Parts):
        return None
    return {tag: content for tag, content in parts.items() if isinstance(content, bytes)}
