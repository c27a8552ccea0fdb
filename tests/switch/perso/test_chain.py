"""Audit chains: every change of a line shows, and a kill in the middle of one does no harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.chain import START, Chain, ChainBroken


def chain(path: Path) -> Chain:
    return Chain(path, lambda: datetime(2026, 1, 31, 12, tzinfo=UTC))


def filled(path: Path, count: int = 4) -> Chain:
    made = chain(path)
    for number in range(count):
        made.write("anna", "did", {"number": number, "text": "a\nb|"})
    return made


def test_entries_follow_each_other(tmp_path: Path) -> None:
    entries = list(filled(tmp_path / "a").entries())
    assert [each.previous for each in entries] == [START, *(each.hash for each in entries[:-1])]
    assert [(each.number, each.told["number"]) for each in entries] == [(n + 1, n) for n in range(4)]


def test_another_process_goes_on(tmp_path: Path) -> None:
    filled(tmp_path / "a")
    chain(tmp_path / "a").write("bert", "went on")
    assert [each.who for each in chain(tmp_path / "a").entries()] == ["anna"] * 4 + ["bert"]


@given(st.data())
def test_any_changed_byte_shows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("chain") / "a"
    made = filled(path)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 2))
    content[at] ^= data.draw(st.sampled_from([1, 2, 4, 0x10]))
    path.write_bytes(content)
    with pytest.raises((ChainBroken, UnicodeDecodeError)):
        list(made.entries())


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_line_taken_out_shows(tmp_path: Path, taken: int) -> None:
    made = filled(tmp_path / "a")
    lines = (tmp_path / "a").read_bytes().splitlines(keepends=True)
    (tmp_path / "a").write_bytes(b"".join(lines[:taken] + lines[taken + 1 :]))
    with pytest.raises(ChainBroken, match=f"line {taken + 1}: does not follow"):
        list(made.entries())


@pytest.mark.parametrize("left", [1, 20, -1])
def test_what_a_kill_left_of_a_line_is_cut_off(tmp_path: Path, left: int) -> None:
    made = filled(tmp_path / "a", 2)
    whole = (tmp_path / "a").read_bytes()
    first = whole.index(b"\n") + 1
    (tmp_path / "a").write_bytes(whole[: first + left] if left > 0 else whole[:left])
    made.write("anna", "did again")
    assert [each.what for each in made.entries()] == ["did", "did again"]


def test_a_file_that_is_no_chain_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("something else\n")
    with pytest.raises(ChainBroken):
        chain(tmp_path / "a").write("anna", "did")
    assert (tmp_path / "a").read_text() == "something else\n"


def test_what_is_repeated_after_a_kill_stands_once(tmp_path: Path) -> None:
    made = filled(tmp_path / "a", 2)
    first = made.once("anna", "made", {"key": "K"})
    with (tmp_path / "a").open("ab") as torn:
        torn.write(b'{"number": 4')
    assert made.once("bert", "made", {"key": "K"}) == first
    assert made.found({"key": "K"}) == first
    assert made.found({"key": "K"}, "received") is None
    made.once("anna", "made", {"key": "L"})
    made.once("anna", "received", {"key": "K"})
    assert [each.what for each in made.entries()] == ["did", "did", "made", "made", "received"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_of_a_chain_that_is_broken_nothing_is_found(tmp_path: Path) -> None:
    made = filled(tmp_path / "a")
    lines = (tmp_path / "a").read_bytes().splitlines(keepends=True)
    (tmp_path / "a").write_bytes(lines[0] + lines[3])
    with pytest.raises(ChainBroken):
        made.once("anna", "made", {"key": "K"})
