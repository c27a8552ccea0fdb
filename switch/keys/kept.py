"""Lines and terminals' keys as rows of the store, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from switch.keys.line import Line
from switch.keys.slots import Slot, Slots, State, ZoneKey
from switch.keys.terminal import TerminalKeys
from switch.keys.words import Offer
from switch.store.keyrows import KeyLine, KeySlot, TerminalKey, line_key, slot_key
from switch.store.rows import Row

KINDS: tuple[type[Row], ...] = (KeySlot, KeyLine, TerminalKey)
"""The kinds of rows that are needed at a start."""
US = 1_000_000


def line_rows(line: Line) -> Sequence[Row]:
    """*line*, without what begins anew with the process."""
    name = (line.link, line.type.name, line.direction.name.lower())
    slots = [_slot_row(line, number, slot) for number, slot in enumerate(line.slots.pair)]
    took = json.dumps(_told(line.took)) if line.took else ""
    spurned = json.dumps([_told(offer) for offer in line.spurned])
    return [*slots, KeyLine(line_key(*name), *name, line.made, line.refused, " ".join(line.past), took, spurned)]


def _slot_row(line: Line, number: int, slot: Slot) -> KeySlot:
    name = (line.link, line.type.name, line.direction.name.lower())
    key, active = slot.key or ZoneKey(0, "", ""), slot.state is State.ACTIVE
    return KeySlot(
        slot_key(*name, number), *name, number, key.version, slot.state.value, key.under_lmk, key.kcv,
        line.uses if active else 0, _us(line.active_since) if active else 0, _us(slot.until or 0.0),
        slot.offer.under_zmk if slot.offer else "", (slot.offer.base or 0) if slot.offer else 0,
    )  # fmt: skip


def restored_line(empty: Line, rows: Mapping[str, Row]) -> Line:
    """*empty*, which tells link, type, direction and role, with what *rows* (by id) keep of it."""
    name = (empty.link, empty.type.name, empty.direction.name.lower())
    slots = [_slot(rows.get(slot_key(*name, number))) for number in (0, 1)]
    line = replace(empty, slots=Slots((slots[0], slots[1])))
    for number in (0, 1):
        row = rows.get(slot_key(*name, number))
        if isinstance(row, KeySlot) and row.state == State.ACTIVE.value:
            line = replace(line, active_since=row.since_us / US, uses=row.uses)
    kept = rows.get(line_key(*name))
    if not isinstance(kept, KeyLine):
        return line
    return replace(
        line, made=kept.made, refused=kept.refused, past=tuple(kept.past.split()),
        took=_offer(json.loads(kept.took)) if kept.took else None,
        spurned=tuple(map(_offer, json.loads(kept.spurned))),
    )  # fmt: skip


def _slot(row: Row | None) -> Slot:
    if not isinstance(row, KeySlot) or row.state == State.EMPTY.value:
        return Slot()
    state = State(row.state)
    key = ZoneKey(row.version, row.check_value, row.cryptogram)
    offer = Offer(row.version, row.check_value, row.base, row.offered) if state is State.PENDING else None
    return Slot(state, key, offer, row.until_us / US if row.until_us else None)


def _told(offer: Offer) -> Sequence[object]:
    return [offer.version, offer.kcv, offer.base, offer.under_zmk]


def _offer(told: Sequence[object]) -> Offer:
    version, kcv, base, under_zmk = told
    numbers = [each if isinstance(each, int) else None for each in (version, base)]
    return Offer(numbers[0], str(kcv), numbers[1], str(under_zmk))


def terminal_rows(keys: TerminalKeys) -> Sequence[Row]:
    """The keys of one terminal."""
    current, given, previous = (_parts(key) for key in (keys.current, keys.given, keys.previous))
    day = keys.day.strftime("%Y%m%d") if keys.day > date.min else ""
    until = _us(keys.previous_until)
    return [TerminalKey(keys.terminal, keys.made, day, *current, *given, keys.under_tmk, *previous, until)]


def restored_terminal(empty: TerminalKeys, rows: Mapping[str, Row]) -> TerminalKeys:
    """*empty*, which tells terminal, renewal and TMK, with what *rows* (by id) keep of it."""
    row = rows.get(empty.terminal)
    if not isinstance(row, TerminalKey):
        return empty
    return replace(
        empty, made=row.made, day=_day(row.day),
        current=_key(row.version, row.check_value, row.cryptogram),
        given=_key(row.given_version, row.given_check_value, row.given_cryptogram), under_tmk=row.given_sent,
        previous=_key(row.previous_version, row.previous_check_value, row.previous_cryptogram),
        previous_until=row.previous_until_us / US,
    )  # fmt: skip


def by_id(rows: Iterable[Row]) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
    """*rows* by id: those of lines, whose ids don't clash, and those of terminals."""
    lines: dict[str, Row] = {}
    terminals: dict[str, Row] = {}
    for row in rows:
        (terminals if isinstance(row, TerminalKey) else lines)[row.id] = row
    return lines, terminals


def _parts(key: ZoneKey | None) -> tuple[int, str, str]:
    return (key.version, key.kcv, key.under_lmk) if key else (0, "", "")


def _key(version: int, kcv: str, under_lmk: str) -> ZoneKey | None:
    return ZoneKey(version, kcv, under_lmk) if version else None


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else date.min


def _us(seconds: float) -> int:
    return round(seconds * US)
