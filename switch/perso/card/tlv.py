"""BER-TLV as EMV uses it (EMV 4.3 Book 3 annex B): definite lengths, tags of one or two bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class TlvError(ValueError):
    """Bytes that are no sequence of data objects."""


def data_object(tag: str, value: bytes) -> bytes:
    """*value*, at most 65,535 bytes, under the *tag* (2 or 4 hexadecimal digits)."""
    count = len(value)
    if count > 0xFFFF:
        raise TlvError("a data object has at most 65,535 bytes")
    length = bytes((count,)) if count < 0x80 else b"\x81" + bytes((count,)) if count < 0x100 else b"\x82"
    return bytes.fromhex(tag) + length + (count.to_bytes(2, "big") if count > 0xFF else b"") + value


def data_objects(found: Mapping[str, bytes]) -> bytes:
    """Each of *found*, in order."""
    return b"".join(data_object(tag, value) for tag, value in found.items())


def _tag(raw: bytes, at: int) -> int:
    """Where the tag at *at* ends."""
    return at + (2 if raw[at] & 0x1F == 0x1F else 1)


def _length(raw: bytes, at: int) -> tuple[int, int]:
    """The length at *at* and where it ends."""
    if at >= len(raw):
        raise TlvError("cut off")
    if raw[at] < 0x80:
        return raw[at], at + 1
    size = raw[at] - 0x80
    if size not in (1, 2) or at + 1 + size > len(raw):
        raise TlvError("a length of one or two bytes")
    return int.from_bytes(raw[at + 1 : at + 1 + size], "big"), at + 1 + size


def parsed(raw: bytes) -> dict[str, bytes]:
    """The data objects in *raw* by tag, one level deep.  Raises TlvError, also for a tag that stands there twice."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(raw):
        begins = _tag(raw, at)
        tag = raw[at:begins].hex().upper()
        count, start = _length(raw, begins)
        if start + count > len(raw) or tag in found:
            raise TlvError("cut off, or twice")
        found[tag] = raw[start : start + count]
        at = start + count
    return found


def listed(dol: bytes) -> tuple[tuple[str, int], ...]:
    """The tags and lengths of a data object list (Book 3 section 5.4).  Raises TlvError."""
    wanted: list[tuple[str, int]] = []
    at = 0
    while at < len(dol):
        begins = _tag(dol, at)
        count, end = _length(dol, begins)
        wanted.append((dol[at:begins].hex().upper(), count))
        at = end
    return tuple(wanted)


def object_list(wanted: Iterable[tuple[str, int]]) -> bytes:
    """A data object list of tags and lengths, each below 128."""
    return b"".join(bytes.fromhex(tag) + bytes((count,)) for tag, count in wanted)
