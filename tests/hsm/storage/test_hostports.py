"""What is stored for host ports: kept in the state directory, whole, and only what can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.storage.database import Database
from hsm.storage.hostports import DatabasePortSettings, MemoryPortSettings, PortSettings, readable

FIRST, SECOND = ("thales", "header-length"), ("thales", "charset")


@pytest.fixture(params=["memory", "database"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> PortSettings:
    return MemoryPortSettings() if request.param == "memory" else DatabasePortSettings(Database(tmp_path / "state"))


def test_values_replace_each_other_and_can_be_taken_away(ports: PortSettings) -> None:
    assert not ports.stored()
    ports.store({FIRST: "6", SECOND: "ebcdic"})
    ports.store({FIRST: "8"})
    assert ports.stored() == {FIRST: "8", SECOND: "ebcdic"}
    ports.store({FIRST: None, ("tls", "lmk"): None})
    assert ports.stored() == {SECOND: "ebcdic"}


def test_they_outlive_the_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "state")
    DatabasePortSettings(database).store({FIRST: "6"})
    database.close()
    assert DatabasePortSettings(Database(tmp_path / "state")).stored() == {FIRST: "6"}


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("header-length", " 007 ", "7"),
        ("header-length", "255", "255"),
        ("charset", "ascii", "ascii"),
        ("lmk", "07", "07"),
    ],
)
def test_what_can_be_stored(field: str, text: str, value: str) -> None:
    assert readable(field, text) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [("header-length", "256"), ("header-length", "-1"), ("charset", "latin"), ("lmk", "7"), ("port", "1")],
)
def test_what_can_not(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        readable(field, text)
