"""From an old LMK to the new one: AA, AC, BS, BW, GE."""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.attributes import (
    Attributes,
    DoubleKey,
    KeyLengthFlag,
    ShortKey,
    TripleKey,
    asked_of,
    check_length_flag,
    type_of,
)
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import AnyKey, Extension, LmkChoice, Tak, Zmk
from hsm.keys.checkvalue import CheckValue, check_value
from hsm.keys.usage import KEY_TYPES, KeyType, key_type_of_pair
from hsm.operations.migrate import check_separation, open_under_old, to_new_lmk
from hsm.wire.kinds import Choice, Text
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Group, Maybe, When

CATEGORY = Category.KEY

_BY_TYPE = "FF"
_SEPARATE = "F2"
_UNUSED = "0"
_LENGTHS = {"0": CheckValue.FULL, "1": CheckValue.SHORT}

SchemeTail = Annotated[Extension | None, Maybe(";", Group(Extension))]


class CheckValueWanted(Message):
    """Whether a check value is wanted, and of which length."""

    wanted: Annotated[str, Choice(("0", "1"))]
    check_value_type: Annotated[str, Choice(("0", "1"))]


class TranslateKeyToNewLmk(Message):
    type_code: Annotated[str, Text("L", 2, 2, wrong=r.KeyTypeCodeInvalid)]
    length_flag: KeyLengthFlag
    short_key: ShortKey
    double_key: DoubleKey
    triple_key: TripleKey
    key_type: Annotated[
        str | None,
        When("type_code", (_BY_TYPE, _SEPARATE), Maybe(";", Text("H", 3, 3, wrong=r.KeyTypeInvalid))),
    ]
    schemes: SchemeTail
    lmk: LmkChoice
    attributes: Attributes
    check_value: Annotated[CheckValueWanted | None, Maybe("!", Group(CheckValueWanted))]


class KeyTranslated(Message):
    key: AnyKey
    check_value: Annotated[str, Text("H", 0, 16)]


@thales.command("BW")
def translate_key_to_new_lmk(ask: TranslateKeyToNewLmk, hsm: Hsm) -> KeyTranslated:
    """Bring a key from the old LMK to the new one, of which one is in force and the other in key change storage.

    The type code names a pair (00 to 0E, 10, 42); FF leaves the type to the three characters after ``;`` (FFF: to the
    key block).  F2 makes a key of type 002 one of 70D, 80D or 90D, which those characters name; that needs the setting
    "Enforce key type 002 separation" (else 44), another type is 45, and the activity misc.migrate must be authorised.

    The length flag is 0 single, 1 double, 2 or 3 triple (the manual pages of BW and BU differ) and F for a key block.
    Without the scheme field, or with 0 in it, the key keeps its scheme; the scheme under ZMK has no use here and is 0.
    Under a key-block LMK the field after ``#`` says what a key from a variant LMK is for; without it, its type does.
    A check value is given if ``!1`` asks for it: type 0 has 16 digits, 1 has 6.

    With nothing in key change storage the answer is 13; so that test keys and live keys never mix, one published test
    LMK with one that is none is A2.  A key-block LMK's keys never go back under a variant LMK (A1), nor from AES to
    triple DES (44).
    """
    token = hsm.stored(ask.short_key or ask.double_key or ask.triple_key or "")
    came_as, goes_as = _types(ask, hsm, token)
    key = open_under_old(hsm, token, came_as)
    check_length_flag(ask.length_flag, token, key.key_bytes)
    new, key = to_new_lmk(hsm, token, key, goes_as, _scheme(ask.schemes), asked_of(ask.attributes))
    shown = ""
    if ask.check_value is not None and ask.check_value.wanted == "1":
        shown = check_value(key, _LENGTHS[ask.check_value.check_value_type], hsm.settings.restrict_kcv)
    return KeyTranslated(key=new, check_value=shown)


def _types(ask: TranslateKeyToNewLmk, hsm: Hsm, token: str) -> tuple[KeyType | None, KeyType | None]:
    """The type that the key has under the old LMK, and the one it shall have."""
    named = type_of(ask.key_type) if ask.key_type is not None else None
    if ask.type_code == _SEPARATE:
        hsm.authorise("misc.migrate", token)
        check_separation(hsm, token, named)
        return KEY_TYPES["002"], named
    if ask.type_code != _BY_TYPE:
        named = key_type_of_pair(ask.type_code)
    return named, named


def _scheme(tail: Extension | None) -> str:
    """The LMK scheme of *tail*; the scheme under a ZMK, which has no place in these commands, must be 0."""
    if tail is None:
        return ""
    if tail.transport_scheme != _UNUSED:
        raise r.KeySchemeInvalid
    return tail.lmk_scheme


class TranslateTerminalKeyToNewLmk(Message):
    key: AnyKey
    schemes: SchemeTail


class TranslateTakToNewLmk(Message):
    key: Tak
    schemes: SchemeTail


class TranslateZmkToNewLmk(Message):
    zmk: Zmk
    schemes: SchemeTail


class TerminalKeyTranslated(Message):
    key: AnyKey


class ZmkTranslated(Message):
    zmk: Zmk


def _translated(hsm: Hsm, key: str, code: str, tail: Extension | None) -> str:
    token = hsm.stored(key)
    row = KEY_TYPES[code]
    return to_new_lmk(hsm, token, open_under_old(hsm, token, row), row, _scheme(tail))[0]


@thales.command("AA")
def translate_terminal_key_to_new_lmk(ask: TranslateTerminalKeyToNewLmk, hsm: Hsm) -> TerminalKeyTranslated:
    """Bring a TMK, TPK or PVK (type 002) from the old LMK to the new one.

    The answer has no check value, so that the last character after ``;`` says nothing here.
    """
    return TerminalKeyTranslated(key=_translated(hsm, ask.key, "002", ask.schemes))


@thales.command("AC")
def translate_tak_to_new_lmk(ask: TranslateTakToNewLmk, hsm: Hsm) -> TerminalKeyTranslated:
    """Bring a TAK (type 003) from the old LMK to the new one.

    The layout is that of AA; no public source shows it.
    """
    return TerminalKeyTranslated(key=_translated(hsm, ask.key, "003", ask.schemes))


@thales.command("GE")
def translate_zmk_to_new_lmk(ask: TranslateZmkToNewLmk, hsm: Hsm) -> ZmkTranslated:
    """Bring a ZMK (type 000) from the old LMK to the new one.

    The answer has no check value, so that the last character after ``;`` says nothing here.
    """
    return ZmkTranslated(zmk=_translated(hsm, ask.zmk, "000", ask.schemes))


@thales.command("BS", changes_state=True)
def erase_key_change_storage(ask: Empty, hsm: Hsm) -> Empty:
    """Forget the old or new LMK in key change storage; keys under an old one are lost unless they were translated."""
    state = hsm.appliance.state
    old, new = ({i: lmk for i, lmk in lmks.items() if i != hsm.lmk_id} for lmks in (state.old_lmks, state.new_lmks))
    hsm.appliance.load_lmks(state.lmks, old, new)
    return Empty()
