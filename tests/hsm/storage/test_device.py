"""Starts are counted in the state directory."""

from __future__ import annotations

from pathlib import Path

from hsm.storage.database import Database
from hsm.storage.device import count_start


def test_starts_outlive_the_process(tmp_path: Path) -> None:
    counts = []
    for _ in range(3):
        database = Database(tmp_path / "state")
        counts.append(count_start(database))
        database.close()
    assert counts == [0, 1, 2]
