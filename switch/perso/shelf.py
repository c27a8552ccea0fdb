"""A folder of files as they came: put whole or not at all, listed, and taken away; nothing here looks into them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from io import BufferedIOBase
from pathlib import Path

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.(order|xof|back)")
"""Files have a name without path, and an ending that says what they are."""
HASH = re.compile("[0-9a-f]{64}")
CHUNK_BYTES = 65_536
_ENDING = ".came"


class NotKept(Exception):
    """A file isn't kept, or isn't there; the text says why and can be told to the other side."""


class TransferFailed(Exception):
    """The other side refused, broke off, or was silent; the text says which."""


@dataclass(frozen=True)
class Kept:
    """A file of the shelf: *digest* is its SHA-256, 64 hexadecimal digits."""

    name: str
    size_bytes: int
    digest: str
    came_seconds: float


class Shelf:
    """The *folder*, made if it isn't there, holds *files_max* files and *bytes_max* in all."""

    def __init__(self, folder: Path, files_max: int, bytes_max: int) -> None:
        self.folder = folder
        self._files_max = files_max
        self._bytes_max = bytes_max
        self._digests: dict[tuple[str, int, int], str] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"*{_ENDING}"):
            with suppress(FileNotFoundError), left.open("rb") as file:
                if is_ours(file.fileno()):
                    left.unlink(missing_ok=True)

    def files(self) -> list[Kept]:
        """All files, by name."""
        return [self._kept(path) for path in sorted(self._paths())]

    def file(self, name: str) -> Kept:
        """Raises NotKept."""
        path = self.path(name)
        if not path.is_file():
            raise NotKept(f"no file {name}")
        return self._kept(path)

    def has(self, name: str, digest: str) -> bool:
        """Is just that file there?  Raises NotKept."""
        path = self.path(name)
        return path.is_file() and digest.isascii() and compare_digest(self._kept(path).digest, digest)

    def open(self, name: str) -> BufferedIOBase:
        """Raises NotKept."""
        self.file(name)
        return self.path(name).open("rb")

    def put(self, name: str, size_bytes: int, digest: str | None) -> Arrival:
        """Where a new file of that size and SHA-256 *digest*, if it is known, is written to.  Raises NotKept."""
        path = self.path(name)
        if digest is not None and not HASH.fullmatch(digest):
            raise NotKept("a SHA-256 digest is 64 hexadecimal digits")
        paths = list(self._paths())
        if path.exists():
            raise NotKept(f"{name} is there already")
        coming = [*self.folder.glob(f"*{_ENDING}")]
        if len(paths) + len(coming) >= self._files_max:
            raise NotKept(f"{self._files_max} files are there already")
        if size_bytes <= 0 or size_bytes + sum(each.stat().st_size for each in paths + coming) > self._bytes_max:
            raise NotKept(f"there is no room for {size_bytes} bytes")
        if (temporary := path.with_name(path.name + _ENDING)).exists():
            raise NotKept(f"{name} is coming already")
        return Arrival(temporary, path, size_bytes, digest)

    def drop(self, name: str, digest: str) -> None:
        """Remove a file that was taken with this *digest*.  Raises NotKept."""
        if not compare_digest(self.file(name).digest, digest):
            raise NotKept(f"{name} is another file by now")
        self.path(name).unlink()

    def expire(self, now_seconds: float, age_seconds_max: float) -> list[str]:
        """Remove what came longer ago than that, and say what it was."""
        old = [each.name for each in self.files() if now_seconds - each.came_seconds > age_seconds_max]
        for name in old:
            self.path(name).unlink()
        return old

    def _paths(self) -> Iterator[Path]:
        return (path for path in self.folder.iterdir() if FILE_NAME.fullmatch(path.name))

    def path(self, name: str) -> Path:
        """Where a file of that name is, or would be.  Raises NotKept."""
        if not FILE_NAME.fullmatch(name):
            raise NotKept("no such file name is taken")
        return self.folder / name

    def _kept(self, path: Path) -> Kept:
        stat = path.stat()
        mark = (path.name, stat.st_size, stat.st_mtime_ns)
        if mark not in self._digests:
            self._digests = {known: digest for known, digest in self._digests.items() if known[0] != path.name}
            with path.open("rb") as file:
                self._digests[mark] = hashlib.file_digest(file, "sha256").hexdigest()
        return Kept(path.name, stat.st_size, self._digests[mark], stat.st_mtime)


class Arrival:
    """A file that is on its way: it appears under its name only if size and digest are as announced."""

    def __init__(self, temporary: Path, path: Path, size_bytes: int, digest: str | None) -> None:
        self.left_bytes = size_bytes
        self.name = path.name
        self._temporary, self._path = temporary, path
        self._announced = digest
        self._found = hashlib.sha256()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        is_ours(descriptor)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """The next bytes.  Raises NotKept when they are more than were announced."""
        self.left_bytes -= len(chunk)
        if self.left_bytes < 0:
            self.abandon()
            raise NotKept("the file is longer than was announced")
        self._found.update(chunk)
        self._file.write(chunk)

    def settle(self) -> None:
        """All has come.  Raises NotKept when it isn't what was announced."""
        found = self._found.hexdigest()
        if self.left_bytes or not compare_digest(found, found if self._announced is None else self._announced):
            self.abandon()
            raise NotKept("the file is not the one that was announced")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.rename(self._path)
        settle_folder(self._path.parent)

    def abandon(self) -> None:
        """Nothing more comes."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def is_ours(descriptor: int) -> bool:
    """Does no other process write to this file?  From here on till it is closed none does that asks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def settle_folder(folder: Path) -> None:
    """What was renamed in *folder* stays so over a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
