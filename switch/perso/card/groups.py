"""Data groups: what personalisation stores on a card (EMV CPS 1.1 sections 2 and 4, annex A).

A group has an identifier (DGI) of two bytes, a length of one byte, or FF and two more, and its data.  Those of records
are short file identifier and record number; the others that this product uses stand below.  9200 carries the issuer
application data here; which DGI carries what inside an application is its maker's affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

KEYS, KEY_CHECKS, PIN, PIN_COUNTERS = "8000", "9000", "8010", "9010"
SELECT_ANSWER, OPTIONS_ANSWER, ISSUER_DATA = "9102", "9104", "9200"
ENCIPHERED = frozenset({KEYS, PIN})
"""Groups whose data lie under the session's data encryption key."""
SFI_MAX, RECORD_NUMBER_MAX = 30, 0x20
GROUP_BYTES_MAX = 244
"""What fits one STORE DATA with identifier, length and C-MAC, however short."""
STORED_BYTES_MAX = 247
LAST_BLOCK, ALL_ENCIPHERED = 0x80, 0x60
"""In P1 of STORE DATA (GlobalPlatform Card 2.3.1 section 11.11.2.1)."""


class GroupError(ValueError):
    """Bytes that are no data groups, or a group that does not fit; the message names its identifier."""


@dataclass(frozen=True)
class DataGroup:
    """A data group: *dgi* 4 hexadecimal digits in capitals; *data* up to 244 bytes, enciphered ones as whole blocks."""

    dgi: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.data) <= GROUP_BYTES_MAX:
            raise GroupError(f"data group {self.dgi}: 1 to {GROUP_BYTES_MAX} bytes")

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.dgi) + bytes((len(self.data),)) + self.data

    @property
    def enciphered(self) -> bool:
        return self.dgi in ENCIPHERED


def record_dgi(sfi: int, number: int) -> str:
    """The DGI of a record.

    >>> record_dgi(2, 1)
    '0201'
    """
    if not (1 <= sfi <= SFI_MAX and 1 <= number <= RECORD_NUMBER_MAX):
        raise GroupError("a record has a file of 1 to 30 and a number of 1 to 32")
    return f"{sfi:02X}{number:02X}"


def is_record(dgi: str) -> bool:
    """Is *dgi* that of a record?"""
    return 1 <= int(dgi[:2], 16) <= SFI_MAX and 1 <= int(dgi[2:], 16) <= RECORD_NUMBER_MAX


def groups_of(raw: bytes) -> tuple[DataGroup, ...]:
    """The groups in *raw*.  Raises GroupError."""
    found: list[DataGroup] = []
    at = 0
    while at < len(raw):
        dgi, count, start = raw[at : at + 2].hex().upper(), raw[at + 2 : at + 3], at + 3
        if count == b"\xff":
            count, start = raw[start : start + 2], start + 2
        end = start + int.from_bytes(count, "big")
        if not count or end > len(raw):
            raise GroupError("data groups: cut off")
        found.append(DataGroup(dgi, raw[start:end]))
        at = end
    return tuple(found)


def blocks_of(groups: Iterable[DataGroup]) -> tuple[tuple[int, bytes], ...]:
    """*groups* as STORE DATA commands bring them: P1 and data of each.

    An enciphered group has a command of its own; others share one as far as they fit.
    """
    blocks: list[tuple[int, bytes]] = []
    open_block = b""
    for group in groups:
        if group.enciphered or len(open_block) + len(group.raw) > STORED_BYTES_MAX:
            blocks += [(0, open_block)] if open_block else []
            open_block = b""
        if group.enciphered:
            blocks.append((ALL_ENCIPHERED, group.raw))
        else:
            open_block += group.raw
    blocks += [(0, open_block)] if open_block else []
    if not blocks or len(blocks) > 0x100:
        raise GroupError("a card takes 1 to 256 STORE DATA commands")
    last, data = blocks[-1]
    return (*blocks[:-1], (last | LAST_BLOCK, data))
