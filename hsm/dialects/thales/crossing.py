"""What the older key-exchange commands share: their tail, their answers, and the way from request to verb.

In all of them the key named first is the one that others travel under.  ``;xyz`` chooses the scheme under it, the scheme
under the LMK and the check value; a 0 follows the scheme of the key that came.  The digit of the check value is read in
commands whose reply has none, and has no effect there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from hsm.appliance import Hsm
from hsm.dialects.thales.fields import AnyKey, Extension, GivenKey, KeyCheckValue
from hsm.keys.checkvalue import CheckValue, check_value, pair_check_values
from hsm.keys.scheme import is_block
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KEY_TYPES, KeyType, Usage
from hsm.operations import exchange
from hsm.operations.border import check_one_lmk
from hsm.refusal import Advised, DestinationKeyParity, InputInvalid, ParityForced
from hsm.wire.message import Message
from hsm.wire.shapes import Group, Maybe

Tail = Annotated[Extension | None, Maybe(";", Group(Extension))]
"""Absent, or ``;``, the scheme under the ZMK or TMK, the scheme under the LMK, and the check value's type."""

NONE_SAID = Extension(transport_scheme="0", lmk_scheme="0", check_value_type="0")
Shown = Callable[[Hsm, ClearKey, str], str]


class KeyReceived(Message):
    key_under_lmk: GivenKey
    check_value: KeyCheckValue


class KeySent(Message):
    key_under_zmk: GivenKey
    check_value: KeyCheckValue


class KeyMade(Message):
    key_under_zmk: AnyKey
    key_under_lmk: AnyKey
    check_value: KeyCheckValue


def shown(hsm: Hsm, key: ClearKey, kind: str) -> str:
    """The check value of *key*: type 0 is 16H, 1 is 6H.  Raises InputInvalid for 2, which few commands know."""
    if kind == "2":
        raise InputInvalid
    return check_value(key, CheckValue.FULL if kind == "0" else CheckValue.SHORT, hsm.settings.restrict_kcv)


def shown_for_bdk(hsm: Hsm, key: ClearKey, kind: str) -> str:
    """The check value of a BDK: types 0 and 2 are 8H, 1 is 6H."""
    return check_value(key, CheckValue.SHORT if kind == "1" else CheckValue.BDK, hsm.settings.restrict_kcv)


def shown_for_pair(hsm: Hsm, key: ClearKey, kind: str) -> str:
    """The check value of a CVK pair: type 0 is 6H of either half, 1 is 6H of the whole.  Raises InputInvalid for 2."""
    return pair_check_values(key) if kind == "0" else shown(hsm, key, kind)


def receive(
    hsm: Hsm,
    ask: tuple[str, str, str, Extension | None],
    key_type: KeyType,
    *,
    authority: str = "",
    show: Shown = shown,
) -> KeyReceived | Advised[KeyReceived]:
    """The answer to a request for a key's way in; *ask* is its ZMK, key, Atalla variant and tail.

    *authority* is the activity that must be authorised.  Advice ParityForced when the key had wrong parity.
    """
    zmk, token, tail = hsm.stored(ask[0]), hsm.stored(ask[1]), ask[3] or NONE_SAID
    if authority:
        hsm.authorise(authority, zmk)
    kek = hsm.key(zmk, Usage.ZMK)
    came = exchange.receive(hsm, kek, token, key_type, tail.lmk_scheme, atalla=ask[2], beside=zmk)
    answer = KeyReceived(key_under_lmk=came.under_lmk, check_value=show(hsm, came.key, tail.check_value_type))
    return answer if came.parity_was_odd else Advised(ParityForced, answer)


def send(hsm: Hsm, ask: tuple[str, str, str, Extension | None], key_type: KeyType, *, show: Shown = shown) -> KeySent:
    """The answer to a request for a key's way out; *ask* as for ``receive``.

    Needs the activity ``export`` for the key's type, or, if it lies in a key block, for its usage there.
    """
    zmk, token, tail = hsm.stored(ask[0]), hsm.stored(ask[1]), ask[3] or NONE_SAID
    check_one_lmk(hsm, zmk, token)
    if not is_block(token):
        hsm.authorise(f"export.{key_type.code}", zmk)
    kek = hsm.key(zmk, Usage.ZMK)
    key = hsm.typed(token, key_type, parity=DestinationKeyParity)
    if key.attributes is not None:
        hsm.authorise(f"export.{key.attributes.usage}", zmk)
    sent = exchange.send(hsm, kek, token, key, key_type, tail.transport_scheme, atalla=ask[2])
    return KeySent(key_under_zmk=sent, check_value=show(hsm, key, tail.check_value_type))


def make(hsm: Hsm, ask: tuple[str, str, Extension | None], key_type: KeyType) -> KeyMade:
    """The answer to a request for a new key; *ask* is its ZMK, Atalla variant and tail."""
    zmk, tail = hsm.stored(ask[0]), ask[2] or NONE_SAID
    kek = hsm.key(zmk, Usage.ZMK)
    schemes = (tail.transport_scheme, tail.lmk_scheme)
    made = exchange.make(hsm, kek, key_type, schemes, atalla=ask[1], beside=zmk)
    return KeyMade(
        key_under_zmk=made.under_kek,
        key_under_lmk=made.under_lmk,
        check_value=shown(hsm, made.key, tail.check_value_type),
    )


def terminal_key_type(hsm: Hsm, usage: Usage) -> KeyType:
    """What terminal keys of *usage* are typed as: 002, or a type of their own if the setting separates them."""
    return usage.key_type(hsm.settings.enforce_key_type_002_separation)


ZPK, TAK, CVK, BDK = KEY_TYPES["001"], KEY_TYPES["003"], KEY_TYPES["402"], KEY_TYPES["009"]
ZMK, ZMK_COMPONENT, PVK = KEY_TYPES["000"], KEY_TYPES["100"], KEY_TYPES["002"]
