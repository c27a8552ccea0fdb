"""What the HSM is asked, and what follows from its answers: by psec, and by an appliance that is a process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from support.appliancekeys import DIALECTS, NAMES, Keys
from support.ourbank import (
    ANNA,
    BINH,
    CHI,
    CONFIG,
    CVK,
    OFFSETS,
    PVK,
    ZONE_KEY,
    Bank,
    asks,
    block_of,
    cvv_of,
    offset_of,
    pvv,
    track_of,
    under_lmk,
)
from support.switchport import Asking
from support.turning import turning

from hsm.client.process import ApplianceProcess
from switch import asking as q
from switch.asking import Cause, NoAnswer
from switch.flow.request import Request
from switch.issuer.cards import STATUSES


@pytest.fixture
def bank() -> Bank:
    return Bank()


def withdrawal(stan: int = 1, digits: str = "1234", **more: Any) -> Request:
    return asks("withdrawal", stan, 1_000, digits=digits, **more)


def wrong_cvv() -> str:
    return f"{(int(cvv_of(ANNA)) + 1) % 1000:03}"


def test_the_pin_is_asked_for_by_pvv(bank: Bank) -> None:
    assert bank.say(withdrawal()) == "00"
    block = block_of("1234", ANNA)
    assert bank.asked == [
        q.VerifyPinByPvv(q.Holder.ZONE, ZONE_KEY.cryptogram, under_lmk(PVK, "002"), block, ANNA, "1", pvv(ANNA, "1234"))
    ]


def test_or_by_offset() -> None:
    bank = Bank(OFFSETS, offset_of)
    assert bank.say(withdrawal()) == "00"
    assert [type(each) for each in bank.asked] == [q.VerifyPinByOffset]
    assert bank.say(withdrawal(2, "1235")) == "55"
    assert bank.say(asks("PIN change", 3, de_48="0" * 16)) == "57"


def test_the_key_is_the_likeliest_and_of_its_kind(bank: Bank) -> None:
    other = replace(ZONE_KEY, holder=q.Holder.TERMINAL, format=q.PinFormat.ISO_3)
    bank.hsm = lambda question: q.Verified(True)
    assert bank.ask(withdrawal(), (other, ZONE_KEY)).response == "00"
    (asked,) = bank.asked
    assert isinstance(asked, q.VerifyPinByPvv)
    assert (asked.holder, asked.format) == (q.Holder.TERMINAL, q.PinFormat.ISO_3)
    assert bank.ask(withdrawal(), ()).response == "86"


def test_three_wrong_pins_and_a_right_one_between(bank: Bank) -> None:
    assert [bank.say(withdrawal(n, "0000")) for n in (1, 2)] == ["55", "55"]
    assert bank.say(withdrawal(3)) == "00"
    assert [bank.say(withdrawal(n, "0000")) for n in (4, 5, 6)] == ["55", "55", "75"]
    assert bank.say(withdrawal(7)) == "75"
    assert bank.asked
    assert bank.card().tries_left == 0


def test_many_that_guess_at_once_have_three_tries_together(bank: Bank) -> None:
    """All were asked of the HSM before any was decided."""

    def decided(stan: int, right: bool) -> str:
        work = partial(bank.issuer.decide, request=withdrawal(stan), answers=[q.Verified(right)])
        return bank.store.do(work).response

    assert [decided(stan, right=False) for stan in range(3)] == ["55", "55", "75"]
    assert decided(9, right=True) == "75"


def test_a_right_pin_counts_though_there_are_no_funds(bank: Bank) -> None:
    bank.say(withdrawal(1, "0000"))
    assert bank.say(asks("withdrawal", 2, 900_000)) == "51"
    assert bank.card().tries_left == 3


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (NoAnswer(Cause.NOT_ASKED), "91"),
        (NoAnswer(Cause.UNKNOWN), "91"),
        (NoAnswer(Cause.REFUSED, "20", "PinBlockInvalid"), "86"),
        (NoAnswer(Cause.REFUSED, "68"), "86"),
    ],
)
@pytest.mark.parametrize("name", ["withdrawal", "PIN change"])
def test_without_an_answer_nothing_happens(bank: Bank, name: str, answer: NoAnswer, response: str) -> None:
    before = dict(bank.store.rows)
    bank.hsm = lambda question: answer
    assert bank.say(asks(name, 1, 1_000, de_48=block_of("7777", ANNA).hex())) == response
    assert bank.store.rows == before


@pytest.mark.parametrize("status", STATUSES)
def test_a_cards_status_decides_first(bank: Bank, status: str) -> None:
    bank.put(replace(bank.card(), status=status))
    assert bank.say(withdrawal()) == (STATUSES[status] or "00")


def test_the_usual_codes() -> None:
    """DE 39 by ISO 8583:1987: 41 lost, 43 stolen, 62 restricted, 04 pick up, 34 suspected fraud, 14 invalid card."""
    assert {name: code for name, code in STATUSES.items() if code} == {
        "inactive": "62", "restricted": "62", "lost": "41", "stolen": "43", "capture": "04", "fraud": "34",
        "closed": "14",
    }  # fmt: skip


@pytest.mark.parametrize(("date", "response"), [("20301231", "00"), ("20310101", "54"), ("20301201", "00")])
def test_a_card_is_good_to_the_end_of_its_month(bank: Bank, date: str, response: str) -> None:
    assert bank.say(asks("withdrawal", 1, 1_000, date=date)) == response


@pytest.mark.parametrize(
    ("more", "response"),
    [
        ({"de_14": "3012"}, "00"),
        ({"de_14": "3011"}, "54"),
        ({"de_35": track_of(ANNA)}, "00"),
        ({"de_35": track_of(ANNA).replace("=", "D")}, "00"),
        ({"de_35": track_of(ANNA, wrong_cvv())}, "63"),
        ({"de_35": track_of(BINH)}, "63"),
        ({"de_35": track_of(ANNA, expires="3011")}, "54"),
        ({"de_35": track_of(ANNA, service_code="101")}, "63"),
        ({"de_35": track_of(ANNA)[:-1]}, "63"),
        ({"de_35": f"{ANNA}=3012"}, "30"),
        ({"de_35": "no track"}, "30"),
        ({"de_35": track_of(ANNA, cvv_of(ANNA, "999")), "de_22": "051"}, "00"),
        ({"de_35": track_of(ANNA, cvv_of(ANNA, "999")), "de_22": "021"}, "63"),
        ({"de_35": track_of(ANNA), "de_22": "051"}, "63"),
    ],
)
def test_track_2_must_be_the_cards(bank: Bank, more: dict[str, Any], response: str) -> None:
    assert bank.say(withdrawal(**more)) == response
    assert bank.card().tries_left == 3


def test_a_wrong_cvv_tells_nothing_of_the_pin(bank: Bank) -> None:
    said = [
        bank.say(withdrawal(n, digits, de_35=track_of(ANNA, wrong_cvv()))) for n, digits in enumerate(["0000", "1234"])
    ]
    assert said == ["63", "63"]
    assert [type(each) for each in bank.asked] == [q.VerifyCvv, q.VerifyPinByPvv]
    assert bank.card().tries_left == 3


@pytest.mark.parametrize(
    ("answer", "response"), [(NoAnswer(Cause.UNKNOWN), "91"), (NoAnswer(Cause.REFUSED, "27"), "96")]
)
def test_a_cvv_that_cannot_be_verified(bank: Bank, answer: NoAnswer, response: str) -> None:
    bank.hsm = lambda question: answer if isinstance(question, q.VerifyCvv) else q.Verified(False)
    assert bank.say(withdrawal(de_35=track_of(ANNA))) == response
    assert bank.card().tries_left == 3


def test_without_a_cvk_no_cvv_is_asked_about() -> None:
    bank = Bank("\n".join(line for line in CONFIG.splitlines() if not line.startswith("cvk")))
    assert bank.say(withdrawal(de_35=track_of(ANNA, wrong_cvv()))) == "00"
    assert bank.say(withdrawal(2, de_35=track_of(BINH))) == "63"


def test_nothing_secret_is_shown(bank: Bank) -> None:
    bank.say(withdrawal(de_35=track_of(ANNA)))
    shown = repr(bank.asked) + repr(bank.config) + repr(bank.books) + repr(bank.issuer)
    for secret in (ANNA, CHI, cvv_of(ANNA), pvv(ANNA, "1234"), under_lmk(PVK, "002"), under_lmk(CVK, "402")):
        assert secret not in shown


@pytest.fixture(scope="module", params=DIALECTS, ids=NAMES)
def keys(request: pytest.FixtureRequest) -> Keys:
    """How the HSM keeps keys."""
    found: Keys = request.param
    return found


@pytest.fixture(scope="module")
def appliance(keys: Keys) -> Iterator[ApplianceProcess]:
    with ApplianceProcess(keys.options) as running:
        yield running


@pytest.fixture
def real(appliance: ApplianceProcess, keys: Keys, request: pytest.FixtureRequest) -> Iterator[Bank]:
    """A bank whose HSM is the appliance; by parameter that of OFFSETS."""
    with turning() as turned:
        text, check = getattr(request, "param", (CONFIG, pvv))
        bank = Bank(text, check, keys)
        asking = Asking(turned, keys.port(appliance), keys.wire)
        bank.hsm = asking
        yield bank
        asking.close()


def test_with_a_real_hsm(real: Bank) -> None:
    track = track_of(ANNA)
    assert real.say(withdrawal(1, de_35=track)) == "00"
    assert real.say(withdrawal(2, "0000", de_35=track)) == "55"
    assert real.say(withdrawal(3, de_35=track_of(ANNA, wrong_cvv()))) == "63"
    assert real.say(withdrawal(4, de_35=track_of(ANNA, cvv_of(ANNA, "999")), de_22="051")) == "00"
    assert real.card().tries_left == 3
    assert real.held("anna") == 798_000


@pytest.mark.parametrize("real", [(OFFSETS, offset_of)], ids=["offsets"], indirect=True)
def test_offsets_with_a_real_hsm(real: Bank) -> None:
    assert [real.say(withdrawal(n, digits)) for n, digits in ((1, "1234"), (2, "1235"), (3, "1234"))] == [
        "00",
        "55",
        "00",
    ]


def test_a_pin_is_changed_with_a_real_hsm(real: Bank) -> None:
    new = block_of("7777", ANNA).hex().upper()
    assert real.say(asks("PIN change", 1, digits="1235", de_48=new)) == "55"
    assert real.say(asks("PIN change", 2, de_48=new)) == "00"
    assert real.card().pin_check == pvv(ANNA, "7777")
    assert [real.say(withdrawal(n, digits)) for n, digits in ((3, "1234"), (4, "7777"))] == ["55", "00"]
    assert real.say(asks("PIN change", 5, digits="7777", de_48="0" * 16)) == "86"
    assert real.say(asks("withdrawal", 6, 1, de_52=bytes(8))) == "86"
