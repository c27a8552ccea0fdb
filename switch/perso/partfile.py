"""A file that is written card by card, and gone on with after a kill: what is done is not done again.

Beside the part that is written, FILE.part, lies FILE.mark: how many cards were on the disk, in how many bytes, with the
SHA-256 digest of those and a MAC of it all, which an HSM made under a key of the bureau.  Who goes on cuts the part back to
its mark, so that a mark is trusted only with its MAC, and only for the same work: the MAC is of a *context*, too, which
says what is made of what, with which keys.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from hmac import compare_digest
from io import BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING

from switch.perso.shelf import CHUNK_BYTES, is_ours, settle_folder
from switch.perso.whole import write_text

if TYPE_CHECKING:
    from hashlib import _Hash

LABEL = b"zonekey part file 1\0"
"""Begins what the MAC of a mark is of: no file of orders or cards does."""
MARK_CARDS = 256
"""So many cards lie between two marks: what a kill costs, at most, and what is under way."""
MARK_BYTES_MAX = 4_096


class PartBusy(Exception):
    """Another process writes this file."""


@dataclass(frozen=True)
class Mark:
    """*cards* are in the first *size_bytes*, whose SHA-256 is *digest*; *note* is what whoever goes on must know."""

    cards: int
    size_bytes: int
    digest: bytes
    note: str
    mac: bytes = b""

    def text(self, context: bytes) -> bytes:
        """What the MAC is of, 32 bytes; *context* is 32 bytes."""
        told = f"{self.cards} {self.size_bytes} {self.digest.hex()} {self.note}".encode()
        return hashlib.sha256(LABEL + context + told).digest()


@dataclass
class Written:
    """What is in the part: *cards*, and the *digest* of all its bytes, which goes on with what is written."""

    cards: int = 0
    digest: _Hash = field(default_factory=hashlib.sha256)


class PartFile:
    """The part of the file *to*, open and locked; close it whatever happens."""

    def __init__(self, to: Path, *, back: bool = False) -> None:
        """With *back* a file that stands in its place, and does not count yet, is a part again.

        Raises PartBusy, OSError.
        """
        self._to, self._part, self._mark = to, to.with_suffix(".part"), to.with_suffix(".mark")
        there = to if back and to.exists() and not self._part.exists() else self._part
        self.out: BufferedRandom = os.fdopen(os.open(there, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if not is_ours(self.out.fileno()):
            self.out.close()
            raise PartBusy
        if there == to:
            to.rename(self._part)

    def marked(self) -> Mark | None:
        """The mark, if there is one and the part has the bytes that it tells of; its MAC is not looked at here."""
        try:
            told = json.loads(self._mark.read_bytes()[:MARK_BYTES_MAX])
            mark = Mark(
                int(told["cards"]),
                int(told["bytes"]),
                bytes.fromhex(told["digest"]),
                str(told["note"]),
                bytes.fromhex(told["mac"]),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        fits = 0 < mark.size_bytes <= os.fstat(self.out.fileno()).st_size and mark.cards > 0
        return mark if fits and compare_digest(self._digest(mark.size_bytes).digest(), mark.digest) else None

    def go_on(self, mark: Mark | None) -> Written:
        """Cut the part back to its *mark*, whose MAC is right, or to nothing; what is in it then."""
        size = mark.size_bytes if mark else 0
        if mark is None:
            forget(self._to)
        os.ftruncate(self.out.fileno(), size)
        self.out.seek(size)
        return Written(mark.cards if mark else 0, self._digest(size))

    def reached(self, written: Written, note: str) -> Mark:
        """The next mark, still without its MAC, when what was *written* is on the disk."""
        self.out.flush()
        os.fsync(self.out.fileno())
        return Mark(written.cards, self.out.tell(), written.digest.digest(), note)

    def keep(self, mark: Mark) -> None:
        """From here on whoever goes on does so behind this *mark*."""
        told = {"cards": mark.cards, "bytes": mark.size_bytes, "digest": mark.digest.hex(), "note": mark.note}
        write_text(self._mark, json.dumps(told | {"mac": mark.mac.hex()}) + "\n")

    def settle(self) -> None:
        """The part is whole: it stands at its place.  The mark stays till ``forget``."""
        self.out.flush()
        os.fsync(self.out.fileno())
        self._part.rename(self._to)
        settle_folder(self._to.parent)

    def drop(self) -> None:
        """Nothing comes of it."""
        self._part.unlink(missing_ok=True)
        forget(self._to)

    def close(self) -> None:
        """Others may go on with it."""
        self.out.close()

    def _digest(self, size: int) -> _Hash:
        """The digest of the first *size* bytes."""
        digest, left = hashlib.sha256(), size
        with self._part.open("rb") as file:
            while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
                digest.update(chunk)
                left -= len(chunk)
        return digest


def forget(to: Path) -> None:
    """The mark of *to* is not needed any more."""
    to.with_suffix(".mark").unlink(missing_ok=True)
