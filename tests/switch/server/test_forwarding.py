"""Store-and-forward over a link on a fake clock, with a real store of either kind."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from support.bookkeeping import owed, transaction
from support.paper import Paper
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.matching import Finding, Verdict
from switch.link.profile import Profile, SignOn
from switch.link.state import State
from switch.link.terms import Purpose
from switch.saf.events import End
from switch.saf.rules import US, Rules
from switch.saf.watch import Alarm
from switch.saf.works import owe
from switch.server.drive import DrivenLink
from switch.server.forwarding import Forwarding
from switch.server.queued import Surroundings
from switch.store.database import Database, Unavailable
from switch.store.group import Result
from switch.store.reading import Reading
from switch.store.rows import Owed, Stage, Transaction, owed_key
from switch.store.view import View, Work
from switch.store.writer import Writer

CONFIG = LinkConfig("bank-i", "banknet", "127.0.0.1", 5001, Profile(sign_on=SignOn.NONE))
T = TypeVar("T")
BEGAN_US = 1_700_000_000 * US


class Counted(Writer):
    """Delivers into a queue that the test empties, and counts what was submitted."""

    def __init__(self, database: Database) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.submitted = 0
        super().__init__(database, self.calls.put)

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        self.submitted += 1
        super().submit(work, told)


class Bench:
    """An exchange that does nothing but forward."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self.database, self.rules = database, rules
        self.clock, self.number = Clock(), 0
        self.writer, self.reading = Counted(database), Reading(database)
        self.ends: list[tuple[str, End]] = []
        self.notes: list[object] = []
        self.ready = True
        self.wrong = ""
        self.boot()

    def boot(self) -> None:
        self.paper = Paper()
        self.link = DrivenLink(CONFIG, self, self.paper, self.clock, lambda: 0.0, lambda: "1122334455")
        around = Surroundings(
            lambda name: self.link, self.clock, self.now_us, lambda call: maybeDeferred(call), self.sealed,
            lambda link, message: succeed(self.wrong), lambda link, code: {"X1": "91"}.get(code, code), self, self.also,
        )  # fmt: skip
        self.forwarding = Forwarding(self.writer, self.reading, {"bank-i": self.rules}, around)
        self.forwarding.start()
        self.link.order(Order.OPEN)

    def kill(self) -> None:
        """Whatever the process knew is gone."""
        self.settle()
        self.forwarding.stop()
        self.boot()

    def now_us(self) -> int:
        return BEGAN_US + round(self.clock.seconds() * US)

    def sealed(self, link: DrivenLink, message: Message) -> Deferred[Message | None]:
        return succeed(message.changed(fields={128: bytes(8)}) if self.ready else None)

    def also(self, view: View, row: Owed, end: End) -> None:
        original = view.get(Transaction, row.original_id)
        if original is not None and end is End.SETTLED:
            view.put(replace(original, stage=Stage.REVERSED))

    def owe(self, stan: str, kind: str = "reversal") -> str:
        original = transaction(stan, stage=Stage.REVERSAL_OWED)
        self.number += 1
        mti = "0420" if kind == "reversal" else "0220"
        message = Message(mti, {3: "010000", 4: 50_000, 7: "1122113000", 11: stan, 37: "000000003347", 41: "ATM00001"})
        id = owed_key("bank-i", original.id, kind)
        row = owed(
            original.id, self.number, id=id, mti=mti, body=codec("banknet").encode(message), queued_us=self.now_us(),
            expires_us=self.now_us() + 3_600 * US,
        )  # fmt: skip

        def put(view: View) -> None:
            view.put(original)
            owe(view, row)

        self.writer.submit(Work(put), lambda result: self.forwarding.wake("bank-i"))
        self.settle()
        return row.id

    def settle(self) -> None:
        """Until the store has nothing more to do."""
        before = -1
        while before != self.writer.submitted:
            ended: list[object] = []
            self.writer.submit(Work(lambda view: None), ended.append)
            before = self.writer.submitted
            while not ended:
                self.writer.calls.get(timeout=30)()

    def connect(self) -> None:
        self.link.connected(self.paper)
        self.settle()

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.settle()

    def hear(self, message: Message, response: str = "00", mti: str = "") -> None:
        answer = message.changed(mti=mti or f"{message.mti[:2]}30", fields={39: response})
        self.link.frame(codec("banknet").encode(answer))
        self.settle()

    def row(self, id: str) -> Owed:
        return next(row for row in self.reading.every(Owed) if row.id == id)

    # -- what links and store-and-forward tell

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        raise AssertionError("nobody asks")

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        if finding.verdict is Verdict.ANSWERS:
            self.forwarding.replied(link, message, finding.about)

    def expired(self, link: DrivenLink, about: object) -> None:
        self.forwarding.expired(link, about)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        self.forwarding.cut(link, about, written)

    def changed(self, link: DrivenLink, before: State) -> None:
        self.forwarding.changed(link)

    def noted(self, link: DrivenLink, effect: object) -> None:
        raise AssertionError("nothing to note")

    def ended(self, row: Owed, end: End) -> None:
        self.ends.append((row.id, end))

    def drained(self, link: str) -> None:
        self.notes.append("drained")

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        self.notes.append((alarm, raised))


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, Rules(age_alarm_us=60 * US, depth_alarm=2))
    yield made
    made.forwarding.stop()
    made.writer.close()
    made.reading.close()


