"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.perso.whole import whole, write_text


def write_half(path: Path) -> None:
    with whole(path) as file:
        file.write(b"half of what is much longer")
        raise KeyboardInterrupt


def test_what_broke_off_leaves_what_was_there_and_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_text(path, "before")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_text() == "before"
    write_text(path, "after")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("keys.json", "after")]
    assert path.stat().st_mode & 0o777 == 0o600
