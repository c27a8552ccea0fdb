"""Card verification values: CW, CY; American Express security codes: RY."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import Cvk, Extension, PanUntilSemicolon
from hsm.keys.blocklmk import default_attributes
from hsm.keys.checkvalue import CheckValue, check_value, pair_check_values
from hsm.keys.lmk import VariantLmk
from hsm.keys.usage import Usage
from hsm.operations import cards
from hsm.operations.cards import Match
from hsm.refusal import AccountInvalid, Advised, InputInvalid, KeySchemeInvalid, VerificationFailed
from hsm.wire.kinds import Account, CardValue, Choice, Digits, Text
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Group, Key, Maybe, When

CATEGORY = Category.CARD

GENERATE_KEY, GENERATE_CODES, VERIFY_CODES = "0", "3", "4"
_CODES = (GENERATE_CODES, VERIFY_CODES)
_PAN_DIGITS = 15
_RESULTS = MappingProxyType({Match.RIGHT: "0", Match.ABSENT: "1", Match.WRONG: "2"})


class GenerateCvv(Message):
    cvk: Cvk
    pan: PanUntilSemicolon
    expiry: Annotated[str, Digits(4)]
    service_code: Annotated[str, Digits(3)]


class CvvGenerated(Message):
    cvv: Annotated[str, CardValue(3)]


class VerifyCvv(Message):
    cvk: Cvk
    cvv: Annotated[str, CardValue(3)]
    pan: PanUntilSemicolon
    expiry: Annotated[str, Digits(4)]
    service_code: Annotated[str, Digits(3)]


class SecurityCodesRequest(Message):
    mode: Annotated[str, Choice((GENERATE_KEY, GENERATE_CODES, VERIFY_CODES))]
    extension: Annotated[Extension | None, When("mode", (GENERATE_KEY,), Maybe(";", Group(Extension)))]
    version: Annotated[str | None, When("mode", _CODES, Choice(("0",)))]
    csck: Annotated[str | None, When("mode", _CODES, Key("CSCK pair", untagged=32))]
    account: Annotated[str | None, When("mode", _CODES, Account(19))]
    expiry: Annotated[str | None, When("mode", _CODES, Digits(4))]
    five: Annotated[str | None, When("mode", (VERIFY_CODES,), CardValue(5, may_be_absent=True))]
    four: Annotated[str | None, When("mode", (VERIFY_CODES,), CardValue(4, may_be_absent=True))]
    three: Annotated[str | None, When("mode", (VERIFY_CODES,), CardValue(3, may_be_absent=True))]


class SecurityCodesAnswer(Message):
    mode: Annotated[str, Choice((GENERATE_KEY, GENERATE_CODES, VERIFY_CODES))]
    csck: Annotated[str | None, When("mode", (GENERATE_KEY,), Key("CSCK pair", untagged=32))] = None
    check_value: Annotated[str | None, When("mode", (GENERATE_KEY,), Text("H", 6, 12))] = None
    five: Annotated[str | None, When("mode", (GENERATE_CODES,), CardValue(5))] = None
    four: Annotated[str | None, When("mode", (GENERATE_CODES,), CardValue(4))] = None
    three: Annotated[str | None, When("mode", (GENERATE_CODES,), CardValue(3))] = None
    result_of_five: Annotated[str | None, When("mode", (VERIFY_CODES,), Choice(("0", "1", "2")))] = None
    result_of_four: Annotated[str | None, When("mode", (VERIFY_CODES,), Choice(("0", "1", "2")))] = None
    result_of_three: Annotated[str | None, When("mode", (VERIFY_CODES,), Choice(("0", "1", "2")))] = None


@thales.command("CW")
def generate_cvv(ask: GenerateCvv, hsm: Hsm) -> CvvGenerated:
    """Generate a card verification value (CVV, CVC).

    The date is taken as it stands, YYMM or MMYY as the issuer has it; a service code of 000 gives a CVV2, 999 an iCVV.
    """
    key = hsm.key(ask.cvk, Usage.CVK)
    return CvvGenerated(cvv=cards.generate_cvv(key, ask.pan, ask.expiry, ask.service_code))


@thales.command("CY")
def verify_cvv(ask: VerifyCvv, hsm: Hsm) -> Empty:
    """Verify a card verification value (CVV, CVC).

    With PIN fraud detection on, wrong values count towards its limits: there are only a thousand to try.
    """
    cards.verify_cvv(hsm, hsm.key(ask.cvk, Usage.CVK), ask.cvv, ask.pan, ask.expiry, ask.service_code)
    return Empty()


@thales.command("RY")
def security_codes(ask: SecurityCodesRequest, hsm: Hsm) -> SecurityCodesAnswer | Advised[SecurityCodesAnswer]:
    """Generate a CSCK (mode 0), or generate (3) or verify (4) American Express card security codes.

    Modes 1 and 2, which export and import a CSCK, and version 2 of the codes are in no public source, so they are
    refused (15).  Nor is version 1 itself but for one emulator: codes of a device may differ.  The account is 19 digits:
    the card's 15 and four zeros.  When a code in mode 4 is wrong, 01 is answered together with the results.
    """
    if ask.mode == GENERATE_KEY:
        return _new_key(ask.extension, hsm)
    if ask.csck is None or ask.account is None or ask.expiry is None:
        raise InputInvalid
    key = hsm.key(ask.csck, Usage.CSCK)
    pan, filling = ask.account[:_PAN_DIGITS], ask.account[_PAN_DIGITS:]
    if filling.strip("0"):
        raise AccountInvalid
    if ask.mode == GENERATE_CODES:
        codes = cards.security_codes(key, pan, ask.expiry)
        return SecurityCodesAnswer(mode=ask.mode, five=codes.five, four=codes.four, three=codes.three)
    given = (_present(ask.five), _present(ask.four), _present(ask.three))
    five, four, three = (_RESULTS[m] for m in cards.check_security_codes(hsm, key, pan, ask.expiry, given))
    answer = SecurityCodesAnswer(mode=ask.mode, result_of_five=five, result_of_four=four, result_of_three=three)
    return Advised(VerificationFailed, answer) if "2" in (five, four, three) else answer


def _new_key(extension: Extension | None, hsm: Hsm) -> SecurityCodesAnswer:
    """The answer to mode 0.  Without extension the key is untagged and each half has its check value."""
    key, row = cards.new_card_key(hsm), Usage.CSCK.key_type()
    if extension is None:
        scheme, each_half = ("0" if isinstance(hsm.lmk_for(), VariantLmk) else "S"), True
    elif extension.transport_scheme != "0":
        raise KeySchemeInvalid
    else:
        scheme, each_half = extension.lmk_scheme, extension.check_value_type == "0"
    value = pair_check_values(key) if each_half else check_value(key, CheckValue.SHORT)
    return SecurityCodesAnswer(
        mode=GENERATE_KEY, csck=hsm.wrap(key, row, scheme, default_attributes(row, key)), check_value=value
    )


def _present(code: str | None) -> str | None:
    return code if code and not code.startswith("F") else None
