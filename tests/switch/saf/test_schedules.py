"""Random schedules of every fault: what is owed is delivered in order, once, or somebody is told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.bookkeeping import owed
from support.kept import Kept

from switch.saf import events as ev
from switch.saf.machine import step
from switch.saf.queue import Queue
from switch.saf.rules import PASSING, SETTLING, Rules
from switch.saf.works import UNSETTLED, attempt, conclude, owe
from switch.store.rows import Irregular, Owed, Sending, owed_key
from switch.store.view import Work

HELD, LASTS_US = 4, 2_000
ANSWERS = ["00", "00", "21", "25", "91", "96", "68", "12", "30"]
Committing = tuple[str, Work[Owed | None]]


class Rows(Kept):
    def owed(self) -> list[Owed]:
        found = [row for row in self.every(Owed) if row.state in UNSETTLED]
        return sorted(found, key=lambda row: row.position)


@dataclass
class Sent:
    """A message on its way: *known* while the link would still tell what becomes of it; *received*: by the peer."""

    id: str
    attempt: int
    repeat: bool
    known: bool = True
    received: bool = False


class Schedules(RuleBasedStateMachine):
    @initialize(window=st.integers(1, 3), drain_first=st.booleans(), backlog=st.integers(0, 7))
    def begin(self, window: int, drain_first: bool, backlog: int) -> None:
        self.terms = Rules(window, pause_us=10, pause_us_max=80, drain_first=drain_first, held_rows_max=HELD)
        self.now, self.number = 1, 0
        self.store = Rows()
        self.committing: list[Committing] = []
        self.reading: list[tuple[Owed, ...] | None] = []
        self.net: list[Sent] = []
        self.answers: list[tuple[str, str]] = []
        self.seen: list[str] = []
        self.ended: list[str] = []
        self.order: list[str] = []
        self.start()
        for original in range(backlog):
            self.owe(original, "reversal", False)

    def start(self) -> None:
        self.queue = Queue(self.terms)
        self.open = False
        self.happen(ev.Woken())

    def happen(self, event: ev.Event) -> None:
        self.queue, effects = step(self.queue, event, self.now)
        for effect in effects:
            match effect:
                case ev.Load(rows_max):
                    assert rows_max == HELD
                    assert not self.reading, "one question at a time"
                    self.reading.append(None)
                case ev.Attempt(id):
                    assert self.open
                    self.committing.append((id, attempt(effect)))
                case ev.Conclude(id):
                    self.committing.append((id, conclude(effect, self.now)))
                case ev.Send(row, repeat):
                    self.sent(row, repeat)
                case ev.Ended(row):
                    self.ended.append(row.id)

    def sent(self, row: Owed, repeat: bool) -> None:
        kept = self.store.rows[Owed, row.id]
        assert isinstance(kept, Owed)
        assert self.open
        assert kept.state == Sending.SENT, "committed before it is sent, and never after it was settled"
        assert kept.attempts == row.attempts
        unsettled = {each.id for each in self.store.owed()}
        before = next(id for id in self.order if id in unsettled and (id == row.id or self.alike(id, row)))
        assert before == row.id, "nothing overtakes what goes before it about the same original"
        assert row.id not in self.ended, "what has ended is never sent again"
        self.net.append(Sent(row.id, row.attempts, repeat))

    def alike(self, id: str, row: Owed) -> bool:
        other = self.store.rows[Owed, id]
        return isinstance(other, Owed) and other.original_id == row.original_id

    # -- what is owed

    @rule(original=st.integers(1, 6), kind=st.sampled_from(["reversal", "advice"]), early=st.booleans())
    def owe(self, original: int, kind: str, early: bool) -> None:
        self.number += 1
        row = owed(f"t{original}", self.number, queued_us=self.now, expires_us=self.now + LASTS_US)
        mti = "0420" if kind == "reversal" else "0220"
        # Another process, which started earlier, draws smaller numbers.
        position = f"{0 if early else 1:08x}{self.number:012x}"
        row = replace(row, id=owed_key("bank-i", f"t{original}", kind), mti=mti, position=position)
        before = self.store.rows.get((Owed, row.id))
        kept = self.store.do(lambda view: owe(view, row))
        assert before in (None, kept), "one original is owed one reversal, whoever asks"
        if before is None:
            self.order.append(row.id)
        self.happen(ev.Woken())

    @rule(original=st.integers(1, 6))
    def settled_elsewhere(self, original: int) -> None:
        """Another process had the link before, and gets the answer now."""
        row = self.store.rows.get((Owed, owed_key("bank-i", f"t{original}", "reversal")))
        if isinstance(row, Owed) and row.state == Sending.SENT:
            self.store.do(conclude(ev.Conclude(row.id, ev.End.SETTLED, "00"), self.now).decide)

    # -- the store

    @precondition(lambda self: self.committing)
    @rule(which=st.integers(0, 9), outcome=st.sampled_from(["done", "done", "done", "failed", "uncertain"]))
    def commit(self, which: int, outcome: str) -> None:
        id, work = self.committing.pop(which % len(self.committing))
        row = self.store.do(work.decide) if outcome != "failed" else None
        self.happen(ev.Kept(id, row) if outcome == "done" else ev.NotKept(id))

    @precondition(lambda self: self.reading and self.reading[0] is None)
    @rule()
    def read(self) -> None:
        self.reading[0] = tuple(self.store.owed()[:HELD])

    @precondition(lambda self: self.reading and self.reading[0] is not None)
    @rule()
    def loaded(self) -> None:
        rows = self.reading.pop()
        assert rows is not None
        self.happen(ev.Loaded(rows, len(rows) < HELD))

    @precondition(lambda self: self.reading)
    @rule()
    def not_loaded(self) -> None:
        self.reading.clear()
        self.happen(ev.LoadFailed())

    # -- the link

    @rule()
    def opens(self) -> None:
        if not self.open:
            self.open = True
            self.happen(ev.Opened())

    @rule(written=st.lists(st.booleans(), min_size=3, max_size=3))
    def cut(self, written: list[bool]) -> None:
        if self.open:
            self.open = False
            self.happen(ev.Closed())
        for sent, out in zip([each for each in self.net if each.known], written, strict=False):
            sent.known = False
            if out or sent.received:
                self.happen(ev.Unanswered(sent.id, sent.attempt))
            else:
                self.net.remove(sent)
                self.happen(ev.NotSent(sent.id, sent.attempt))

    @precondition(lambda self: any(each.known for each in self.net))
    @rule(which=st.integers(0, 9), what=st.sampled_from(["expired", "expired", "not sent", "unsayable"]))
    def told(self, which: int, what: str) -> None:
        known = [each for each in self.net if each.known]
        sent = known[which % len(known)]
        sent.known = False
        what = "expired" if sent.received else what
        if what != "expired":
            self.net.remove(sent)
        if what == "unsayable":
            self.happen(ev.Unsayable(sent.id))
        else:
            self.happen((ev.Unanswered if what == "expired" else ev.NotSent)(sent.id, sent.attempt))

    @precondition(lambda self: self.net)
    @rule(which=st.integers(0, 9), response=st.sampled_from(ANSWERS), twice=st.booleans(), lost=st.booleans())
    def receives(self, which: int, response: str, twice: bool, lost: bool) -> None:
        self.receive(self.net.pop(which % len(self.net)), response, (not lost) * (1 + twice))

    def receive(self, sent: Sent, response: str, answers: int) -> None:
        self.seen.append(sent.id)
        self.answers += [(sent.id, response)] * answers
        if not answers and sent.known:
            self.net.append(replace(sent, repeat=True, received=True))  # it is T2 that ends this one

    @precondition(lambda self: self.answers)
    @rule(which=st.integers(0, 9))
    def answered(self, which: int) -> None:
        self.happen(ev.Answered(*self.answers.pop(which % len(self.answers))))

    @rule(steps=st.integers(1, 6), reads=st.booleans())
    def goes_well(self, steps: int, reads: bool) -> None:
        """A few steps without a fault, so that random schedules get somewhere; *reads*: the store is not slow."""
        self.opens()
        for _ in range(steps):
            if self.committing or self.net or self.answers or (self.reading and reads):
                self.settle_one(reads)

    # -- time, and the end of everything

    @rule(us=st.sampled_from([1, 10, 40, 400]))
    def passes(self, us: int) -> None:
        self.now += us
        self.happen(ev.Tick())

    @rule()
    def killed(self) -> None:
        """What was committed, and what is on the wire, is all that is left; a commit may be the last thing done."""
        self.committing.clear()
        self.reading.clear()
        for sent in self.net:
            sent.known = False
        self.answers.clear()
        self.start()

    @invariant()
    def bounded(self) -> None:
        assert self.queue.under_way <= self.terms.window
        assert len(self.queue.rows) <= HELD
        assert len(set(self.ended)) == len(self.ended), "each ends once"
        if self.queue.may_pass_traffic and self.terms.drain_first:
            assert self.queue.open
        assert self.queue.due_us is None or self.queue.due_us > self.now or self.reading, "nothing due is left lying"

    def teardown(self) -> None:
        """With all faults gone, everything comes to an end before it expires."""
        if not hasattr(self, "store"):
            return
        for sent in list(self.net):
            sent.known = False
        for held in self.queue.rows:
            self.happen(ev.Unanswered(held.row.id, held.row.attempts))
        self.net.clear()
        self.opens()
        for _ in range(400):
            busy = self.committing or self.reading or self.net or self.answers or self.store.owed()
            if not busy and self.queue.may_pass_traffic and not self.queue.rows:
                break
            self.settle_one()
        assert self.store.owed() == [], "a drained queue is empty in the store"
        assert not self.queue.rows
        assert self.queue.may_pass_traffic
        looked_at = {row.transaction_id for row in self.store.rows.values() if isinstance(row, Irregular)}
        for row in self.store.every(Owed):
            assert row.state == Sending.SETTLED or row.original_id in looked_at
            assert row.state != Sending.SETTLED or row.response_code in SETTLING

    def settle_one(self, reads: bool = True) -> None:
        if self.committing:
            id, work = self.committing.pop(0)
            self.happen(ev.Kept(id, self.store.do(work.decide)))
        elif self.reading and reads:
            self.reading.clear()
            rows = tuple(self.store.owed()[:HELD])
            self.happen(ev.Loaded(rows, len(rows) < HELD))
        elif self.net:
            self.receive(self.net.pop(0), "00", 1)
        elif self.answers:
            self.happen(ev.Answered(*self.answers.pop(0)))
        else:
            assert self.queue.due_us is not None, "what is owed is either under way or due some time"
            self.now = max(self.now, self.queue.due_us)
            self.happen(ev.Tick())


assert set(ANSWERS) > PASSING
TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
