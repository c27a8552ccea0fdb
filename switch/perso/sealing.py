"""Values of many cards as one chain, so that one call of the HSM deciphers or re-enciphers them all.

A value is an IV of 8 bytes and a CBC cryptogram.  Values one behind the other are a CBC cryptogram too: each IV is the
block before its cryptogram, and only what the IVs themselves decipher to is random.  Re-enciphered in CBC, such a block
becomes a new IV, and what follows it the value under the other key (NIST SP 800-38A clause 6.2).
"""

from __future__ import annotations

from collections.abc import Sequence

BLOCK_BYTES = 8
VALUE_BYTES_MAX = 4_096
CHAIN_BYTES_MAX = 60_000
"""What one call takes: Eracom data have 65 000 bytes at most."""


def padded(content: bytes) -> bytes:
    """*content*, then 80 and zeros to whole blocks (ISO/IEC 9797-1 padding method 2)."""
    return content + b"\x80" + bytes(-(len(content) + 1) % BLOCK_BYTES)


def unpadded(content: bytes) -> bytes:
    """Raises ValueError when the padding is not there, as under a wrong key."""
    bare = content.rstrip(b"\0")
    if len(content) - len(bare) >= BLOCK_BYTES or not bare.endswith(b"\x80"):
        raise ValueError("no padding")
    return bare[:-1]


def check_value_shape(value: bytes, *, chained: bool) -> None:
    """Nothing, if *value* can be a chained value, or else a PIN block.  Raises ValueError."""
    if not chained:
        if len(value) != BLOCK_BYTES:
            raise ValueError("a PIN block is 8 bytes")
    elif not 2 * BLOCK_BYTES <= len(value) <= VALUE_BYTES_MAX or len(value) % BLOCK_BYTES:
        raise ValueError(f"an IV and a cryptogram are whole blocks, {VALUE_BYTES_MAX} bytes at most")


def chains(values: Sequence[bytes]) -> list[list[bytes]]:
    """*values* in order, in groups of which each is one call."""
    found: list[list[bytes]] = []
    size = CHAIN_BYTES_MAX
    for value in values:
        if size + len(value) > CHAIN_BYTES_MAX:
            found.append([])
            size = 0
        found[-1].append(value)
        size += len(value)
    return found


def cut(chain: bytes, like: Sequence[bytes]) -> list[bytes]:
    """*chain* in pieces as long as those of *like*."""
    pieces, at = [], 0
    for value in like:
        pieces.append(chain[at : at + len(value)])
        at += len(value)
    return pieces


def contents(chain: bytes, like: Sequence[bytes]) -> list[bytes | None]:
    """The contents of a deciphered *chain* of values *like* these; None for one without padding."""
    found: list[bytes | None] = []
    for piece in cut(chain, like):
        try:
            found.append(unpadded(piece[BLOCK_BYTES:]))
        except ValueError:
            found.append(None)
    return found
