"""One masked line for each message."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from support.cardholders import ATM, CARD, PAN, POS

from switch.codec.message import Message
from switch.link.profile import Profile
from switch.simulators.commands import told_of
from switch.simulators.talk import Finished, Outcome
from switch.simulators.terminal import PIN_CHANGE, WITHDRAWAL
from switch.simulators.trace import line
from switch.simulators.wording import Chosen, Moment, request, reversal

MEANINGS = {"00": "approved"}
ASKED = request(ATM, Chosen(WITHDRAWAL, 700_000), CARD, bytes(range(8)), Moment("000123", "120102", "1122"))
MASKED = f"{PAN[:6]}******{PAN[-4:]}"


def shown(message: Message, sent: bool = True) -> str:
    return line("12:01:02", ATM, sent, message, Profile(), MEANINGS)


def test_a_request_its_answer_and_its_reversal() -> None:
    assert shown(ASKED) == (
        f"12:01:02 ATM00001 → 0200 financial request, withdrawal, 700000 VND, card {MASKED}, with a PIN block, STAN 000123"
    )
    answer = Message("0210", {3: "010000", 4: 700_000, 11: "000123", 38: "A00001", 39: "00", 49: "704"})
    assert shown(answer, False) == (
        "12:01:02 ATM00001 ← 0210 financial response, withdrawal, 700000 VND, 00 approved, approval A00001, STAN 000123"
    )
    assert "of which dispensed 500000 VND" in shown(reversal(ASKED, "A00001", 500_000))
    assert shown(Message("0800", {11: "000001", 41: "POS00001", 70: "101"})) == (
        "12:01:02 ATM00001 → 0800 network management request, key-request, STAN 000001"
    )


@given(
    st.sampled_from(("0210", "0430", "0800", "0999")),
    st.dictionaries(st.sampled_from((2, 3, 11, 12, 13, 38, 39, 41, 49, 54, 70, 95)), st.text(max_size=50)),
    st.integers(0, 10**12),
)
def test_whatever_a_host_says_can_be_shown(mti: str, fields: dict[int, str], amount: int) -> None:
    message = Message(mti, {**fields, 4: amount, 52: bytes(8)})
    assert shown(message)
    finished = Finished(WITHDRAWAL, Outcome.APPROVED, "ok", 5, 5, message, message)
    json.dumps(told_of(ATM, finished, MEANINGS))


def test_nothing_secret_is_in_any_line() -> None:
    change = request(
        ATM, Chosen(PIN_CHANGE, new_block=bytes(range(16, 24))), CARD, bytes(range(8)), Moment("1", "2", "3")
    )
    told = shown(ASKED) + shown(change) + line("", POS, False, change, Profile(), {})
    for secret in (PAN, CARD.track_2, bytes(range(16, 24)).hex(), bytes(range(8)).hex()):
        assert secret not in told.lower()
