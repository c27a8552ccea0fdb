"""Application cryptograms of chip cards: KQ, KW (EMV 4.3 Book 2; the HSM 8000 help and public payShield clients)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.emv import application_cryptogram, diversified_by_atc
from hsm.crypto.mac import Padding, pad
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import MkAc
from hsm.keys.card import card_key, common_session_key
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations import emv
from hsm.refusal import Advised, CardSchemeInvalid, DataLengthInvalid, InputInvalid, ModeInvalid, VerificationFailed
from hsm.wire.kinds import Binary, Choice
from hsm.wire.message import Message
from hsm.wire.shapes import Prefixed, Rest, Until, When

CATEGORY = Category.CARD

VERIFY, BOTH, RESPOND = "0", "1", "2"
MASTER_KEY, MASTERCARD, COMMON = "0", "1", "2"
DIAGNOSTICS = "diag"
RESPOND_ALONE = "misc.arpc"
_DATA_BYTES_MAX = 255
_VERIFIES, _RESPONDS = (VERIFY, BOTH), (BOTH, RESPOND)
_CODES = MappingProxyType({VerificationFailed: "01", ModeInvalid: "05", CardSchemeInvalid: "06"})

Mode = Annotated[str, Choice((VERIFY, BOTH, RESPOND), wrong=ModeInvalid)]
CardBlock = Annotated[bytes, Binary(emv.BLOCK_BYTES)]
"""The right-most 16 digits of PAN and sequence number, as the host has formatted them."""
Atc = Annotated[bytes, Binary(2)]
TransactionData = Annotated[
    bytes | None, When("mode", _VERIFIES, Until(";", Prefixed(2, 16, most=_DATA_BYTES_MAX, hidden=True)))
]
Cryptogram = Annotated[bytes, Binary(emv.BLOCK_BYTES)]
ResponseCode = Annotated[bytes | None, When("mode", _RESPONDS, Binary(emv.RESPONSE_CODE_BYTES))]


class CheckCryptogram(Message):
    mode: Mode
    scheme: Annotated[str, Choice((MASTER_KEY, MASTERCARD), wrong=CardSchemeInvalid)]
    mk_ac: MkAc
    card: CardBlock
    atc: Atc
    unpredictable_number: Annotated[bytes, Binary(emv.UNPREDICTABLE_BYTES)]
    data: TransactionData
    cryptogram: Cryptogram
    response_code: ResponseCode


class CheckCommonCryptogram(Message):
    mode: Mode
    scheme: Annotated[str, Choice((COMMON,), wrong=CardSchemeInvalid)]
    mk_ac: MkAc
    card: CardBlock
    atc: Atc
    data: TransactionData
    cryptogram: Cryptogram
    response_code: ResponseCode


class CryptogramChecked(Message):
    """Nothing, an ARPC, or the right cryptogram in the place of a wrong one when diagnostics are authorised."""

    made: Annotated[bytes, Rest(most=emv.BLOCK_BYTES)]


@thales.command("KQ", refusals=_CODES)
def check_cryptogram(ask: CheckCryptogram, hsm: Hsm) -> CryptogramChecked | Advised[CryptogramChecked]:
    """Verify an ARQC, TC or AAC (mode 0), make an ARPC (2), or both (1).

    Scheme 0, Visa (cryptogram version 10) and UKIS: the card's master key itself.  Scheme 1, M/Chip: the cryptogram under
    the session key of counter and unpredictable number, which with a number of zeros is the common session key of EMV, and
    the ARPC under the card's master key.  The host pads the data as the scheme has it; what is no whole block is filled
    with zeros here.  ARPCs are by method 1 of EMV 4.3 Book 2 8.2.1.  When diagnostics are authorised (``diag``), 01
    comes with the cryptogram that were right.  Mode 2 needs the activity ``misc.arpc``: it makes ARPCs for cryptograms
    that nobody has verified (inferred, as are 05 and 06 for other modes and schemes).
    """
    card = _card_key(ask.mk_ac, ask.card, hsm)
    key = card if ask.scheme == MASTER_KEY else emv.counter_session_key(card, ask.atc + ask.unpredictable_number)
    return _checked(ask, key, card, hsm)


@thales.command("KW", refusals=_CODES)
def check_common_cryptogram(ask: CheckCommonCryptogram, hsm: Hsm) -> CryptogramChecked | Advised[CryptogramChecked]:
    """Verify an ARQC, TC or AAC (mode 0), make an ARPC (2), or both (1), under the common session key of EMV.

    Scheme 2 alone, the common session key with card keys by option A (Visa cryptogram version 18, M/Chip 4): the others of
    this command are refused.  All else is as in KQ.
    """
    key = common_session_key(_card_key(ask.mk_ac, ask.card, hsm), diversified_by_atc(ask.atc))
    return _checked(ask, key, key, hsm)


def _card_key(mk_ac: str, card: bytes, hsm: Hsm) -> ClearKey:
    issuer = hsm.key(mk_ac, Usage.MK_AC)
    if not card.hex().isdecimal():
        raise InputInvalid
    return card_key(issuer, card)


def _checked(
    ask: CheckCryptogram | CheckCommonCryptogram, key: ClearKey, response_key: ClearKey, hsm: Hsm
) -> CryptogramChecked | Advised[CryptogramChecked]:
    if ask.mode == RESPOND:
        hsm.authorise(RESPOND_ALONE)
    else:
        if not ask.data:
            raise DataLengthInvalid
        data = pad(ask.data, Padding.ZEROS)
        try:
            emv.check_cryptogram(key, data, ask.cryptogram, padded=True)
        except VerificationFailed:
            if not hsm.authorised(DIAGNOSTICS):
                raise
            right = application_cryptogram(key.cipher, data, Padding.ZEROS)
            return Advised(VerificationFailed, CryptogramChecked(made=right))
    if ask.response_code is None:
        return CryptogramChecked(made=b"")
    return CryptogramChecked(made=emv.response_cryptogram(response_key, ask.cryptogram, ask.response_code))
