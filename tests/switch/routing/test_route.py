"""From a PAN to a link."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files
from random import Random
from time import thread_time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.routing.binfile import BinFileError, read
from switch.routing.bins import BinRow, BinTable, Kind
from switch.routing.pan import check_digit
from switch.routing.route import NoRoute, Routing

TODAY = date(2026, 11, 22)
LINKS = frozenset({"bank-a", "bank-b", "bank-c", "bank-d", "issuer", "scheme"})
TEXT = files("switch.routing").joinpath("illustration.csv").read_text(encoding="utf-8")
ROUTING = Routing(read("illustration.csv", TEXT, LINKS), LINKS)


def pan(prefix: str, digits: int = 16) -> str:
    body = prefix.ljust(digits - 1, "0")
    return body + check_digit(body)


@pytest.mark.parametrize("digits", range(13, 20))
def test_pans_of_13_to_19_digits_go_to_their_issuer(digits: int) -> None:
    route = ROUTING.route(pan("970405", digits), "bank-b", TODAY, LINKS)
    assert route.failure is None
    assert route.row
    assert (route.row.link, route.row.dialect, route.row.stand_in) == ("bank-a", "banknet", "basic")


@pytest.mark.parametrize(
    ("prefix", "entry", "link", "failure"),
    [
        ("97048812", "bank-b", "bank-a", None),  # the longer prefix
        ("97048813", "bank-b", "bank-d", None),
        ("602907", "bank-a", "issuer", None),
        ("602907", "issuer", "issuer", None),  # on-us may stay where it is
        ("400000", "bank-a", "scheme", None),
        ("970405", "bank-a", "bank-a", NoRoute.LOOP),
        ("970499", "bank-a", "", NoRoute.BLOCKED),
        ("970400", "bank-a", None, NoRoute.NO_ISSUER),
    ],
)
def test_the_longest_prefix_decides(prefix: str, entry: str, link: str | None, failure: NoRoute | None) -> None:
    route = ROUTING.route(pan(prefix), entry, TODAY, LINKS)
    assert (route.row.link if route.row else None, route.failure) == (link, failure)


def test_dates_are_both_included() -> None:
    def found(prefix: str, on: date) -> bool:
        return ROUTING.route(pan(prefix), "bank-b", on, LINKS).failure is None

    first, last = date(2026, 1, 1), date(2030, 12, 31)
    assert [found("970414", first + timedelta(days)) for days in (-1, 0)] == [False, True]
    assert [found("970488", last + timedelta(days)) for days in (0, 1)] == [True, False]


def test_why_there_is_no_route_becomes_de_39() -> None:
    assert {failure.name: failure.response for failure in NoRoute} == {
        "INVALID_PAN": "14", "NO_ISSUER": "15", "BLOCKED": "62", "SIGNED_OFF": "91", "LOOP": "92", "NO_LINK": "92",
    }  # fmt: skip
    assert ROUTING.route("970405", "bank-b", TODAY, LINKS).failure is NoRoute.INVALID_PAN
    off = ROUTING.route(pan("970405"), "bank-b", TODAY, LINKS - {"bank-a"})
    assert off.failure is NoRoute.SIGNED_OFF
    assert off.row
    assert off.row.stand_in == "basic"
    gone = Routing(ROUTING.table, LINKS - {"bank-a"})
    assert gone.route(pan("970405"), "bank-b", TODAY, LINKS).failure is NoRoute.NO_LINK


def test_a_new_table_is_taken_as_a_whole_or_not_at_all() -> None:
    text = TEXT.replace("970411,Second", "970412,Second").replace("970405,First", "970405,Renamed")
    after, changes = ROUTING.reloaded("new.csv", text)
    assert (changes.added, changes.removed, changes.changed) == (1, 1, 1)
    assert after.route(pan("970412"), "bank-a", TODAY, LINKS).failure is None
    assert ROUTING.route(pan("970412"), "bank-a", TODAY, LINKS).failure is NoRoute.NO_ISSUER
    with pytest.raises(BinFileError, match=r"new.csv:6: link"):
        ROUTING.reloaded("new.csv", TEXT.replace("bank-c", "bank-z"))
    moved = ROUTING.reloaded("new.csv", TEXT + "\n")[1]
    assert (moved.added, moved.removed, moved.changed) == (0, 0, 0)


PREFIXES = st.text("01", min_size=6, max_size=11)
DAYS = st.integers(0, 9).map(lambda day: TODAY + timedelta(day))


@given(st.lists(st.tuples(PREFIXES, DAYS, DAYS), unique_by=lambda row: row[0]), PREFIXES, DAYS)
def test_it_finds_what_a_search_of_all_rows_finds(
    given_rows: list[tuple[str, date, date]], prefix: str, on: date
) -> None:
    rows = [BinRow(each, "n", Kind.MEMBER, "l", "d", first=first, last=last) for each, first, last in given_rows]
    whole = prefix.ljust(16, "0")
    fitting = [row for row in rows if whole.startswith(row.prefix) and row.first <= on <= row.last]
    assert BinTable(rows).find(whole, on) == max(fitting, key=lambda row: len(row.prefix), default=None)


def test_fifty_thousand_rows_are_searched_quickly() -> None:
    """The target is 2 µs; the bound here is wide, for a busy machine."""
    random = Random(9)
    rows = {f"{random.randrange(10**11):011d}"[: random.randint(6, 11)] for _ in range(50_200)}
    table = BinTable(BinRow(prefix, "n", Kind.MEMBER, "l", "d") for prefix in sorted(rows)[:50_000])
    pans = [f"{random.randrange(10**16):016d}" for _ in range(2_000)]
    best = 10**9
    for _ in range(5):
        begun = thread_time_ns()
        for each in pans:
            table.find(each, TODAY)
        best = min(best, thread_time_ns() - begun)
    assert best / len(pans) < 20_000
    print(f"{best / len(pans) / 1000:.2f} µs")


def test_of_links_beside_each_other_one_that_is_signed_on_is_used() -> None:
    beside = Routing(ROUTING.table, LINKS, {"a-2": "bank-a", "a-3": "bank-a", "x": "bank-b"})
    first = ROUTING.route(pan("970405"), "bank-c", TODAY, LINKS).row
    assert beside.route(pan("970405"), "bank-c", TODAY, {"a-2", "bank-a"}).row == first
    other = beside.route(pan("970405"), "bank-c", TODAY, {"a-3", "x"})
    assert (other.row and other.row.link, other.failure) == ("a-3", None)
    assert beside.route(pan("970405"), "bank-c", TODAY, {"x"}).failure is NoRoute.SIGNED_OFF
    assert beside.route(pan("970405"), "a-3", TODAY, {"bank-a"}).failure is NoRoute.LOOP
