"""Simulated terminals over real sockets, against a host that a test scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cardholders import CARD, NEW_PIN, PAN, PIN, TMK, TPK, check_value, pin_in, under_tmk
from support.linked import Loop, loop
from support.terminalhost import ANSWER_SECONDS, ATM_MORE, POS_MORE, TERMINAL, Counter, Host, honest, told

from switch.codec.message import Message, Parts
from switch.link.terms import Line
from switch.server.drive import Sending

CALLS: tuple[tuple[str, dict[str, object]], ...] = (
    ("purchase", {"amount": 5, "pin": PIN}),
    ("cash-advance", {"amount": 7, "pin": PIN}),
    ("void", {"invoice": "2"}),
)
ATM = TERMINAL.format("ATM00001", "atm", "atm", ATM_MORE)
POS = TERMINAL.format("POS00001", "pos", "pos", POS_MORE)
SECOND = TERMINAL.format("POS00002", "pos", "pos", POS_MORE)


@pytest.fixture
def run() -> Iterator[Loop]:
    """A reactor of this test's own."""
    with loop() as made:
        yield made


def at_atm(run: Loop, folder: Path, host: Host, more: str = "") -> Counter:
    """An ATM that has its key."""
    counter = Counter(run, folder, host, [("atm", "napas", "each", more)], ATM)
    run.until(lambda: counter.opened("atm"))
    assert counter.order('{"terminal": "ATM00001", "do": "sign-on"}')["outcome"] == "approved"
    host.heard.clear()
    return counter


def order(do: str, pin: str = PIN, **more: object) -> str:
    return json.dumps({"id": 1, "terminal": "ATM00001", "do": do, "card": "an", "pin": pin, **more})


