"""The dialects of HSMs as far as a configuration must know them: how keys are written in it, and what can't be asked.

Keys are texts.  In the Thales dialect they are what the HSM gave: a scheme letter and digits, or a key block.  In the
Eracom dialect they are key specifiers, led by their count, in hexadecimal: an index into the HSM's own table (``020001``),
or a key under its KM (``1111…``) as one of its functions gave it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from hsm.wire.counts import count_at

KEY_UNDER_LMK = re.compile(r"[0-9A-Z][\x21-\x7e]{15,511}")
_KEK = re.compile(r"U[0-9A-F]{32}|T[0-9A-F]{48}|S[0-9]{5}[0-9A-Za-z]{40,400}")
"""A key-encrypting key of double or triple length under a variant LMK, or a key block."""

KTM, KIS, KIR, KI = "05", "03", "04", "10"
"""Eracom key types: a terminal's master key; zone master keys for sending, for receiving, and for both."""
_SIZES = MappingProxyType({0x00: 2, 0x01: 2, 0x02: 3, 0x03: 3, 0x11: 17, 0x12: 25, 0x13: 17, 0x14: 25})
"""Bytes of a specifier by its format, which is the first: stored keys; double and triple length under the KM."""
_STORED, _TYPED, _BLOCK, _BLOCK_BYTES = range(0x04), 0x08, 0x17, range(18, 513)


@dataclass(frozen=True)
class Specified:
    """An Eracom key specifier taken apart: its *form*, and the *key_type* (2 digits) that format 08 has said before."""

    form: int
    key_type: str = ""


class HsmDialect(Protocol):
    """What a configuration asks of its HSMs' dialect."""

    @property
    def name(self) -> str:
        """As ``hsm.client`` has it."""

    @property
    def key_expected(self) -> str:
        """What ``is_key`` looks for, in words."""

    @property
    def zmk_expected(self) -> str:
        """What ``is_zmk`` looks for."""

    @property
    def tmk_expected(self) -> str:
        """What ``is_tmk`` looks for."""

    @property
    def pvk_indices(self) -> str:
        """The digits that number the keys of PVVs."""

    @property
    def has_headers(self) -> bool:
        """Do messages have one?"""

    @property
    def gives_key_blocks(self) -> bool:
        """Can keys go to others in TR-31 blocks?"""

    @property
    def names_tables(self) -> bool:
        """Does a question say the decimalisation table?"""

    def is_key(self, text: str) -> bool:
        """Is *text* a key that an issuer can use?"""

    def is_zmk(self, text: str) -> bool:
        """Is *text* a zone master key, to send keys under and to receive them under?"""

    def is_tmk(self, text: str) -> bool:
        """Is *text* a terminal's master key?"""


class _Thales:
    name = "thales"
    key_expected = "a key under the LMK, as the HSM gave it"
    zmk_expected = tmk_expected = (
        "a double- or triple-length key under the LMK (U or T and digits), or a key block (S and characters)"
    )
    pvk_indices = "0123456"
    has_headers = gives_key_blocks = names_tables = True

    def is_key(self, text: str) -> bool:
        return KEY_UNDER_LMK.fullmatch(text) is not None

    def is_zmk(self, text: str) -> bool:
        return _KEK.fullmatch(text) is not None

    is_tmk = is_zmk


class _Eracom:
    name = "eracom"
    key_expected = "a key specifier of the Eracom dialect, in hexadecimal: 020001, say, or 1111 and 32 digits"
    zmk_expected = (
        "key specifiers of the Eracom dialect, in hexadecimal: of a KIS, a blank, and of a KIR; or the index of both; or "
        "that of a KI, which format 08 says"
    )
    tmk_expected = "a key specifier of the Eracom dialect, in hexadecimal, of a KTM"
    pvk_indices = "123456"
    has_headers = gives_key_blocks = names_tables = False

    def is_key(self, text: str) -> bool:
        found = specified(text)
        return found is not None and not found.key_type

    def is_zmk(self, text: str) -> bool:
        sending, _, receiving = text.partition(" ")
        if not receiving:
            both = specified(text)
            return both is not None and (both.key_type == KI or (not both.key_type and both.form in _STORED))
        found = [(specified(sending), KIS), (specified(receiving), KIR)]
        return all(each is not None and each.key_type in ("", own, KI) for each, own in found)

    def is_tmk(self, text: str) -> bool:
        found = specified(text)
        return found is not None and found.key_type in ("", KTM)


THALES: HsmDialect = _Thales()
ERACOM: HsmDialect = _Eracom()
DIALECTS = MappingProxyType({each.name: each for each in (THALES, ERACOM)})


def sending_and_receiving(zmk: str) -> tuple[str, str]:
    """Of a zone master key in the Eracom dialect the specifier to send keys under, and that to receive them under."""
    sending, _, receiving = zmk.partition(" ")
    return sending, receiving or sending


def specified(text: str) -> Specified | None:
    """What the specifier *text* says of a key; None when it is none, or of a key that is no double or triple length."""
    if not re.fullmatch("(?:[0-9A-F]{2}){2,600}", text):
        return None
    content = _counted(bytes.fromhex(text))
    if content is None or content[:1] != bytes((_TYPED,)):
        return _specified(content)
    inner = _specified(_counted(content[2:]))
    key_type = content[1:2].hex()
    return Specified(inner.form, key_type) if inner is not None and key_type.isdecimal() else None


def _counted(raw: bytes) -> bytes | None:
    found = count_at(raw.decode("latin-1"), 0)
    if found is None or found[0] == 0 or found[1] + found[0] != len(raw):
        return None
    return raw[found[1] :]


def _specified(content: bytes | None) -> Specified | None:
    if content is None:
        return None
    fits = len(content) in _BLOCK_BYTES if content[0] == _BLOCK else len(content) == _SIZES.get(content[0])
    return Specified(content[0]) if fits else None
