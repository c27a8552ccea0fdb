"""Files that are there whole or not at all, whenever a process or the machine ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path

from switch.perso.shelf import settle_folder


@contextmanager
def whole(path: Path) -> Iterator[BufferedWriter]:
    """A file to write, which only its owner reads; at the end it stands at *path*, in place of what was there.

    Until then it lies beside, and a write that broke off is overwritten by the next.
    """
    beside = path.with_name(f"{path.name}.new")
    with open(beside, "wb", opener=_private) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    settle_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write *text* to *path*, whole."""
    with whole(path) as file:
        file.write(text.encode())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