def mtis(messages: list[Message]) -> list[str]:
    return [message.mti for message in messages]


def test_what_is_owed_goes_out_when_the_link_opens_and_is_settled_with_its_original(bench: Bench) -> None:
    id = bench.owe("000001")
    assert not bench.forwarding.may_pass("bank-i")
    bench.connect()
    [sent] = bench.paper.said()
    assert (sent.mti, sent.fields[11], sent.fields[128]) == ("0420", "000001", bytes(8))
    assert (bench.row(id).state, bench.row(id).attempts) == ("sent", 1)
    assert not bench.forwarding.may_pass("bank-i")
    bench.hear(sent)
    assert (bench.row(id).state, bench.row(id).response_code) == ("settled", "00")
    assert [row.stage for row in bench.reading.every(Transaction)] == [Stage.REVERSED]
    assert bench.ends == [(id, End.SETTLED)]
    assert bench.notes == ["drained"]
    assert bench.forwarding.may_pass("bank-i")
    assert not bench.reading.queues()
    assert not bench.reading.irregular()
    bench.hear(sent)
    bench.passes(50.0)
    assert bench.paper.said() == [], "what is settled is never sent again"
    assert bench.ends == [(id, End.SETTLED)]


@pytest.mark.parametrize("fault", [Unavailable("gone"), RuntimeError("can't start new thread")])
def test_what_could_not_be_read_is_read_again_whatever_it_was(
    bench: Bench, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object) -> list[Owed]:
        raise fault

    bench.owe("000001")
    with monkeypatch.context() as patched:
        patched.setattr(bench.reading, "owed", broken)
        bench.kill()
        bench.connect()
        assert bench.paper.said() == []
        assert not bench.forwarding.may_pass("bank-i")
    bench.passes(5.1)
    [sent] = bench.paper.said()
    bench.hear(sent)
    assert bench.forwarding.may_pass("bank-i")


def test_a_repeat_has_the_keys_of_the_first_and_comes_after_a_pause(bench: Bench) -> None:
    bench.connect()
    id = bench.owe("000001")
    bench.passes(20.1)
    first, second = bench.paper.said()
    assert mtis([first, second]) == ["0420", "0421"]
    assert second.changed(mti="0420") == first
    bench.hear(second, "X1")
    bench.passes(9.0)
    assert bench.paper.said() == []
    bench.passes(1.1)
    [third] = bench.paper.said()
    assert third == second
    assert bench.row(id).response_code == "91", "own code"
    bench.hear(third, "25")
    assert bench.ends == [(id, End.SETTLED)]


def test_after_a_crash_what_the_peer_may_have_seen_is_repeated_and_nothing_is_lost(bench: Bench) -> None:
    bench.connect()
    ids = [bench.owe("000001"), bench.owe("000002")]
    bench.paper.said()
    bench.kill()
    bench.connect()
    [repeat] = bench.paper.said()
    assert (repeat.mti, repeat.fields[11]) == ("0421", "000001")
    bench.hear(repeat)
    [next_one] = bench.paper.said()
    assert (next_one.mti, next_one.fields[11]) == ("0420", "000002")
    bench.hear(next_one)
    assert bench.ends == [(id, End.SETTLED) for id in ids]


