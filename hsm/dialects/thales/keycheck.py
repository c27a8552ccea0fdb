"""Key check values: BU, KA."""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.attributes import DoubleKey, KeyLengthFlag, ShortKey, TripleKey, check_length_flag, type_of
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import AnyKey, KeyCheckValue
from hsm.keys.checkvalue import CheckValue, check_value
from hsm.keys.usage import key_type_of_pair
from hsm.wire.kinds import Choice, Digits, Text
from hsm.wire.message import Message
from hsm.wire.shapes import Group, Maybe, When

CATEGORY = Category.KEY

_BY_TYPE = "FF"
_KA_CODES = ("00", "01", "02", "03")
_LENGTHS = {"0": CheckValue.FULL, "1": CheckValue.SHORT}


class CheckValueOptions(Message):
    """Two characters without meaning, and the length of the check value."""

    reserved: Annotated[str, Text("L", 2, 2)]
    check_value_type: Annotated[str, Choice(("0", "1"))]


Options = Annotated[CheckValueOptions | None, Maybe(";", Group(CheckValueOptions))]


class ComputeCheckValue(Message):
    type_code: Annotated[str, Text("L", 2, 2, wrong=r.KeyTypeCodeInvalid)]
    length_flag: KeyLengthFlag
    short_key: ShortKey
    double_key: DoubleKey
    triple_key: TripleKey
    key_type: Annotated[str | None, When("type_code", (_BY_TYPE,), Maybe(";", Text("H", 3, 3, wrong=r.KeyTypeInvalid)))]
    options: Options


class ComputeOldCheckValue(Message):
    key: AnyKey
    type_code: Annotated[str, Digits(2, wrong=r.IndexInvalid)]
    options: Options


class CheckValueComputed(Message):
    check_value: KeyCheckValue


def _length(options: CheckValueOptions | None) -> CheckValue:
    return CheckValue.FULL if options is None else _LENGTHS[options.check_value_type]


@thales.command("BU")
def compute_check_value(ask: ComputeCheckValue, hsm: Hsm) -> CheckValueComputed:
    """Tell the check value of a key under the LMK.

    The type code names a pair as in BW; with FF the type stands in three characters after the first ``;``, FFF leaving
    it to the key block.  With another type code the first ``;`` already begins the options: two reserved characters and
    0 for 16 digits, 1 for 6.  The length flag is 0 single, 1 double, 2 or 3 triple, F for a key block.
    """
    if ask.type_code == _BY_TYPE:
        row = type_of(ask.key_type) if ask.key_type is not None else None
    else:
        row = key_type_of_pair(ask.type_code)
    token = hsm.stored(ask.short_key or ask.double_key or ask.triple_key or "")
    key = hsm.typed(token, row)
    check_length_flag(ask.length_flag, token, key.key_bytes)
    return CheckValueComputed(check_value=check_value(key, _length(ask.options), hsm.settings.restrict_kcv))


@thales.command("KA")
def compute_old_check_value(ask: ComputeOldCheckValue, hsm: Hsm) -> CheckValueComputed:
    """Tell the check value of a key under the LMK: 00 ZMK, 01 ZPK, 02 TMK, TPK or PVK, 03 TAK; another code is 21.

    The options are two characters without meaning and 0 for 16 digits, 1 for 6.
    """
    if ask.type_code not in _KA_CODES:
        raise r.IndexInvalid
    key = hsm.typed(ask.key, key_type_of_pair(ask.type_code))
    return CheckValueComputed(check_value=check_value(key, _length(ask.options), hsm.settings.restrict_kcv))
