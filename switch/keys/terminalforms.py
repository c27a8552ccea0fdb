"""How a terminal's dialect carries a PIN key: the key under the TMK on its way, its check value on the way back.

Both ends use this.  A key comes with a host's 0800 (key change), or in the 0810 to a terminal's own 0800 (key request);
DE 41 names the terminal.  The dialect decides the form, the first of these that it can say:

* DE 48 with tags (``napas``): 01 key, 02 check value, 03 version of six digits;
* DE 48 with a label (``banknet``): ``TPK000``, then the key with the check value behind it, or the check value alone;
* DE 62, binary (``pos``): the 16 bytes of the key and three of the check value, as POS terminals are known to get them
  (theirs has four bytes; what an HSM gives has three), or the three alone;
* DE 48 as text: the key with the check value behind it, or the check value alone.

Names no version but in tags, so the link matches a confirmation by DE 11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from switch.codec.codec import Codec
from switch.codec.message import Message, MessageError, Parts, Value
from switch.keys.forms import KCV, UNDER_ZMK, FormError

TAGS, KEYS = 48, 62
LABEL = "TPK000"
KEY_BYTES, KCV_BYTES = 16, 3
KCV_CHARS = 6


@dataclass(frozen=True)
class Given:
    """A PIN key for a terminal: *under_tmk* a scheme and 32 hexadecimal digits or a key block, *kcv* six digits."""

    version: int
    kcv: str
    under_tmk: str = field(repr=False)


class TerminalForm(Protocol):
    """One of the forms."""

    def give(self, given: Given) -> Mapping[int, Value]:
        """The elements that carry the key.  Raises FormError for one that the form has no place for."""

    def given(self, message: Message) -> Given | None:
        """The key in *message*, version 0 where none is told; None when there is none.  Raises FormError."""

    def confirm(self, version: int, kcv: str) -> Mapping[int, Value]:
        """The elements that carry the check value."""

    def confirmed(self, message: Message) -> str | None:
        """The check value in a confirmation; None when there is none.  Raises FormError."""


def form_of(codec: Codec) -> TerminalForm:
    """The form of a dialect.  Raises ValueError for one that can't carry a key."""
    trial = Given(1, "000000", "X" + 32 * "0")
    for form in (_Tagged(), _Labelled(), _Binary(), _Plain()):
        try:
            for fields in (form.give(trial), form.confirm(1, trial.kcv)):
                message = codec.decode(codec.encode(Message("0810", fields)))
            if form.confirmed(message) == trial.kcv:
                return form
        except (MessageError, FormError):
            continue
    raise ValueError(f"{codec.spec.name} has no place for a terminal's key")


def _check_value(value: object, number: int) -> str:
    if not isinstance(value, str) or not KCV.fullmatch(value):
        raise FormError(number, "a check value, six hexadecimal digits")
    return value


def _key(value: object, number: int) -> str:
    if not isinstance(value, str) or not UNDER_ZMK.fullmatch(value):
        raise FormError(number, "a key under the TMK")
    return value


def _key_and_check(text: object, version: int = 0) -> Given:
    if not isinstance(text, str):
        raise FormError(TAGS, "a key under the TMK and its check value")
    return Given(version, _check_value(text[-KCV_CHARS:], TAGS), _key(text[:-KCV_CHARS], TAGS))


class _Tagged:
    def give(self, given: Given) -> Mapping[int, Value]:
        return {TAGS: Parts([("01", given.under_tmk), ("02", given.kcv), ("03", f"{given.version:06d}")])}

    def given(self, message: Message) -> Given | None:
        tags = message.fields.get(TAGS)
        if not isinstance(tags, Parts):
            return None
        version = str(tags.get("03", ""))
        if not re.fullmatch("[0-9]{6}", version):
            raise FormError(TAGS, "a version of six digits")
        return Given(int(version), _check_value(tags.get("02"), TAGS), _key(tags.get("01"), TAGS))

    def confirm(self, version: int, kcv: str) -> Mapping[int, Value]:
        return {TAGS: Parts([("02", kcv), ("03", f"{version:06d}")])}

    def confirmed(self, message: Message) -> str | None:
        tags = message.fields.get(TAGS)
        return _check_value(tags.get("02"), TAGS) if isinstance(tags, Parts) else None


class _Labelled:
    def give(self, given: Given) -> Mapping[int, Value]:
        return {TAGS: Parts([("label", LABEL), ("key", given.under_tmk + given.kcv)])}

    def given(self, message: Message) -> Given | None:
        parts = message.fields.get(TAGS)
        return _key_and_check(parts.get("key")) if isinstance(parts, Parts) else None

    def confirm(self, version: int, kcv: str) -> Mapping[int, Value]:
        return {TAGS: Parts([("label", LABEL), ("key", kcv)])}

    def confirmed(self, message: Message) -> str | None:
        parts = message.fields.get(TAGS)
        return _check_value(parts.get("key"), TAGS) if isinstance(parts, Parts) else None


class _Binary:
    def give(self, given: Given) -> Mapping[int, Value]:
        scheme, digits = given.under_tmk[:1], given.under_tmk[1:]
        if scheme != "X" or len(digits) != 2 * KEY_BYTES:
            raise FormError(KEYS, "a key of 16 bytes, in ANSI X9.17 form")
        return {KEYS: bytes.fromhex(digits + given.kcv)}

    def given(self, message: Message) -> Given | None:
        held = message.fields.get(KEYS)
        if not isinstance(held, bytes):
            return None
        if len(held) != KEY_BYTES + KCV_BYTES:
            raise FormError(KEYS, "16 bytes of key and 3 of check value")
        return Given(0, held[KEY_BYTES:].hex().upper(), "X" + held[:KEY_BYTES].hex().upper())

    def confirm(self, version: int, kcv: str) -> Mapping[int, Value]:
        return {KEYS: bytes.fromhex(kcv)}

    def confirmed(self, message: Message) -> str | None:
        held = message.fields.get(KEYS)
        return _check_value(held.hex().upper(), KEYS) if isinstance(held, bytes) else None


class _Plain:
    def give(self, given: Given) -> Mapping[int, Value]:
        return {TAGS: given.under_tmk + given.kcv}

    def given(self, message: Message) -> Given | None:
        text = message.fields.get(TAGS)
        return None if text is None else _key_and_check(text)

    def confirm(self, version: int, kcv: str) -> Mapping[int, Value]:
        return {TAGS: kcv}

    def confirmed(self, message: Message) -> str | None:
        text = message.fields.get(TAGS)
        return None if text is None else _check_value(text, TAGS)
