"""What was said to be committed is there after kill -9, and a work is there as a whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import support.counting_store

from switch.store.database import Database
from switch.store.reading import Reading
from switch.store.rows import Era, Irregular

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("lines", [1, 60, 1500])
def test_what_was_told_is_there_after_a_kill(database: Database, lines: int) -> None:
    program = [sys.executable, support.counting_store.__file__, database.url]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    told = [int(line) for line in said if line.endswith("\n")]
    assert told == list(range(1, len(told) + 1))
    connection = database.connect()  # on the server, a transaction that was cut off ends before we have its row
    connection.begin()
    last = connection.fetch({Era: ["n"]})[Era, "n"]
    connection.rollback()
    connection.close()
    assert isinstance(last, Era)
    assert last.number >= len(told) >= lines
    reading = Reading(database)
    assert [row.at_us for row in reading.every(Irregular, rows_max=10**6)] == list(range(1, last.number + 1))
    reading.close()
