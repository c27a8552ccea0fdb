"""What is kept of lines and terminals comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from switch.keys.effects import Direction, KeyType
from switch.keys.kept import by_id, line_rows, restored_line, restored_terminal, terminal_rows
from switch.keys.line import Line
from switch.keys.slots import Slot, Slots, State, ZoneKey
from switch.keys.terminal import Renewal, TerminalKeys
from switch.keys.words import Offer
from switch.store.keyrows import KeyLine, KeySlot, TerminalKey

KCVS = st.text("0123456789ABCDEF", min_size=6, max_size=6)
KEYS = st.text("0123456789ABCDEF", min_size=32, max_size=32)
VERSIONS = st.integers(1, 999_999)
TIMES = st.integers(1, 2_000_000_000_000_000).map(lambda us: us / 1_000_000)
ZONE_KEYS = st.builds(ZoneKey, VERSIONS, KCVS, KEYS.map("U".__add__))
OFFERS = st.builds(
    Offer, VERSIONS | st.none(), KCVS | st.just(""), st.integers(0, 999_999) | st.none(), KEYS.map("X".__add__)
)


def pending(key: ZoneKey, base: int, under: str) -> Slot:
    return Slot(State.PENDING, key, Offer(key.version, key.kcv, base, "X" + under))


SLOTS = st.one_of(
    st.just(Slot()),
    st.builds(pending, ZONE_KEYS, st.integers(0, 999_999), KEYS),
    st.builds(lambda key: Slot(State.ACTIVE, key), ZONE_KEYS),
    st.builds(lambda key, until: Slot(State.RETIRING, key, None, until), ZONE_KEYS, TIMES | st.none()),
)
LINES = st.builds(
    Line, st.sampled_from(["alpha", "a/b c"]), st.sampled_from(KeyType), st.sampled_from(Direction), st.booleans(),
    st.tuples(SLOTS, SLOTS).filter(lambda pair: pair[0].state is not pair[1].state).map(Slots),
    st.integers(0, 999_999), st.integers(0, 999_999), past=st.lists(KCVS, max_size=16).map(tuple),
    spurned=st.lists(OFFERS, max_size=16).map(tuple), took=OFFERS | st.none(),
)  # fmt: skip


@given(LINES, TIMES, st.integers(0, 10**9))
def test_a_line_comes_back(line: Line, since: float, uses: int) -> None:
    if line.slots.find(State.ACTIVE):
        line = replace(line, active_since=since, uses=uses)
    rows, _ = by_id(line_rows(replace(line, connected=True, tries=7)))
    assert restored_line(Line(line.link, line.type, line.direction, line.is_switch), rows) == line
    assert all(isinstance(row, KeySlot | KeyLine) for row in rows.values())
    assert not any("U0" in repr(row) or "X0" in repr(row) for row in rows.values())


@given(
    st.builds(
        TerminalKeys, st.just("ATM00001"), st.sampled_from(Renewal), st.just("Utmk"), ZONE_KEYS | st.none(),
        ZONE_KEYS | st.none(), KEYS.map("X".__add__), ZONE_KEYS | st.none(), TIMES, VERSIONS,
        st.dates(date(1000, 1, 1)) | st.just(date.min),
    )
)  # fmt: skip
def test_a_terminals_keys_come_back(keys: TerminalKeys) -> None:
    _, rows = by_id(terminal_rows(replace(keys, job=3, jobs=3, tries=1)))
    assert restored_terminal(TerminalKeys("ATM00001", keys.renewal, "Utmk"), rows) == keys
    (row,) = rows.values()
    assert isinstance(row, TerminalKey)
    assert not keys.current or keys.current.under_lmk not in repr(row)


def test_nothing_kept_is_a_line_without_keys() -> None:
    empty = Line("alpha", KeyType.ZPK, Direction.BOTH, True)
    assert restored_line(empty, {}) == empty
    bare = TerminalKeys("ATM00001", Renewal.DAILY, "U")
    assert restored_terminal(bare, {}) == bare
