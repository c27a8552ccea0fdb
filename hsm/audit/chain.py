"""The chain of MACs that holds an audit log together.

Entry *i* ends with mac_i = HMAC-SHA-256(key, mac_{i-1} ‖ its line before the MAC) (RFC 2104, FIPS 180-4), as 64 hex
digits; mac_0 is 32 zero bytes.  Whoever has not the key can make no line that fits anywhere, and no other order of the
lines fits either.
"""

from __future__ import annotations

import re
from hashlib import sha256

KEY_BYTES = MAC_BYTES = 32
GENESIS = bytes(MAC_BYTES)
"""What stands in for the MAC before the first entry."""

_BLOCK_BYTES = 64
_LEAD = b',"mac":"'
_END = b'"}'
TAIL_BYTES = len(_LEAD) + 2 * MAC_BYTES + len(_END)
_TAIL = re.compile(rb',"mac":"([0-9a-f]{64})"\}\n?\Z')
_FIRST = re.compile(rb'\{"sequence":([0-9]{1,18}),"after":"([0-9a-f]{64})",')
_SEQUENCE = re.compile(rb'\{"sequence":([0-9]{1,18}),')


class Chain:
    """MACs under *key*, 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("an audit key is 32 bytes")
        # The two hashes of RFC 2104, each begun with its key block: copies of them cost half of what ``hmac`` does.
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner, self._outer = (sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))

    def __repr__(self) -> str:
        return "<chain>"

    def mac(self, *parts: bytes) -> bytes:
        """The MAC of *parts*, one behind the other."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(b"".join(parts))
        outer.update(inner.digest())
        return outer.digest()

    def line(self, before: bytes, body: bytes) -> tuple[bytes, bytes]:
        """*body*, a JSON object without its closing brace, as a line after the entry with MAC *before*; and its MAC."""
        mac = self.mac(before, body)
        return body + tail(mac) + b"\n", mac

    def seal(self, sequence: int, mac: bytes) -> bytes:
        """The seal of an anchor.  No entry is sealed alike: its MAC is taken of 32 bytes and an opening brace."""
        return self.mac(b"anchor", sequence.to_bytes(8, "big"), mac)


def tail(mac: bytes) -> bytes:
    """The end of a line whose MAC is *mac*."""
    return _LEAD + mac.hex().encode() + _END


def mac_in(line: bytes) -> bytes | None:
    """The MAC at the end of *line*, None when there is none."""
    found = _TAIL.search(line)
    return bytes.fromhex(found[1].decode()) if found else None


def sequence_in(line: bytes) -> int:
    """The sequence number at the beginning of *line*, 0 when there is none."""
    found = _SEQUENCE.match(line)
    return int(found[1]) if found else 0


def begins(sequence: int, before: bytes, body: bytes) -> bytes:
    """*body* of the entry *sequence* as the first of a log that goes on after the MAC *before* of another."""
    lead = f'{{"sequence":{sequence},'.encode()
    return lead + f'"after":"{before.hex()}",'.encode() + body.removeprefix(lead)


def beginning(line: bytes) -> tuple[int, bytes]:
    """The sequence number and MAC after which a log goes on whose first line is *line*."""
    found = _FIRST.match(line)
    return (int(found[1]) - 1, bytes.fromhex(found[2].decode())) if found else (0, GENESIS)
