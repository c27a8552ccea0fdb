"""Who acts at a command line: two officers, and one process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.perso.dual import NotAllowed, Officers
from switch.server.perso.acting import alone, asked, two


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(NotAllowed, match="another process works in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_two_officers_with_passphrases_in_files(tmp_path: Path) -> None:
    officers = Officers(tmp_path / "officers.json")
    given = []
    for name in ("anna", "bert"):
        (tmp_path / name).write_text(f"the passphrase of {name}\n")
        officers.add(*asked(f"{name}:{tmp_path / name}"))
        given.append(f"{name}:{tmp_path / name}")
    assert two(officers, tuple(given)) == ("anna", "bert")
    for wrong in ((given[0],), (given[0], given[0]), (given[0], f"bert:{tmp_path / 'anna'}"), ()):
        with pytest.raises(NotAllowed):
            two(officers, tuple(wrong))