def test_what_was_never_written_is_no_repeat_and_what_was_is_one(bench: Bench) -> None:
    bench.connect()
    bench.paper.full = True
    bench.owe("000001")
    for mti in ("0420", "0421"):
        bench.link.disconnected()
        bench.paper.full = False
        bench.link.order(Order.OPEN)
        bench.connect()
        [sent] = bench.paper.said()
        assert sent.mti == mti


def test_without_a_mac_nothing_goes_out(bench: Bench) -> None:
    bench.ready = False
    bench.connect()
    bench.owe("000001")
    assert bench.paper.said() == []
    bench.ready = True
    bench.passes(5.1)
    assert mtis(bench.paper.said()) == ["0420"]


def test_an_answer_with_a_wrong_mac_settles_nothing(bench: Bench) -> None:
    bench.connect()
    id = bench.owe("000001")
    bench.wrong = "89"
    bench.hear(bench.paper.said()[0])
    assert bench.row(id).state == "sent"
    bench.passes(5.1)
    bench.wrong = ""
    bench.hear(bench.paper.said()[0])
    assert bench.ends == [(id, End.SETTLED)]


def test_a_late_answer_to_the_request_is_not_taken_for_the_answer_to_its_advice(bench: Bench) -> None:
    bench.connect()
    id = bench.owe("000001", "advice")
    [sent] = bench.paper.said()
    bench.hear(sent, mti="0210")
    assert bench.row(id).state == "sent"
    bench.passes(5.1)
    [repeat] = bench.paper.said()
    assert repeat.mti == "0221"
    bench.hear(repeat)
    assert bench.ends == [(id, End.SETTLED)]


def test_the_reversal_of_what_an_advice_told_waits_for_the_advice(bench: Bench) -> None:
    bench.owe("000001", "advice")
    bench.owe("000001")
    bench.connect()
    [advice] = bench.paper.said()
    bench.hear(advice, "12")
    assert [(row.kind, row.note) for row in bench.reading.irregular()] == [
        ("refused advice", "0220 after 1 attempts: DE 39 12")
    ]
    [reversal] = bench.paper.said()
    assert reversal.mti == "0420"


def test_what_cannot_be_delivered_in_its_time_is_told(bench: Bench) -> None:
    id = bench.owe("000001")
    bench.passes(3_600.1)
    assert bench.ends == [(id, End.EXPIRED)]
    [found] = bench.reading.irregular()
    assert (found.kind, found.transaction_id) == ("expired reversal", transaction("000001").id)


def test_what_waits_for_its_next_time_is_sent_when_an_operator_wants_it(bench: Bench) -> None:
    bench.connect()
    bench.owe("000001")
    [sent] = bench.paper.said()
    bench.hear(sent, "91")
    assert bench.paper.said() == []
    bench.forwarding.hurry("bank-i")
    bench.settle()
    assert [each.mti for each in bench.paper.said()] == ["0421"]


def test_thresholds_are_told_once_and_figures_are_kept(bench: Bench) -> None:
    bench.owe("000001")
    bench.passes(10.0)
    assert bench.notes == []
    bench.owe("000002")
    bench.passes(10.0)
    bench.passes(40.0)
    bench.passes(10.0)
    assert bench.notes == [(Alarm.DEEP, True), (Alarm.OLD, True)]
    assert bench.forwarding.figures["bank-i"].depth == 2
    bench.connect()
    for _ in range(2):
        bench.hear(bench.paper.said()[0])
    bench.passes(10.0)
    assert set(bench.notes[2:]) == {"drained", (Alarm.DEEP, False), (Alarm.OLD, False)}
    assert bench.forwarding.counts["bank-i", "sent"] == bench.forwarding.counts["bank-i", "settled"] == 2


def test_what_another_process_has_put_there_is_found(bench: Bench) -> None:
    bench.connect()
    bench.forwarding.wake = lambda link: None  # type: ignore[method-assign]  # nobody tells this process
    bench.owe("000001")
    assert bench.paper.said() == []
    del bench.forwarding.wake
    bench.passes(10.0)
    assert mtis(bench.paper.said()) == ["0420"]


def test_while_the_store_does_not_write_nothing_is_sent(bench: Bench) -> None:
    bench.owe("000001")
    bench.writer.close()
    bench.link.connected(bench.paper)
    assert bench.paper.said() == []
    assert bench.forwarding.counts["bank-i", "store not written"] == 1
    bench.clock.advance(5.1)
    assert bench.forwarding.counts["bank-i", "store not written"] == 2
