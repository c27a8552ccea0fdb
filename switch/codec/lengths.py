"""How the length of a variable element is written before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

EBCDIC = "cp500"
"""The EBCDIC of the card networks; Python's table maps all 256 bytes one to one."""

WRITERS: Mapping[str, tuple[Callable[[int], int], Callable[[int, int], bytes]]] = MappingProxyType(
    {
        "ascii": (lambda digits: digits, lambda count, digits: b"%0*d" % (digits, count)),
        "ebcdic": (lambda digits: digits, lambda count, digits: f"{count:0{digits}d}".encode(EBCDIC)),
        "bcd": (
            lambda digits: (digits + 1) // 2,
            lambda count, digits: bytes.fromhex(f"{count:0{digits + digits % 2}d}"),
        ),
        "binary": (lambda digits: (digits + 1) // 2, lambda count, digits: count.to_bytes((digits + 1) // 2, "big")),
    }
)
"""Encoding of a prefix of so many decimal digits → its bytes on the wire, and the prefix for a count.

Binary prefixes are one byte for L and LL, two for LLL and LLLL.
"""


def width(encoding: str, digits: int) -> int:
    """Bytes that a prefix of *digits* decimal digits takes."""
    return WRITERS[encoding][0](digits)


def most(encoding: str, digits: int) -> int:
    """The greatest count that the prefix can say."""
    return int(256 ** width(encoding, digits)) - 1 if encoding == "binary" else int(10**digits) - 1


@cache
def lengths(encoding: str, digits: int, count_max: int) -> Mapping[bytes, int]:
    """Every prefix that may stand before an element of at most *count_max*, and what it counts.

    What is not in the table is refused, so that neither a blank nor a sign nor a length above the element's passes.
    """
    write = WRITERS[encoding][1]
    return MappingProxyType({write(count, digits): count for count in range(count_max + 1)})
