"""The file by which a server tells whoever started it that it listens, and where."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_ready_file(path: str, ports: Mapping[str, int]) -> None:
    """Tell by the file *path*, which appears whole or not at all, that all *ports*, numbers by name, listen."""
    ready = {"pid": os.getpid(), "ports": dict(ports)}
    directory = Path(path).absolute().parent
    with tempfile.NamedTemporaryFile("w", dir=directory, prefix=".ready-", delete=False) as opened:
        try:
            json.dump(ready, opened)
            opened.flush()
            os.fchmod(opened.fileno(), 0o644)
            os.replace(opened.name, path)
        except OSError:
            os.unlink(opened.name)
            raise
