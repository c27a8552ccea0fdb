"""Key specifiers: how a host names a key, whether it keeps the key itself or the appliance does.

======  ==============================================================================================
00 01   an index of one byte into the table of the key type, packed decimal or binary
02 03   an index of two bytes, likewise
08      a key type (packed decimal), then another specifier
10      a single-length key under the KM
11 13   a double-length key under the KM, ECB or CBC; 12 and 14 the same of triple length
17      the KM's identifier, 00, and a TR-31 block under the KM
20      a specifier of a BDK, a key serial number of 10 bytes, and what is derived (one byte)
50      a specifier of a KMC, 16 bytes of card data, and the method 01
51      the same, and 16 bytes of session data and the method 01
80      modulus and exponent of an RSA public key, each led by its count
======  ==============================================================================================

Formats 15, 16, 18, 19, 1A, 1C, 81, 82 and 90 to 93 exist on devices; their layouts are not public, and they are refused.
On the wire a count of variable length leads each.  Sources: public Eracom clients; device traces for 00, 08, 10-12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from hsm.keys.domaintypes import DomainKeyType, domain_key_type
from hsm.refusal import (
    IndexInvalid,
    KeySpecContentInvalid,
    KeySpecForbidden,
    KeySpecLengthInvalid,
    KeySpecUnsupported,
    KeyTypeInvalid,
)

INDEX_MOST = MappingProxyType({1: 99, 2: 9_999})
"""The highest index by the bytes that it is written in."""
KEY_BYTES = MappingProxyType({0x10: 8, 0x11: 16, 0x12: 24, 0x13: 16, 0x14: 24})
CBC = frozenset({0x13, 0x14})
BLOCK, DUKPT, CARD, SESSION, RSA_PUBLIC = 0x17, 0x20, 0x50, 0x51, 0x80
KSN_BYTES, CARD_BYTES = 10, 16
BLOCK_BYTES_MIN = 16


@dataclass(frozen=True)
class Specifier:
    """A specifier taken apart: *form* is its format byte.

    *index* is that of a stored key; *content* the cryptogram, block, KSN or card data; *inner* the specifier within it
    and *key_type* the type that it states; *extra* session data or the kind of derived key.
    """

    form: int
    content: bytes = b""
    index: int | None = None
    inner: Specifier | None = None
    key_type: DomainKeyType | None = None
    extra: bytes = b""


def parsed(text: str) -> Specifier:
    """The specifier *text*, led by its count; characters are bytes.

    Raises KeySpecLengthInvalid, KeySpecUnsupported, KeySpecContentInvalid and, for one that may not stand within
    another, KeySpecForbidden.
    """
    raw = text.encode("latin-1")
    count, start = _count(raw, 0)
    if count == 0 or start + count != len(raw):
        raise KeySpecLengthInvalid
    return _specifier(raw[start:], nested=False)


def stands_for_card_key(text: str) -> bool:
    """Is *text* a specifier of a key of a card or of a card session?  Raises as ``parsed``."""
    given = parsed(text)
    if given.key_type is not None and given.inner is not None:
        given = given.inner
    return given.form in (CARD, SESSION)


def _count(raw: bytes, at: int) -> tuple[int, int]:
    """The count at *at* and where it ends (0xxxxxxx, 10xxxxxx and one more byte, 110xxxxx and two); raises."""
    first = raw[at] if at < len(raw) else 0xFF
    size = 1 if first < 0x80 else 2 if first < 0xC0 else 3
    if first >= 0xE0 or at + size > len(raw):
        raise KeySpecLengthInvalid
    bits = 8 * size - size
    return int.from_bytes(raw[at : at + size], "big") & (1 << bits) - 1, at + size


def _specifier(raw: bytes, *, nested: bool) -> Specifier:
    form, content = raw[0], raw[1:]
    if form in KEY_BYTES:
        if len(content) != KEY_BYTES[form]:
            raise KeySpecLengthInvalid
        return Specifier(form, content)
    if form <= 3:
        return Specifier(form, index=_index(form, content))
    read = _READERS.get(form)
    if read is None:
        raise KeySpecUnsupported
    if nested and form != BLOCK:
        raise KeySpecForbidden
    return read(form, content)


def _index(form: int, content: bytes) -> int:
    if len(content) != 1 + form // 2:
        raise KeySpecLengthInvalid
    if form % 2:
        return int.from_bytes(content, "big")
    if not content.hex().isdecimal():
        raise KeySpecContentInvalid
    return int(content.hex())


def checked_index(index: int, form: int) -> int:
    """*index* if keys can be stored there; raises IndexInvalid."""
    if not 1 <= index <= INDEX_MOST[1 + form // 2]:
        raise IndexInvalid
    return index


def _inner(content: bytes) -> tuple[Specifier, bytes]:
    """The specifier at the beginning of *content*, and what follows it."""
    count, start = _count(content, 0)
    if count == 0 or start + count > len(content):
        raise KeySpecLengthInvalid
    return _specifier(content[start : start + count], nested=True), content[start + count :]


def _typed(form: int, content: bytes) -> Specifier:
    if len(content) < 2:
        raise KeySpecLengthInvalid
    inner, rest = _inner(content[1:])
    if rest:
        raise KeySpecLengthInvalid
    try:
        return Specifier(form, inner=inner, key_type=domain_key_type(content[:1].hex()))
    except KeyTypeInvalid:
        raise KeySpecContentInvalid from None


def _block(form: int, content: bytes) -> Specifier:
    block = content[1:]
    if len(block) < BLOCK_BYTES_MIN:
        raise KeySpecLengthInvalid
    if content[0] != 0 or not block.isascii() or not block.decode("ascii").isprintable():
        raise KeySpecContentInvalid
    return Specifier(form, block)


def _derived(form: int, content: bytes) -> Specifier:
    inner, rest = _inner(content)
    if len(rest) != KSN_BYTES + 1:
        raise KeySpecLengthInvalid
    return Specifier(form, rest[:KSN_BYTES], inner=inner, extra=rest[KSN_BYTES:])


def _card(form: int, content: bytes) -> Specifier:
    inner, rest = _inner(content)
    size = CARD_BYTES + 1
    if len(rest) != (size if form == CARD else 2 * size):
        raise KeySpecLengthInvalid
    if any(rest[at] != 1 for at in range(CARD_BYTES, len(rest), size)):
        raise KeySpecContentInvalid
    return Specifier(form, rest[:CARD_BYTES], inner=inner, extra=rest[size : size + CARD_BYTES])


def _public(form: int, content: bytes) -> Specifier:
    count, start = _count(content, 0)
    exponent, begins = _count(content, start + count)
    if not count or not exponent or begins + exponent != len(content):
        raise KeySpecLengthInvalid
    return Specifier(form, content[start : start + count], extra=content[begins:])


_READERS: MappingProxyType[int, Callable[[int, bytes], Specifier]] = MappingProxyType(
    {0x08: _typed, BLOCK: _block, DUKPT: _derived, CARD: _card, SESSION: _card, RSA_PUBLIC: _public}
)
