"""The table of prefixes is read strictly: what is wrong is told by file, line and field, and nothing of it is used."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.routing.binfile import BinFileError, read
from switch.routing.bins import Kind
from switch.tablefile import PROBLEMS_MAX

TOP = "prefix,name,kind,link,dialect,institution,stand_in,from,until\n"
LINKS = {"bank-a", "bank-b"}


def test_the_illustration_is_sound() -> None:
    text = files("switch.routing").joinpath("illustration.csv").read_text(encoding="utf-8")
    table = read("illustration.csv", text, {"bank-a", "bank-b", "bank-c", "bank-d", "issuer", "scheme"})
    assert {row.kind for row in table.rows} == set(Kind)
    assert [row.line for row in table.rows[:2]] == [4, 5]


WRONG = [
    ("97040,A,member,bank-a,banknet,,,,", "b.csv:2: prefix: 6 to 11 digits"),
    ("970405123456,A,member,bank-a,banknet,,,,", "b.csv:2: prefix: 6 to 11 digits"),
    ("97040x,A,member,bank-a,banknet,,,,", "b.csv:2: prefix: 6 to 11 digits"),
    ("970405,,member,bank-a,banknet,,,,", "b.csv:2: name"),
    ("970405,A,ours,bank-a,banknet,,,,", "b.csv:2: kind: on-us, member"),
    ("970405,A,member,bank-z,banknet,,,,", "b.csv:2: link"),
    ("970405,A,member,,banknet,,,,", "b.csv:2: link"),
    ("970405,A,blocked,bank-a,,,,,", "b.csv:2: link: nothing"),
    ("970405,A,member,bank-a,banknot,,,,", "b.csv:2: dialect: one of banknet"),
    ("970405,A,member,bank-a,banknet,123456789012,,,", "b.csv:2: institution"),
    ("970405,A,member,bank-a,banknet,,a policy,,", "b.csv:2: stand_in"),
    ("970405,A,member,bank-a,banknet,,,1.1.2026,", "b.csv:2: from: a date"),
    ("970405,A,member,bank-a,banknet,,,2026-02-01,2026-01-31", "b.csv:2: until: a date not before"),
    ("970405,A,member,bank-a,banknet", "b.csv:2: row: 9 values are expected, 5"),
    ('970405,"A,member,bank-a,banknet,,,,', "b.csv:2: row: no comma-separated"),
    ("9" * 1001, "b.csv:2: row: at most"),
    ("", "b.csv:1: prefix: at least one row"),
]


@pytest.mark.parametrize(("row", "told"), WRONG)
def test_a_wrong_row_is_told_with_its_place(row: str, told: str) -> None:
    with pytest.raises(BinFileError) as error:
        read("b.csv", TOP + row + "\n", LINKS)
    assert error.value.problems[0].startswith(told)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("prefix,name,kind,link", "dialect: a column of this name is missing"),
        ("prefix,name,kind,link,dialect,colour", "'colour': means nothing"),
        ("prefix,name,kind,link,dialect,name", "name: stands twice"),
    ],
)
def test_wrong_columns_are_told(columns: str, told: str) -> None:
    with pytest.raises(BinFileError, match=told):
        read("b.csv", columns + "\n")


def row(prefix: str, first: str = "", last: str = "") -> str:
    return f"{prefix},A,member,bank-a,banknet,,,{first},{last}\n"


def test_one_prefix_on_one_day_twice_is_refused_with_both_lines() -> None:
    text = TOP + row("970405", "", "2026-06-30") + "# a comment\n" + row("970411") + row("970405", "2026-06-30")
    with pytest.raises(BinFileError) as error:
        read("b.csv", text)
    assert error.value.problems == ("b.csv:5: prefix: 970405 is in effect on the same days in line 2",)


def test_an_overlap_is_seen_behind_a_short_row() -> None:
    text = TOP + row("970405", "2026-01-01") + row("970405", "2026-02-01", "2026-02-02") + row("970405", "2026-03-01")
    with pytest.raises(BinFileError) as error:
        read("b.csv", text)
    assert [each[:8] for each in error.value.problems] == ["b.csv:3:", "b.csv:4:"]


def test_one_prefix_after_another_is_no_overlap_nor_is_a_longer_one() -> None:
    text = TOP + row("970405", "", "2026-06-30") + row("970405", "2026-07-01") + row("97040512")
    assert len(read("b.csv", text).rows) == 3


def test_all_problems_are_told_at_once_but_not_endlessly() -> None:
    with pytest.raises(BinFileError) as error:
        read("b.csv", TOP + row("1") + row("970405") + row("2"))
    assert [each.split(":")[1] for each in error.value.problems] == ["2", "4"]
    with pytest.raises(BinFileError) as error:
        read("b.csv", TOP + row("1") * 10_000)
    assert len(error.value.problems) == PROBLEMS_MAX


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, TOP + text):
        try:
            read("b.csv", whole)
        except BinFileError as error:
            told = error.problems
        else:
            told = ()
        assert all(problem.startswith("b.csv:") for problem in told)
