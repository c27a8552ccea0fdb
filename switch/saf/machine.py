"""One step of a link's queue."""

from __future__ import annotations

from dataclasses import replace

from switch.saf import events as ev
from switch.saf.queue import Held, Phase, Queue
from switch.saf.rules import PASSING, SETTLING
from switch.store.rows import Owed

Step = tuple[Queue, tuple[ev.Effect, ...]]


def step(queue: Queue, event: ev.Event, now_us: int) -> Step:
    """After *event* at *now_us*: the queue, and what is to be done, in this order."""
    queue, first = _taken(queue, event, now_us)
    queue, more = _go_on(queue, now_us)
    if queue.draining and queue.open and _all_tried(queue):
        queue = replace(queue, draining=False)
    return queue, (*first, *more)


def _taken(queue: Queue, event: ev.Event, now_us: int) -> Step:
    match event:
        case ev.Woken():
            # While not all are held, the new one comes with those that are read on anyway.
            reads_on = not queue.whole and queue.rows and not queue.loading
            return queue if reads_on else replace(queue, again=True), ()
        case ev.Loaded(rows, whole):
            return _loaded(queue, rows, whole), ()
        case ev.LoadFailed():
            return replace(queue, loading=False, again=True, load_us=now_us + queue.rules.pause_us), ()
        case ev.Opened():
            afresh = tuple(replace(held, due_us=_due(held.row, True), tried=False) for held in queue.rows)
            return replace(queue, rows=afresh, open=True, draining=True, again=True), ()
        case ev.Closed():
            return replace(queue, open=False, draining=True), ()
        case ev.Hurried():
            hurried = tuple(replace(h, due_us=0) if h.phase is Phase.WAITING else h for h in queue.rows)
            return replace(queue, rows=hurried), ()
        case ev.Tick():
            return queue, ()
    held = queue.find(event.id)
    return (queue, ()) if held is None else _of_one(queue, held, event, now_us)


def _of_one(queue: Queue, held: Held, event: ev.Event, now_us: int) -> Step:
    """What happened to one that is held."""
    match event:
        case ev.Kept(_, row):
            return _kept(queue, held, row, now_us)
        case ev.NotKept():
            return _put(queue, replace(held, phase=Phase.WAITING, due_us=now_us + queue.rules.pause_us)), ()
        case ev.Answered(id, response):
            return _answered(queue, held, response, now_us), ()
        case ev.Unanswered(_, attempt) if held.phase is Phase.ASKED and attempt == held.row.attempts:
            due_us = max(held.due_us, now_us)
            return _put(queue, replace(held, phase=Phase.WAITING, due_us=due_us, seen=True)), ()
        case ev.NotSent(_, attempt) if held.phase is Phase.ASKED and attempt == held.row.attempts:
            due_us = now_us + queue.rules.pause_us
            return _put(queue, replace(held, phase=Phase.WAITING, due_us=due_us)), ()
        case ev.Unsayable(id) if held.phase is Phase.ASKED:
            return _put(queue, _ending(held, ev.Conclude(id, ev.End.UNSAYABLE, ""))), ()
    return queue, ()


def _kept(queue: Queue, held: Held, row: Owed | None, now_us: int) -> Step:
    if row is None:
        return _without(queue, held), ()
    if held.phase is Phase.ENDING and held.ending is not None:
        return _without(queue, held), (ev.Ended(row, held.ending.end),)
    if held.ending is not None:
        # The answer to an attempt before this one came while this one was committed.
        return _put(queue, replace(held, row=row, phase=Phase.WAITING, due_us=0)), ()
    if not queue.open:
        return _put(queue, replace(held, row=row, phase=Phase.WAITING, due_us=now_us)), ()
    return _put(queue, replace(held, row=row, phase=Phase.ASKED, due_us=row.next_us)), (ev.Send(row, held.seen),)


def _answered(queue: Queue, held: Held, response: str, now_us: int) -> Queue:
    if held.ending is not None:
        return queue
    if response in PASSING:
        held = replace(held, tried=True, response=response, seen=True)
        if held.phase is Phase.ASKED:
            due_us = now_us + queue.rules.pause(held.row.attempts)
            held = replace(held, phase=Phase.WAITING, due_us=due_us)
        return _put(queue, held)
    end = ev.End.SETTLED if response in SETTLING else ev.End.REFUSED
    return _put(queue, _ending(held, ev.Conclude(held.row.id, end, response)))


def _ending(held: Held, ending: ev.Conclude) -> Held:
    """It has ended, which is to be committed as soon as nothing else about it is."""
    phase = held.phase if held.phase is Phase.BEGINNING else Phase.WAITING
    return replace(held, ending=ending, phase=phase, due_us=0)


def _loaded(queue: Queue, rows: tuple[Owed, ...], whole: bool) -> Queue:
    known = {held.row.id for held in queue.rows}
    new = [row for row in rows if row.id not in known]
    room = queue.rules.held_rows_max - len(queue.rows)
    added = [Held(row, _due(row, queue.draining), seen=row.attempts > 0) for row in new[: max(room, 0)]]
    merged = sorted((*queue.rows, *added), key=lambda held: held.row.position)
    return replace(queue, rows=tuple(merged), whole=whole and len(added) == len(new), loading=False)


def _due(row: Owed, draining: bool) -> int:
    """When a row is due: a peer that has come back gets at once what it didn't answer before."""
    return 0 if draining and row.attempts else row.next_us


def _go_on(queue: Queue, now_us: int) -> Step:
    """Read on, send and end what can be."""
    effects: list[ev.Effect] = []
    if not queue.loading and queue.load_us <= now_us and (queue.again or _wants_more(queue)):
        queue = replace(queue, loading=True, again=False, load_us=0)
        effects.append(ev.Load(queue.rules.held_rows_max))
    free = queue.rules.window - queue.under_way if queue.open else 0
    changed: dict[str, Held] = {}
    for held in queue.first_of_each():
        if held.phase is not Phase.WAITING:
            continue
        row = held.row
        ending = held.ending
        if ending is None and 0 < row.expires_us <= now_us:
            ending = ev.Conclude(row.id, ev.End.EXPIRED, held.response)
        elif held.due_us > now_us:
            continue
        if ending is not None:
            changed[row.id] = replace(held, phase=Phase.ENDING, ending=ending)
            effects.append(ending)
        elif free > 0:
            free -= 1
            changed[row.id] = replace(held, phase=Phase.BEGINNING)
            effects.append(ev.Attempt(row.id, now_us + queue.rules.pause(row.attempts + 1), held.response))
    if changed:
        queue = replace(queue, rows=tuple(changed.get(held.row.id, held) for held in queue.rows))
    return queue, tuple(effects)


def _wants_more(queue: Queue) -> bool:
    return not queue.whole and len(queue.rows) <= queue.rules.held_rows_max // 2


def _all_tried(queue: Queue) -> bool:
    """Has everything been answered once?  If the store holds more than memory may, all that is held counts."""
    read = not queue.loading and not queue.again and not _wants_more(queue)
    return read and all(held.tried for held in queue.rows)


def _put(queue: Queue, new: Held) -> Queue:
    return replace(queue, rows=tuple(new if held.row.id == new.row.id else held for held in queue.rows))


def _without(queue: Queue, gone: Held) -> Queue:
    return replace(queue, rows=tuple(held for held in queue.rows if held.row.id != gone.row.id))
