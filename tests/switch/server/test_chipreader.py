"""A terminal's chip reader, over real sockets: against a host that is the card's issuer, by pyemv, or is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.boxed import BOX_KEY, BOX_LINES, NAME, PAN, authentication, boxed, is_right, objects
from support.cardholders import PIN
from support.cardroom import SeededBytes
from support.linked import Loop, loop
from support.terminalhost import ATM_MORE, POS_MORE, TERMINAL, Counter, Host, honest

from switch.codec.message import Message, Parts
from switch.codec.nested import BerTlv
from switch.perso.cardbox import CardBox
from switch.simulators.commands import Told

AMOUNT = 500_000


@pytest.fixture
def run() -> Iterator[Loop]:
    """A reactor of this test's own."""
    with loop() as made:
        yield made


def chip_in(message: Message) -> bytes:
    said = message.fields[55]
    assert isinstance(said, Parts)
    return BerTlv().write(said)


class Issuer:
    """Approves what has a right cryptogram; *honest* answers with what a chip expects."""

    def __init__(self, is_honest: bool = True) -> None:
        self.is_honest = is_honest

    def __call__(self, message: Message) -> Message:
        answer = honest(message)
        if 55 not in message.fields or answer.fields[39] != "00":
            return answer
        said = authentication(chip_in(message))
        return answer.changed(fields={55: Parts([("91", said if self.is_honest else bytes(8) + b"00")])})


def at_atm(run: Loop, folder: Path, host: Host) -> Counter:
    boxed(folder).close()
    counter = Counter(
        run,
        folder,
        host,
        [("atm", "napas", "each", "")],
        TERMINAL.format("ATM00001", "atm", "atm", ATM_MORE),
        BOX_LINES,
    )
    run.until(lambda: counter.opened("atm"))
    assert counter.order('{"terminal": "ATM00001", "do": "sign-on"}')["outcome"] == "approved"
    host.heard.clear()
    return counter


def order(counter: Counter, do: str = "withdrawal", pin: str = PIN, **more: object) -> Told:
    line = {"id": 1, "terminal": "ATM00001", "do": do, "card": NAME, "pin": pin, **more}
    return counter.order(json.dumps(line if do != "withdrawal" else {"amount": AMOUNT, **line}))


def test_each_request_has_a_cryptogram_of_its_own(run: Loop, tmp_path: Path) -> None:
    host = Host(Issuer())
    counter = at_atm(run, tmp_path, host)
    for done in (order(counter), order(counter, amount=700_000), order(counter, "balance")):
        assert (done["outcome"], done["chip"]) == ("approved", "accepts the answer")
    said = [objects(chip_in(message)) for message in host.heard]
    assert all(is_right(chip_in(message)) for message in host.heard)
    assert [each["9F02"].hex() for each in said] == [f"{AMOUNT:012}", "000000700000", "000000000000"]
    assert [each["9F36"].hex() for each in said] == ["0001", "0002", "0003"]
    assert [each["9C"].hex() for each in said] == ["01", "01", "30"]
    assert len({each["9F37"] for each in said}) == 3
    assert host.heard[0].fields[22] == "051"
    assert host.heard[0].fields[35] == f"{PAN}=2812201", "the chip's own track 2"


def test_an_answer_that_the_chip_does_not_accept_gives_no_money(run: Loop, tmp_path: Path) -> None:
    host = Host(Issuer(is_honest=False))
    counter = at_atm(run, tmp_path, host)
    done = order(counter)
    assert (done["outcome"], done["chip"], done["reversal"]) == ("unable", "does not accept the answer", True)
    assert "dispensed" not in done
    assert counter.event("reversal")["response"] == "00"
    assert [message.mti for message in host.heard] == ["0200", "0420"]


def test_of_a_refusal_the_chip_has_nothing_to_say(run: Loop, tmp_path: Path) -> None:
    counter = at_atm(run, tmp_path, Host(Issuer()))
    done = order(counter, pin="111111")
    assert (done["outcome"], done["response"], "chip" in done) == ("declined", "55", False)


def test_what_a_dishonest_terminal_can_say(run: Loop, tmp_path: Path) -> None:
    host = Host(Issuer())
    counter = at_atm(run, tmp_path, host)
    assert order(counter, chip="replayed")["text"] == "the chip has said nothing yet that could be said again"
    order(counter)
    order(counter, chip="replayed")
    order(counter, chip="falsified")
    order(counter, chip="swiped")
    one, again, false, swiped = (message for message in host.heard if message.mti == "0200")
    assert chip_in(one) == chip_in(again)
    assert not is_right(chip_in(false))
    assert (swiped.fields[22], 55 in swiped.fields, swiped.fields[35]) == ("021", False, f"{PAN}=281220110000123")
    assert order(counter, card="an", chip="swiped")["text"] == '"chip" is about cards of the box'


def test_the_counter_is_kept_before_the_host_is_asked(run: Loop, tmp_path: Path) -> None:
    kept: list[int] = []

    def looks(message: Message) -> Message:
        if message.mti == "0200":
            (card,) = CardBox(tmp_path / "cards.box", BOX_KEY, SeededBytes("look"))
            assert card.chip.application is not None
            kept.append(card.chip.application.counter)
        return honest(message)

    order(at_atm(run, tmp_path, Host(looks)))
    assert kept == [1]


def test_a_pos_terminal_reads_chips_too(run: Loop, tmp_path: Path) -> None:
    boxed(tmp_path).close()
    host = Host(Issuer())
    terminal = TERMINAL.format("POS00001", "pos", "pos", POS_MORE)
    counter = Counter(run, tmp_path, host, [("pos", "edc", "none", "")], terminal, BOX_LINES)
    run.until(lambda: counter.opened("pos"))
    bought = {"terminal": "POS00001", "do": "purchase", "card": NAME, "amount": 5}
    done = counter.order(json.dumps(bought))
    assert (done["outcome"], done["chip"]) == ("approved", "accepts the answer")
    said = chip_in(host.heard[-1])
    assert is_right(said)
    assert (objects(said)["9F02"].hex(), objects(said)["9C"]) == ("000000000005", b"\0")
    typed = counter.order(json.dumps({**bought, "keyed": True}))
    assert "chip" not in typed
    assert (host.heard[-1].fields[22], 55 in host.heard[-1].fields) == ("012", False)
    void = counter.order(json.dumps({"terminal": "POS00001", "do": "void", "card": NAME, "invoice": done["invoice"]}))
    assert (void["outcome"], 55 in host.heard[-1].fields) == ("approved", False)
