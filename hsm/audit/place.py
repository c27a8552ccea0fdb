"""Where an unexpected exception came from: its type and line of ours, never its text, which may hold anything."""

from __future__ import annotations

import re
from pathlib import Path
from traceback import walk_tb

_NAME = re.compile("[A-Za-z_]{1,60}")


def place_of(fault: BaseException) -> str:
    """``KeyError at pins.py:41``: the type, and the innermost line of this package.

    >>> place_of(KeyError("secret"))
    'KeyError'
    """
    kind = type(fault).__name__
    kind = kind if _NAME.fullmatch(kind) else "Exception"
    ours = [(Path(f.f_code.co_filename), line) for f, line in walk_tb(fault.__traceback__)]
    within = [(path.name, line) for path, line in ours if "hsm" in path.parts]
    if not within:
        return kind
    name, line = within[-1]
    return f"{kind} at {name}:{line}"