def test_every_service_of_an_atm(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = at_atm(run, tmp_path, host)
    done = counter.order(order("withdrawal", amount=700_000))
    assert (done["id"], done["outcome"], done["response"], done["dispensed"]) == (1, "approved", "00", 700_000)
    assert "amount 700000 VND" in str(done["receipt"])
    wrong = counter.order(order("withdrawal", "111111", amount=700_000))
    assert (wrong["outcome"], wrong["response"], wrong["meaning"]) == ("declined", "55", "wrong PIN")
    assert counter.order(order("balance"))["outcome"] == "approved"
    assert (
        counter.order(order("transfer", amount=5, **{"from": "1", "to": "2", "to-type": "10"}))["outcome"] == "approved"
    )
    assert host.heard[-1].fields[3] == "400010"
    assert counter.order(order("pin-change", **{"new-pin": NEW_PIN}))["outcome"] == "approved"
    block = host.heard[-1].fields[48]
    assert isinstance(block, str)
    assert pin_in(bytes.fromhex(block)) == NEW_PIN
    assert [message.mti for message in host.heard] == ["0200"] * 5, "nothing is reversed"
    status = counter.order('{"terminal": "ATM00001", "do": "status"}')
    assert (status["stage"], status["reversal owed"], status["pin key"]) == ("no card", False, True)


def test_a_chip_card_says_what_its_chip_says(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = at_atm(run, tmp_path, host)
    assert counter.order(order("withdrawal", amount=500_000, card="chi"))["outcome"] == "approved"
    assert host.heard[-1].fields[22] == "051"
    chip = host.heard[-1].fields[55]
    assert isinstance(chip, Parts)
    assert chip["9F26"] == bytes.fromhex("A1A2A3A4A5A6A7A8")


def test_without_an_answer_the_reversal_goes_until_it_is_settled(run: Loop, tmp_path: Path) -> None:
    answers = iter((None, "91", None, "00"))

    def host_says(message: Message) -> Message | None:
        if message.mti == "0200":
            return None
        if message.mti[:3] == "042":
            response = next(answers)
            return told(message, response) if response else None
        return honest(message)

    host = Host(host_says)
    counter = at_atm(run, tmp_path, host)
    done = counter.order(order("withdrawal", amount=700_000))
    assert (done["outcome"], done["reversal"], "dispensed" in done) == ("unable", True, False)
    settled = counter.event("reversal")
    assert (settled["response"], settled["irregular"], settled["stan"]) == ("00", False, done["stan"])
    assert [message.mti for message in host.heard] == ["0200", "0420", "0421", "0421", "0421"]
    first, *repeats = host.heard[1:]
    assert all(each.fields == first.fields for each in repeats)


def test_what_waits_for_a_reversal_goes_on_behind_it(run: Loop, tmp_path: Path) -> None:
    silent = [True]
    host = Host(lambda message: None if silent[0] and message.fields.get(70) != "101" else honest(message))
    counter = at_atm(run, tmp_path, host)
    assert counter.order(order("withdrawal", amount=700_000))["outcome"] == "unable"
    refused = counter.order(order("withdrawal", amount=500_000))
    assert (refused["outcome"], refused["text"]) == ("refused", "a reversal is not settled yet")
    silent[0] = False
    assert counter.order(order("withdrawal", amount=500_000))["outcome"] == "approved"
    reversals = [index for index, message in enumerate(host.heard) if message.mti[:3] == "042"]
    assert max(reversals) < len(host.heard) - 1, "the reversal goes before what comes after it"


def test_a_late_answer_changes_nothing(run: Loop, tmp_path: Path) -> None:
    host = Host(lambda message: None if message.mti == "0200" else honest(message))
    counter = at_atm(run, tmp_path, host)
    assert counter.order(order("withdrawal", amount=700_000))["outcome"] == "unable"
    counter.event("reversal")
    assert counter.links["atm"].answer(told(host.heard[0], "00")) is Sending.WRITTEN
    assert counter.event("late answer")["response"] == "00"
    status = counter.order('{"terminal": "ATM00001", "do": "status"}')
    assert status["cassettes"] == [{"note": 500_000, "count": 20}, {"note": 100_000, "count": 10}]
    assert [message.mti for message in host.heard] == ["0200", "0420"]


def test_a_connection_that_breaks_leaves_a_reversal_for_the_next(run: Loop, tmp_path: Path) -> None:
    def host_says(message: Message) -> Message | None:
        if message.mti == "0200":
            stream = counter.links["atm"].stream
            assert stream is not None
            stream.hang_up()
            return None
        return honest(message)

    host = Host(host_says)
    counter = at_atm(run, tmp_path, host)
    assert counter.order(order("withdrawal", amount=700_000))["text"] == "no answer from the bank"
    assert counter.event("reversal")["response"] == "00"
    assert host.heard[1].mti in ("0420", "0421")


def test_where_no_host_is_nothing_is_reversed(run: Loop, tmp_path: Path) -> None:
    counter = at_atm(run, tmp_path, Host(honest))
    counter.terminals.links.stop()
    run.until(lambda: counter.terminals.links.closed)
    done = counter.order(order("withdrawal", amount=700_000))
    assert (done["outcome"], done["text"], "reversal" in done) == ("unable", "the bank can't be reached", False)


def test_a_dispenser_that_stops_keeps_the_rest_of_the_money_at_the_bank(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = at_atm(run, tmp_path, host)
    fault = {"terminal": "ATM00001", "do": "fault", "fault": "dispenser", "notes": 1}
    assert counter.order(json.dumps(fault))["outcome"] == "done"
    done = counter.order(order("withdrawal", amount=700_000))
    assert (done["outcome"], done["dispensed"], done["reversal"]) == ("unable", 500_000, True)
    counter.event("reversal")
    assert str(host.heard[-1].fields[95])[:12] == "000000500000"
    assert counter.order(order("withdrawal", amount=700_000))["text"] == "the dispenser is out of order"
    counter.order('{"terminal": "ATM00001", "do": "service"}')
    assert counter.order(order("withdrawal", amount=700_000))["dispensed"] == 700_000


def test_other_faults_of_the_machine(run: Loop, tmp_path: Path) -> None:
    counter = at_atm(run, tmp_path, Host(honest))
    assert counter.order(order("balance", damaged=True))["text"] == "the card can't be read"
    counter.order('{"terminal": "ATM00001", "do": "fault", "fault": "paper"}')
    assert "receipt" not in counter.order(order("balance"))
    counter.order('{"terminal": "ATM00001", "do": "fault", "fault": "jam"}')
    assert counter.order(order("balance"))["text"] == "the card reader is out of order"
    for line, wrong in (
        (order("balance", card="nobody"), "card"),
        (order("purchase"), "do"),
        ('{"terminal": "ATM00009", "do": "status"}', "terminal"),
        ("nonsense", "JSON"),
    ):
        came = counter.order(line)
        assert wrong in str(came.get("error", came.get("text")))


def test_the_host_brings_a_new_key(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = at_atm(run, tmp_path, host)
    new = bytes.fromhex("0F1E2D3C4B5A69788796A5B4C3D2E1F1")
    for value, response in (("000000", "63"), (check_value(new), "00")):
        tags = Parts([("01", under_tmk(new)), ("02", value), ("03", "000002")])
        offer = Message("0800", {7: "1122120000", 11: f"0000{response}", 41: "ATM00001", 48: tags, 70: "161"})
        host.replies.clear()
        assert counter.links["atm"].ask(offer, None).accepted
        run.until(lambda: host.replies)
        assert host.replies[0].fields[39] == response
    assert host.replies[-1].fields[48] == Parts([("02", check_value(new)), ("03", "000002")])
    assert counter.order(order("balance"))["response"] == "55", "the old key opens nothing any more"


def test_a_leased_line_takes_its_time_and_loses_nothing(run: Loop, tmp_path: Path) -> None:
    wire = "[link.wire]\nbits-per-second = 64000\nlatency-seconds = 0.02"
    counter = at_atm(run, tmp_path, Host(honest), wire)
    began = run.clock.seconds()
    assert counter.order(order("withdrawal", amount=700_000))["outcome"] == "approved"
    assert run.clock.seconds() - began >= 0.04, "there and back"


def pos_order(terminal: str, do: str, **more: object) -> str:
    return json.dumps({"terminal": terminal, "do": do, "card": "an", **more})


def test_a_dialled_terminal_calls_once_for_each_transaction(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = Counter(run, tmp_path, host, [("pos", "edc", "none", "dial-up = true")], POS)
    assert counter.order(pos_order("POS00001", "sign-on"))["outcome"] == "approved"
    for count, (do, more) in enumerate(CALLS, 2):
        run.until(lambda: counter.terminals.links["pos"].state.line is Line.CLOSED)
        run.until(lambda: counter.links["pos"].stream is None)
        assert counter.order(pos_order("POS00001", do, **more))["outcome"] == "approved"
        assert counter.links["pos"].counts["connections"] == count
    assert [message.fields.get(62) for message in host.heard[1:]] == ["000001", "000002", "000002"]


def test_a_dialled_terminal_that_reaches_nobody_says_so(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = Counter(run, tmp_path, host, [("pos", "edc", "none", "dial-up = true")], POS)
    run.until(lambda: counter.links["pos"].state.line is Line.SOUGHT)
    counter.links.stop()
    done = counter.order(pos_order("POS00001", "purchase", amount=5), ANSWER_SECONDS)
    assert (done["outcome"], done["text"]) == ("unable", "the host can't be reached")
    run.until(lambda: counter.terminals.links["pos"].state.line is Line.CLOSED)


def test_two_terminals_share_a_line_behind_a_concentrator(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = Counter(run, tmp_path, host, [("pos", "edc", "none", "")], POS + SECOND)
    run.until(lambda: counter.opened("pos"))
    refused = counter.order(pos_order("POS00001", "balance", pin=PIN))
    assert refused["text"] == "the keypad has no PIN key yet: the host gives it one"
    came: list[dict[str, object]] = []
    for terminal in ("POS00001", "POS00002"):
        counter.terminals.command(pos_order(terminal, "purchase", amount=9).encode(), came.append)
    run.until(lambda: len(came) == 2)
    assert {(each["terminal"], each["outcome"], each["invoice"]) for each in came} == {
        ("POS00001", "approved", "000001"),
        ("POS00002", "approved", "000001"),
    }
    assert counter.order(pos_order("POS00001", "reversal"))["outcome"] == "approved"
    assert counter.event("reversal")["terminal"] == "POS00001"
    settled = counter.order(pos_order("POS00002", "settlement"))
    assert settled["outcome"] == "approved"
    assert host.heard[-1].mti == "0500"


def test_no_secret_is_told_or_traced(run: Loop, tmp_path: Path) -> None:
    host = Host(honest)
    counter = at_atm(run, tmp_path, host)
    lines = [
        counter.order(order("withdrawal", amount=700_000)),
        counter.order(order("pin-change", **{"new-pin": NEW_PIN})),
    ]
    lines.append(counter.order(order("balance", pin="12")))
    told_all = json.dumps([*lines, *counter.events, *counter.traced]) + repr(counter.terminals.by_id["ATM00001"].state)
    assert len(counter.traced) == 6, "three questions and their answers"
    blocks = [message.fields[52] for message in host.heard]
    for secret in (
        PIN,
        NEW_PIN,
        PAN,
        CARD.track_2,
        TPK.hex(),
        TMK.hex(),
        *(b.hex() for b in blocks if isinstance(b, bytes)),
    ):
        assert secret not in told_all.lower()
