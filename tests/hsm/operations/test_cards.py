"""Card values."""

from __future__ import annotations

import pytest
from support.appliances import make_speaker

from hsm.appliance import Hsm
from hsm.keys.secret import ClearKey
from hsm.operations.cards import (
    Match,
    check_security_codes,
    cvv_of_text,
    generate_cvv,
    security_codes,
    verify_cvv,
    verify_cvv_of_text,
)
from hsm.refusal import AccountInvalid, InputInvalid, KeyLengthInvalid, VerificationFailed

PAIR = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
CARD = ("341111597241002", "9912")


@pytest.fixture(scope="module")
def hsm() -> Hsm:
    return make_speaker().appliance.view(None, lambda request: "")


@pytest.mark.parametrize(
    ("pan", "expiry", "service_code", "expected"),
    [
        ("4123456789012345", "8701", "101", "561"),
        ("4333322221111222", "9307", "141", "382"),
        ("4111111111111111", "2512", "201", "139"),
        ("4111111111111111", "2512", "000", "765"),
        ("4111111111111111", "2512", "999", "133"),
    ],
    ids=["Visa example 0", "Visa example 3", "BP-Tools CVV", "BP-Tools CVV2", "BP-Tools iCVV"],
)
def test_published_card_values(hsm: Hsm, pan: str, expiry: str, service_code: str, expected: str) -> None:
    assert generate_cvv(PAIR, pan, expiry, service_code) == expected
    verify_cvv(hsm, PAIR, expected, pan, expiry, service_code)
    with pytest.raises(VerificationFailed):
        verify_cvv(hsm, PAIR, f"{(int(expected) + 1) % 1000:03d}", pan, expiry, service_code)


def test_each_security_code_is_judged_by_itself(hsm: Hsm) -> None:
    five, four, three = security_codes(PAIR, *CARD)
    assert check_security_codes(hsm, PAIR, *CARD, (five, four, three)) == (Match.RIGHT,) * 3
    wrong = "0000" if four != "0000" else "1111"
    assert check_security_codes(hsm, PAIR, *CARD, (None, wrong, three)) == (Match.ABSENT, Match.WRONG, Match.RIGHT)


def test_accounts_that_are_none(hsm: Hsm) -> None:
    with pytest.raises(AccountInvalid):
        security_codes(PAIR, "411111111111111", "9912")
    with pytest.raises(AccountInvalid):
        generate_cvv(PAIR, "", "9912", "101")
    with pytest.raises(AccountInvalid):
        verify_cvv(hsm, PAIR, "123", "4" * 20, "9912", "101")


def test_the_host_may_put_the_digits_together(hsm: Hsm) -> None:
    text = "41234567890123458701101".ljust(32, "0")
    assert cvv_of_text(PAIR, text) == "561"
    verify_cvv_of_text(hsm, PAIR, "561", text)
    with pytest.raises(VerificationFailed):
        verify_cvv_of_text(hsm, PAIR, "562", text)
    with pytest.raises(InputInvalid):
        verify_cvv_of_text(hsm, PAIR, "5610", text)
    for length in (8, 24):
        with pytest.raises(KeyLengthInvalid):
            cvv_of_text(ClearKey(bytes(range(length))), text)
