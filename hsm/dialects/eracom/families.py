"""The modules that declare functions; importing them fills the table."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from hsm.dialects import eracom


@cache
def load() -> None:
    """Import every module of this package, once; those that declare no functions do no harm."""
    for found in pkgutil.iter_modules(eracom.__path__):
        importlib.import_module(f"{eracom.__name__}.{found.name}")
