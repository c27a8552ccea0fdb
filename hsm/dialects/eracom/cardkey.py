"""Keys of chip cards for personalisation: EE204A."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import AnyKey, CardDigits, CheckValueOpen, Ktk, Request
from hsm.keys.domaintypes import IMK_AC, IMK_DN, IMK_SMC, IMK_SMI, KTK
from hsm.operations import emv
from hsm.refusal import DigitsInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import PackedChoice

CATEGORY = Category.KEY
_IMK_TYPES = MappingProxyType({"01": IMK_AC, "02": IMK_SMI, "03": IMK_SMC, "04": IMK_DN})


class DeriveCardKey(Request):
    key: AnyKey
    key_type: Annotated[str, PackedChoice(tuple(_IMK_TYPES), wrong=DigitsInvalid)]
    card: CardDigits
    transport_key: Ktk
    encryption_method: Annotated[str, PackedChoice(("00",), wrong=DigitsInvalid)]
    check_value_method: Annotated[str, PackedChoice(("00", "01"), wrong=DigitsInvalid)]


class CardKeyDerived(Message):
    cryptogram: Annotated[bytes, Binary(16)]
    check_value: CheckValueOpen


@eracom.command("EE204A")
def derive_card_key(ask: DeriveCardKey, hsm: Hsm) -> CardKeyDerived:
    """Derive a card's master key from an IMK and give it out under a KTK: for personalisation.

    Types of IMK: 01 AC, 02 SMI, 03 SMC, 04 DN.  Encryption method 00 is triple DES, in ECB (inferred); 01, which one client
    calls AES, is refused (04).  Check values are of 3 bytes with method 00 as well as 01, which that client calls a format
    of 6 digits.  A card's key gets odd parity.
    """
    row = _IMK_TYPES[ask.key_type]
    issuer = hsm.domain_key(ask.key, row)
    transport = hsm.domain.transport_key(ask.transport_key, (KTK,))
    cryptogram, check_value = emv.card_key_under(hsm, issuer, row, bytes.fromhex(ask.card), transport)
    return CardKeyDerived(cryptogram=cryptogram, check_value=check_value)
