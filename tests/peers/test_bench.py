"""``switch bench`` as its users call it: real processes, real sockets, a store on a disk; short, since here nobody asks
how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def bench(folder: Path, *words: str) -> dict[str, float]:
    """The figures of ``switch bench`` by name."""
    line = [sys.executable, "-m", "switch.main", "bench", "--json", "--folder", str(folder), *words]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr
    assert list(folder.iterdir()) == [], "what a bench wrote it takes away again"
    return {each["name"]: each["value"] for each in json.loads(ended.stdout)}


@pytest.mark.parametrize("words", [("throughput", "--seconds", "1"), ("latency", "--seconds", "1", "--rate", "50")])
def test_withdrawals_are_approved_and_none_is_lost(tmp_path: Path, words: tuple[str, ...]) -> None:
    figures = bench(tmp_path, *words)
    (lost,) = [value for name, value in figures.items() if name.endswith("lost or declined")]
    assert lost == 0
    assert any(value > 0 for name, value in figures.items() if "withdrawals" in name or "p50" in name)


def test_keys_change_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    figures = bench(tmp_path, "throughput", "--seconds", "4", "--window", "16", "--change-keys-every", "2")
    assert figures["with key changes, keys changed"] >= 2
    assert figures["with key changes, lost or declined"] == 0
