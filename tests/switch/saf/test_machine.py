"""Single steps of a queue: what random schedules come to too seldom."""

from __future__ import annotations

import pytest
from support.bookkeeping import owed
from support.kept import Kept

from switch.link.lines import ConfigError, document
from switch.saf import events as ev
from switch.saf.machine import step
from switch.saf.queue import Queue
from switch.saf.rules import US, Rules, read_rules
from switch.saf.watch import Alarm, alarms
from switch.saf.works import attempt, closed, conclude, put_back
from switch.store.reading import Queue as Figures
from switch.store.rows import Irregular, Owed, Sending

RULES = Rules(window=2, pause_us=10, pause_us_max=40, held_rows_max=4)


class Steps:
    """A queue whose effects the test performs."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.queue, self.now = Queue(rules), 1
        self.store = Kept()

    def owes(self, *numbers: int, expires_us: int = 0) -> tuple[Owed, ...]:
        rows = tuple(owed(f"t{number}", number, expires_us=expires_us) for number in numbers)
        for row in rows:
            self.store.rows[Owed, row.id] = row
        return rows

    def take(self, event: ev.Event) -> list[ev.Effect]:
        self.queue, effects = step(self.queue, event, self.now)
        return list(effects)

    def commit(self, effect: ev.Effect) -> list[ev.Effect]:
        assert isinstance(effect, ev.Attempt | ev.Conclude)
        work = attempt(effect) if isinstance(effect, ev.Attempt) else conclude(effect, self.now)
        return self.take(ev.Kept(effect.id, self.store.do(work.decide)))

    def opened(self, *rows: Owed, whole: bool = True) -> list[ev.Effect]:
        assert self.take(ev.Opened()) == [ev.Load(self.queue.rules.held_rows_max)]
        return self.take(ev.Loaded(rows, whole))


def test_what_was_read_before_it_was_settled_is_not_sent_again() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    steps.commit(begun)
    assert steps.take(ev.Woken()) == [ev.Load(4)]
    [stale] = steps.store.every(Owed)
    [ended] = steps.take(ev.Answered(row.id, "00"))
    assert [type(each) for each in steps.commit(ended)] == [ev.Ended]
    [again] = steps.take(ev.Loaded((stale,), True))
    assert steps.commit(again) == []
    assert steps.queue.rows == ()
    assert steps.store.every(Owed)[0].state == Sending.SETTLED


def test_what_is_owed_while_the_store_is_read_is_read_after_that() -> None:
    steps = Steps()
    rows = steps.owes(1, 2, 3, 4)
    steps.opened(*rows, whole=False)
    for row in rows[:2]:
        [sent] = steps.commit(ev.Attempt(row.id, 11, ""))
        assert isinstance(sent, ev.Send)
        steps.take(ev.Answered(row.id, "00"))
        effects = steps.commit(ev.Conclude(row.id, ev.End.SETTLED, "00"))
    assert ev.Load(4) in effects, "half of what may be held is gone"
    assert ev.Load(4) not in steps.take(ev.Woken())
    assert ev.Load(4) in steps.take(ev.Loaded(rows[2:], True))


def test_a_window_counts_originals_that_are_unanswered() -> None:
    steps = Steps()
    rows = steps.owes(1, 2, 3)
    begun = steps.opened(*rows)
    assert begun == [ev.Attempt(rows[0].id, 11, ""), ev.Attempt(rows[1].id, 11, "")]
    steps.commit(begun[0])
    assert steps.take(ev.Answered(rows[0].id, "91")) == [ev.Attempt(rows[2].id, 11, "")]


def test_a_pause_doubles_up_to_a_limit() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    for attempts, pause in ((1, 10), (2, 20), (3, 40), (4, 40)):
        [sent] = steps.commit(begun)
        assert isinstance(sent, ev.Send)
        assert (sent.row.attempts, sent.repeat) == (attempts, attempts > 1)
        assert steps.take(ev.Answered(row.id, "91")) == []
        assert steps.queue.due_us == steps.now + pause
        steps.now += pause
        [begun] = steps.take(ev.Tick())
        assert isinstance(begun, ev.Attempt)
        assert begun.response == "91"


def test_an_answer_that_comes_while_the_next_attempt_is_committed_ends_it() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    steps.commit(begun)
    steps.now += 50
    [again] = steps.take(ev.Unanswered(row.id, 1))
    assert isinstance(again, ev.Attempt)
    assert steps.take(ev.Answered(row.id, "00")) == []
    assert steps.commit(again) == [ev.Conclude(row.id, ev.End.SETTLED, "00")], "and nothing is sent"


def test_what_is_told_of_an_earlier_attempt_says_nothing_of_this_one() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    steps.commit(begun)
    steps.now += 50
    [again] = steps.take(ev.Unanswered(row.id, 1))
    steps.commit(again)
    assert steps.take(ev.NotSent(row.id, 1)) == steps.take(ev.Unanswered(row.id, 1)) == []
    assert steps.queue.under_way == 1


def test_it_expires_though_the_link_is_closed_and_somebody_is_told() -> None:
    steps = Steps()
    [row] = steps.owes(1, expires_us=100)
    steps.take(ev.Woken())
    assert steps.take(ev.Loaded((row,), True)) == []
    assert steps.queue.due_us == 100
    steps.now = 100
    [ended] = steps.take(ev.Tick())
    steps.commit(ended)
    assert [each.kind for each in steps.store.every(Irregular)] == ["expired reversal"]


def test_an_operator_has_it_sent_before_its_time() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    steps.commit(begun)
    assert steps.take(ev.Hurried()) == [], "it was sent, and its answer is waited for"
    steps.take(ev.Unanswered(row.id, 1))
    assert steps.take(ev.Tick()) == []
    [again] = steps.take(ev.Hurried())
    assert isinstance(again, ev.Attempt)
    assert isinstance(steps.commit(again)[0], ev.Send)
    steps.take(ev.Unanswered(row.id, 2))
    steps.take(ev.Closed())
    assert steps.take(ev.Hurried()) == [], "nothing goes where nobody is"


def test_an_exception_is_put_back_once_and_keeps_what_was_said_of_it() -> None:
    steps = Steps()
    [row] = steps.owes(1, expires_us=1_000)
    steps.opened(row)
    [exception] = _refused(steps, row)
    assert steps.store.do(put_back(exception.id, "they are back", 5_000).decide) == row.link
    [held], [shut] = steps.store.every(Owed), steps.store.every(Irregular)
    assert (held.state, held.next_us, held.expires_us) == (Sending.WAITING, 0, 5_000 + 1_000 - row.queued_us)
    assert (shut.state, shut.note) == ("closed", f"{exception.note}; put back: they are back")
    assert steps.store.do(put_back(exception.id, "again", 5_000).decide) == ""
    [open_again] = _refused(steps, held)
    assert open_again.note == f"{shut.note}; {exception.note}"
    assert not steps.store.do(closed("another", "none").decide)
    assert steps.store.do(closed(exception.id, "paid by hand").decide)
    assert not steps.store.do(closed(exception.id, "paid by hand").decide)
    assert steps.store.every(Irregular)[0].note.endswith("; closed: paid by hand")
    assert steps.store.do(put_back(exception.id, "too late", 6_000).decide) == ""


def _refused(steps: Steps, row: Owed) -> list[Irregular]:
    assert steps.store.do(conclude(ev.Conclude(row.id, ev.End.REFUSED, "57"), 2).decide) is not None
    return [each for each in steps.store.every(Irregular) if each.state == "open"]


def test_what_was_not_owed_can_not_be_put_back() -> None:
    steps = Steps()
    steps.store.rows[Irregular, "x"] = Irregular("x", 1, "t", "bank-i", "another kind", "", "open")
    assert steps.store.do(put_back("x", "why", 2).decide) == ""


def test_traffic_waits_until_everything_owed_was_answered_once() -> None:
    steps = Steps()
    rows = steps.owes(1, 2)
    for begun in steps.opened(*rows):
        steps.commit(begun)
    steps.take(ev.Answered(rows[0].id, "91"))
    assert not steps.queue.may_pass_traffic
    steps.take(ev.Answered(rows[1].id, "91"))
    assert steps.queue.may_pass_traffic, "one that is put off again and again doesn't keep the link closed"
    steps.take(ev.Closed())
    assert not steps.queue.may_pass_traffic


def test_the_store_is_read_again_after_a_pause() -> None:
    steps = Steps()
    assert steps.take(ev.Woken()) == [ev.Load(4)]
    assert steps.take(ev.LoadFailed()) == []
    assert steps.queue.due_us == 11
    steps.now = 11
    assert steps.take(ev.Tick()) == [ev.Load(4)]


def test_a_message_that_the_dialect_cannot_say_becomes_an_exception() -> None:
    steps = Steps()
    [row] = steps.owes(1)
    [begun] = steps.opened(row)
    steps.commit(begun)
    [ended] = steps.take(ev.Unsayable(row.id))
    steps.commit(ended)
    assert [each.kind for each in steps.store.every(Irregular)] == ["reversal that cannot be sent"]


def test_rules_are_read_strictly() -> None:
    text = "window = 3\npause = 1.5\npause-max = 60\ndrain-first = false\ndepth-alarm = 5\nage-alarm = 30"
    rules = read_rules(document("x.toml", text))
    assert rules == Rules(3, 1_500_000, 60 * US, False, 256, 5, 30 * US)
    assert read_rules(document("x.toml", "")) == Rules()
    for wrong in (
        "window = 0",
        "pause = 0",
        "pause = 9\npause-max = 8",
        "drain-first = 1",
        "what = 1",
        "pause = 0.0000001",
    ):
        with pytest.raises(ConfigError, match=r"x\.toml"):
            read_rules(document("x.toml", wrong))


def test_thresholds() -> None:
    rules = Rules(depth_alarm=10, age_alarm_us=100)
    assert alarms(None, rules, 10**9) == frozenset()
    assert alarms(Figures("a", 9, 50, 0), rules, 149) == frozenset()
    assert alarms(Figures("a", 10, 50, 0), rules, 149) == {Alarm.DEEP}
    assert alarms(Figures("a", 1, 50, 0), rules, 150) == {Alarm.OLD}
