"""The modules that declare commands; importing them fills the table."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from hsm.dialects import thales

NOT_FAMILIES = frozenset({"codes", "dispatch", "ebcdic", "families", "fields", "pinwords", "session"})


@cache
def load() -> None:
    """Import every family of commands in this package, once."""
    for found in pkgutil.iter_modules(thales.__path__):
        if found.name not in NOT_FAMILIES:
            importlib.import_module(f"{thales.__name__}.{found.name}")
