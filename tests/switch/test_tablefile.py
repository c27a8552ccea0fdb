from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.tablefile import LINE_CHARS_MAX, TableFileError, records


def read(text: str) -> list[tuple[int, dict[str, str]]]:
    return list(records("f.csv", text, ("a",), ("b",)))


def test_rows_with_their_lines() -> None:
    assert read('\ufeff# what it is\n\nb , a\n1,2\n  # more\n"x, y", \n') == [
        (4, {"b": "1", "a": "2"}),
        (6, {"b": "x, y", "a": ""}),
    ]
    assert read("") == read("a\n") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("b\n1", "f.csv:1: a: a column of this name is missing"),
        ("a,c\n", "f.csv:1: 'c': means nothing here"),
        ("a,9704110000000015\n", "f.csv:1: column 2: means nothing here"),
        ("a,a\n", "f.csv:1: a: stands twice"),
        ("a\n1,2\n", "f.csv:2: row: 1 values are expected, 2 stand there"),
        ('a\n"1\n', "f.csv:2: row: no comma-separated values"),
        (f"a\n{'1' * (LINE_CHARS_MAX + 1)}", "f.csv:2: row: at most 1000 characters and 1000000 lines"),
    ],
)
def test_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(TableFileError) as caught:
        read(text)
    assert caught.value.problems == (problem,)


def test_in_the_word_of_who_asks() -> None:
    class Mine(TableFileError):
        """The caller's own."""

    with pytest.raises(Mine):
        list(records("f", "b\n", ("a",), (), Mine))


@given(st.text(max_size=100))
def test_any_text_is_a_table_or_an_error(text: str) -> None:
    try:
        found = read(text)
    except TableFileError:
        return
    assert all("a" in cells for _, cells in found)
