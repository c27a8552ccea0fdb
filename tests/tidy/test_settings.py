"""No setting is parsed and then ignored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hsm.policy.settings import Settings

ROOT = Path(__file__).parents[2] / "hsm"
SOURCES = "\n".join(path.read_text() for path in ROOT.rglob("*.py") if path.name != "settings.py")


@pytest.mark.parametrize("name", [found.attribute for found, _ in Settings().listing()])
def test_something_reads_it(name: str) -> None:
    governs = {found.attribute: found.governs for found, _ in Settings().listing()}
    assert re.search(rf"\.{name}\b", SOURCES) or governs[name]
