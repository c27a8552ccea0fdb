"""A switch, its HSM and its store are killed under load, and its links cut: ten of each; ``--full``: two hundred."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from support.databases import MISSING, has_postgres

SEED, KILLS, KILLS_FULL = 11, 10, 200
_spec = importlib.util.spec_from_file_location("switch_kills", Path(__file__).with_name("switch_kills.py"))
assert _spec is not None
assert _spec.loader is not None
switch_kills = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(switch_kills)


@pytest.mark.parametrize(
    "targets",
    [
        ["switch", "hsm", "link"],
        pytest.param(["postgresql", "switch"], marks=pytest.mark.skipif(not has_postgres(), reason=MISSING)),
    ],
    ids=["sqlite", "postgresql"],
)
def test_the_books_agree_after_kills(targets: list[str], request: pytest.FixtureRequest) -> None:
    kills = KILLS_FULL if request.config.getoption("--full") else KILLS
    counts = switch_kills.run(targets, kills, SEED)
    for name, count in sorted(counts.items()):
        print(f"{name:28} {count:>8}")
    for target in targets:
        assert counts["link: cut" if target == "link" else f"{target}: killed"] == kills
    assert counts["answered 00"] > kills
    assert counts["compared"] > kills
