"""PINs under the KM: kept, compared, bound to their account and to nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import EracomSpeaker, make_eracom
from support.eracompins import ANB, FIRST, OTHER_PAN, PAN, STORED, anb, block, pin_speaker

PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=16, max_size=16)


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return pin_speaker()


def keep(ask: EracomSpeaker, digits: str, pan: str = PAN) -> str:
    reply = ask(f"EE0643 00 {block(digits, pan)} {FIRST} 01 {anb(pan)}")
    assert reply[:8] == "EE064300"
    return reply[8:]


def verify(digits: str, kept: str, pan: str = PAN) -> str:
    return f"EE0642 00 {block(digits, pan)} {FIRST} 01 {anb(pan)} {kept}"


@given(digits=PINS, pan=PANS, other=PINS)
def test_kept_and_compared(ask: EracomSpeaker, digits: str, pan: str, other: str) -> None:
    kept = keep(ask, digits, pan)
    assert len(kept) == 16
    assert ask(verify(digits, kept, pan)) == "EE064200"
    assert ask(verify(other, kept, pan)) == ("EE064200" if other == digits else "EE064208")
    assert keep(ask, digits, pan) == kept


@given(digits=PINS, at=st.integers(0, 63))
def test_no_damage_verifies(ask: EracomSpeaker, digits: str, at: int) -> None:
    damaged = f"{int(keep(ask, digits), 16) ^ 1 << at:016X}"
    assert ask(verify(digits, damaged)) in ("EE064207", "EE064208")


@given(digits=PINS, pan=PANS, other=PANS)
def test_no_other_account_verifies(ask: EracomSpeaker, digits: str, pan: str, other: str) -> None:
    if anb(pan) != anb(other):
        assert keep(ask, digits, pan) != keep(ask, digits, other)
        assert ask(verify(digits, keep(ask, digits, pan), other)) in ("EE064207", "EE064208")


def test_made_at_random(ask: EracomSpeaker) -> None:
    made = {ask(f"EE0640 00 06 {ANB}") for _ in range(20)}
    assert {each[:8] for each in made} == {"EE064000"}
    assert len(made) > 15
    codes = {length: ask(f"EE0640 00 {length} {ANB}")[6:] for length in ("00", "03", "0D")}
    assert codes == {"00": "F0", "03": "07", "0D": "04"}
    assert ask(f"EE0640 00 04 {ANB[:-1]}F") == "EE064004"


def test_refusals(ask: EracomSpeaker) -> None:
    kept = keep(ask, "1234")
    assert ask(verify("1234", kept).replace(" 01 ", " 14 ", 1)) == "EE064206"
    assert ask(verify("1234", kept).replace(ANB, anb(OTHER_PAN))) == "EE064207"
    assert ask(verify("1234", kept) + "00") == "EE064203"
    assert ask(f"EE0643 00 {block('1234')} 020099 01 {ANB}") == "EE06430A"
    assert make_eracom(km=None)(f"EE0640 00 04 {ANB}") == "EE064009"


def test_another_km_opens_nothing(ask: EracomSpeaker) -> None:
    other = make_eracom(stored=STORED, km="test-33")
    assert other(verify("1234", keep(ask, "1234"))) == "EE064207"


def test_fraud_limits() -> None:
    ask = pin_speaker(fraud_detection="yes", pin_verifies_per_minute="1")
    kept = keep(ask, "1234")
    assert [ask(verify("4321", kept)), ask(verify("1234", kept))] == ["EE064208", "EE0642A0"]
