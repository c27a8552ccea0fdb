"""The modules that declare console commands; importing them fills the table."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from hsm import console


@cache
def load() -> None:
    """Import every module of this package, once; those that declare no commands do no harm."""
    for found in pkgutil.iter_modules(console.__path__):
        importlib.import_module(f"{console.__name__}.{found.name}")
