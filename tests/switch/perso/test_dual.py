"""Two officers."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.perso.dual import NotAllowed, Officers

PHRASES = {"anna": "a long passphrase", "bert": "another passphrase"}


@pytest.fixture
def officers(tmp_path: Path) -> Officers:
    made = Officers(tmp_path / "officers.json")
    for name, phrase in PHRASES.items():
        made.add(name, phrase)
    return made


def test_two_act_together(officers: Officers) -> None:
    assert officers.two(("anna", "bert"), PHRASES.__getitem__) == ("anna", "bert")


@pytest.mark.parametrize("names", [(), ("anna",), ("anna", "anna"), ("anna", "bert", "anna")])
def test_not_one_nor_one_twice(officers: Officers, names: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed, match="two different officers"):
        officers.two(names, PHRASES.__getitem__)


def test_a_wrong_passphrase_and_an_unknown_name_are_told_alike(officers: Officers) -> None:
    for name in ("anna", "carl"):
        with pytest.raises(NotAllowed, match=f"{name}: not known, or another passphrase"):
            officers.check(name, "another passphrase")


def test_passphrases_are_long_and_names_are_new(officers: Officers) -> None:
    for name, phrase in (("carl", "too short"), ("anna", "long enough, but known"), ("no name", "long enough")):
        with pytest.raises(NotAllowed):
            officers.add(name, phrase)


def test_an_addition_can_be_repeated(officers: Officers) -> None:
    before = officers.path.read_bytes()
    officers.add("anna", PHRASES["anna"])
    assert officers.path.read_bytes() == before
    with pytest.raises(NotAllowed, match="anna: not known, or another passphrase"):
        officers.add("anna", PHRASES["bert"])


def test_the_file_shows_no_passphrase(officers: Officers) -> None:
    assert all(phrase not in officers.path.read_text() for phrase in PHRASES.values())
    assert officers.path.stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_sort_lets_nobody_act(officers: Officers) -> None:
    for content in ("", "[]", '{"anna": {}}', '{"anna": {"salt": "zz", "hash": "00"}}'):
        officers.path.write_text(content)
        with pytest.raises(NotAllowed, match="no file of officers"):
            officers.check("anna", PHRASES["anna"])
