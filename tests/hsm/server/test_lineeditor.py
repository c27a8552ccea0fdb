"""The line editor: what is typed is what is taken and what is drawn; of a secret, nothing is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.vt100 import Row

from hsm.console.line import Screen
from hsm.server.lineeditor import (
    CONTROLS_DROPPED,
    HISTORY_LINES_MAX,
    NOT_UTF8,
    Event,
    Key,
    LineEditor,
    Typed,
)

COMMAND = Screen("", "Online> ")
SECRET = Screen("", "PIN: ", secret=True, chars_max=8)


def asked(screen: Screen = COMMAND, *, echoes: bool = True, newline: bytes = b"\r\n") -> LineEditor:
    editor = LineEditor(echoes=echoes, newline=newline)
    editor.ask(screen)
    editor.shown()
    return editor


def typed(editor: LineEditor, keys: bytes) -> list[Event]:
    editor.feed(keys)
    found = []
    while (event := editor.step()) is not None:
        found.append(event)
        editor.ask(COMMAND if editor._asked is COMMAND else SECRET)
    return found


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (b"abc\r", "abc"),
        (b"abc\n", "abc"),
        (b"abc\x7fd\r", "abd"),
        (b"abc\x08d\r", "abd"),
        (b"\x7fa\r", "a"),
        (b"ac\x1b[Db\r", "abc"),
        (b"ac\x1bODb\r", "abc"),
        (b"bc\x1b[Ha\r", "abc"),
        (b"bc\x1b[1~a\x1b[4~d\r", "abcd"),
        (b"bc\x01a\x05d\r", "abcd"),
        (b"abcd\x02\x02\x0b\r", "ab"),
        (b"abcd\x15ef\r", "ef"),
        (b"GC 1 001\x17FFF\r", "GC 1 FFF"),
        (b"GC  \x17\r", ""),
        (b"abc\x1b[D\x1b[D\x1b[3~\r", "ac"),
        (b"abc\x01\x04\r", "bc"),
        (b"a\x1b[D\x1b[D\x1b[C\x1b[Cb\r", "ab"),
        (b"a\tb\r", "a b"),
        ("Zürich\r".encode(), "Zürich"),
        (b"a\x1b[200~b\x1b[201~c\r", "abc"),
        (b"a\x1bxb\r", "ab"),
        (b"a\x1b[" + b"1;" * 200 + b"Ab\r", "ab"),
        (b"a\x1b\r", "a"),
    ],
)
def test_keys_edit_the_line(keys: bytes, line: str) -> None:
    assert typed(asked(), keys) == [Typed(line)]
    editor = asked()
    assert [each for key in keys for each in typed(editor, bytes((key,)))] == [Typed(line)]


def test_a_return_is_one_line_end_however_it_is_sent() -> None:
    assert typed(asked(), b"a\r\nb\rc\nd\r\n") == [Typed("a"), Typed("b"), Typed("c"), Typed("d")]
    assert typed(asked(), b"\r\r\n\n") == [Typed("")] * 3


def test_ctrl_c_and_ctrl_d() -> None:
    assert typed(asked(), b"half\x03\x04") == [Key.INTERRUPT, Key.END]
    assert typed(asked(), b"ab\x04\r") == [Typed("ab")]


@pytest.mark.parametrize(
    ("keys", "told", "line"),
    [
        (b"a\x00b\r", CONTROLS_DROPPED, "ab"),
        (b"a\x1cb\r", CONTROLS_DROPPED, "ab"),
        (b"a\xffb\r", NOT_UTF8, "ab"),
        (b"a\xc3b\r", NOT_UTF8, "ab"),
        (b"a\xc3\r", NOT_UTF8, "a"),
        (b"a\xed\xa0\x80b\r", NOT_UTF8, "ab"),
        (b"a\xf0\x9f\x94\x91b\r", NOT_UTF8, "ab"),
        ("a\u0301b\r".encode(), NOT_UTF8, "ab"),
        ("a\u0085b\r".encode(), NOT_UTF8, "ab"),
    ],
)
@pytest.mark.parametrize("screen", [COMMAND, SECRET])
def test_what_cant_stand_in_a_line_is_dropped_and_said_once(keys: bytes, told: str, line: str, screen: Screen) -> None:
    editor = asked(screen)
    editor.feed(keys * 2)
    assert editor.step() == Typed(line)
    shown = editor.shown().decode()
    assert shown.count(told) == 1
    assert shown.count(screen.prompt) >= 1


@pytest.mark.parametrize("screen", [Screen("", "? ", chars_max=4), Screen("", "? ", secret=True, chars_max=4)])
@pytest.mark.parametrize("echoes", [True, False])
def test_a_long_line_is_refused_whole(screen: Screen, echoes: bool) -> None:
    editor = asked(screen, echoes=echoes)
    editor.feed(b"1234\r")
    assert editor.step() == Typed("1234")
    editor.ask(screen)
    editor.shown()
    editor.feed(b"12345\x7f\x7f\r")
    assert editor.step() is None
    told = editor.shown().decode()
    assert "Too long: at most 4 characters." in told
    assert told.endswith("? ")
    editor.feed(b"123456\x15 56\r")
    assert editor.step() == Typed(" 56")


def test_history_holds_what_is_remembered_and_no_more() -> None:
    editor = asked()
    for number in range(HISTORY_LINES_MAX + 5):
        editor.remember(f"V{number}")
    editor.remember(f"V{HISTORY_LINES_MAX + 4}")
    newest, oldest = f"V{HISTORY_LINES_MAX + 4}", "V5"
    assert typed(editor, b"\x1b[A\r") == [Typed(newest)]
    assert typed(editor, b"\x1b[A\x1b[A\r") == [Typed(f"V{HISTORY_LINES_MAX + 3}")]
    assert typed(editor, b"dra\x1b[A\x1b[A\x1b[B\x1b[Bft\x1b[B\r") == [Typed("draft")]
    assert typed(editor, b"\x10" * (HISTORY_LINES_MAX + 50) + b"\x0e\x10\r") == [Typed(oldest)]


def test_a_recalled_line_is_no_longer_than_the_question_takes() -> None:
    editor = asked(Screen("", "? ", chars_max=3))
    editor.remember("ABCDEF")
    editor.feed(b"\x1b[A\r")
    assert editor.step() == Typed("ABC")


def test_no_history_in_a_secret_and_no_secret_in_history() -> None:
    editor = asked(SECRET)
    editor.remember("GC 1")
    editor.feed(b"12\x1b[A\x1b[D\x01\x0b\x1734\x7f5\r")
    assert editor.step() == Typed("1235")
    editor.ask(COMMAND)
    editor.feed(b"\x1b[A\x1b[A\r")
    assert editor.step() == Typed("GC 1")


@given(st.binary(max_size=80))
def test_of_a_secret_nothing_is_shown(keys: bytes) -> None:
    editor = asked(SECRET)
    editor.feed(keys)
    while (event := editor.step()) is not None:
        assert isinstance(event, Key | Typed)
        editor.ask(SECRET)
    shown = editor.shown().decode()
    too_long = r"Too long: at most 8 characters\.  The line was not taken\."
    parts = ("PIN: ", "\r\n", "\\^C", "\x07", re.escape(CONTROLS_DROPPED), re.escape(NOT_UTF8), too_long)
    assert re.fullmatch(f"({'|'.join(parts)})*", shown)


def test_what_was_typed_in_secret_has_no_text_and_is_not_kept() -> None:
    editor = asked(SECRET)
    editor.feed(b"98765\r11")
    line = editor._line
    event = editor.step()
    assert isinstance(event, Typed)
    assert event.text == "98765"
    assert "98765" not in repr(event)
    assert len(line) == 0
    assert editor.step() is None
    editor.feed(b"22\x00")
    editor.forget()
    assert len(editor._line) == len(editor._unread) == 0


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_garbage_is_read_the_same_however_it_is_cut(pieces: list[bytes]) -> None:
    whole, cut = asked(), asked()
    expected = typed(whole, b"".join(pieces))
    assert [each for piece in pieces for each in typed(cut, piece)] == expected
    assert whole.shown() == cut.shown()
    assert all(not isinstance(each, Typed) or each.text.isprintable() for each in expected)


KEYS = {
    "left": b"\x1b[D",
    "right": b"\x1b[C",
    "home": b"\x01",
    "end": b"\x1b[F",
    "backspace": b"\x7f",
    "delete": b"\x1b[3~",
    "cut": b"\x0b",
    "erase": b"\x15",
}


class Model:
    """A line and a cursor as plain as can be."""

    def __init__(self) -> None:
        self.text, self.at = "", 0

    def press(self, key: str) -> None:
        before, behind = self.text[: self.at], self.text[self.at :]
        if key not in KEYS:
            if len(self.text) < COMMAND.chars_max:
                self.text, self.at = before + key + behind, self.at + 1
            return
        self.text, self.at = {
            "left": (self.text, max(self.at - 1, 0)),
            "right": (self.text, min(self.at + 1, len(self.text))),
            "home": (self.text, 0),
            "end": (self.text, len(self.text)),
            "backspace": (before[:-1] + behind, max(self.at - 1, 0)),
            "delete": (before + behind[1:], self.at),
            "cut": (before, self.at),
            "erase": ("", 0),
        }[key]


@given(
    st.lists(st.one_of(st.sampled_from(sorted(KEYS)), st.sampled_from("aZ9é ")), max_size=120),
    st.integers(20, 60),
)
def test_the_terminal_shows_the_line_and_the_cursor(keys: list[str], columns: int) -> None:
    """The editor against a model of the line, by way of a terminal that is neither's."""
    editor, model, row = LineEditor(), Model(), Row(columns)
    editor.resize(columns)
    editor.ask(COMMAND)
    row.write(editor.shown())
    for key in keys:
        editor.feed(KEYS.get(key, key.encode()))
        assert editor.step() is None
        model.press(key)
        row.write(editor.shown())
        prompt, drawn = row.text[: len(COMMAND.prompt)], row.text[len(COMMAND.prompt) :].rstrip()
        assert prompt == COMMAND.prompt
        start = model.at - (row.column - len(prompt))
        assert start >= 0
        assert drawn == model.text[start:][: columns - len(prompt) - 1].rstrip()
    editor.feed(b"\r")
    assert editor.step() == Typed(model.text)


def test_a_prompt_wider_than_the_terminal_has_rows_of_its_own() -> None:
    editor, row = LineEditor(), Row(40)
    editor.resize(40)
    editor.ask(Screen("", "x" * 39 + " "))
    assert editor.shown() == b"x" * 39 + b" \r\n"
    editor.feed(b"ab\x1b[D")
    editor.step()
    row.write(editor.shown())
    assert (row.text, row.column) == ("ab", 1)


@pytest.mark.parametrize(("columns", "kept"), [(0, 80), (-1, 80), (1, 20), (10**9, 1000)])
def test_a_terminal_is_as_wide_as_a_terminal_can_be(columns: int, kept: int) -> None:
    editor = LineEditor()
    editor.resize(columns)
    assert editor._columns == kept


def test_a_plain_line_is_neither_echoed_nor_edited() -> None:
    editor = asked(echoes=False, newline=b"\n")
    editor.remember("OLD")
    editor.feed(b"ab\x1b[Dc\x1b[A\x7fd\r\nV\n")
    assert editor.step() == Typed("abd")
    assert editor.step() == Typed("V")
    editor.show("done\n")
    assert editor.shown() == b"done\n"
