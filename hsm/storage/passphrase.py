"""Where the secret that opens the vault comes from: a passphrase that people know, or a key file that machines have."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hsm.storage.database import FILE_MODE, StorageError, check_private, synced

PASSPHRASE_VARIABLE = "HSM_PASSPHRASE"  # noqa: S105 (the name of a variable, not a passphrase)
PASSPHRASE_CHARS_MIN, PASSPHRASE_BYTES_MAX = 8, 4_096
KEY_FILE_BYTES = 32


def opener(
    environment: Mapping[str, str],
    passphrase_file: Path | None = None,
    key_file: Path | None = None,
    prompt: Callable[[], str] | None = None,
) -> bytes:
    """What opens the vault: a key file's bytes, else the passphrase.  Raises StorageError."""
    return passphrase_from(environment, passphrase_file, prompt) if key_file is None else key_in(key_file)


def passphrase_from(
    environment: Mapping[str, str], file: Path | None = None, prompt: Callable[[], str] | None = None
) -> bytes:
    """The passphrase: of *file*, else of the variable HSM_PASSPHRASE, else as *prompt* answers.

    A file must be its owner's alone; a newline at its end is not part of the passphrase.  Raises StorageError.
    """
    if file is not None:
        # Room for a line end, and for one byte too many.
        found = _content(file, "the passphrase file", PASSPHRASE_BYTES_MAX + 3)
        return _long_enough(file, found.removesuffix(b"\n").removesuffix(b"\r"))
    source, text = Path(PASSPHRASE_VARIABLE), environment.get(PASSPHRASE_VARIABLE)
    if text is None:
        if prompt is None:
            raise StorageError(source, "is not set; the vault needs a passphrase, from it or from --passphrase-file")
        source, text = Path("passphrase"), prompt()
    return _long_enough(source, text.encode())


def key_in(file: Path) -> bytes:
    """The 32 bytes of a key *file*, which stand for a passphrase.  Raises StorageError."""
    found = _content(file, "the key file", KEY_FILE_BYTES + 1)
    if len(found) != KEY_FILE_BYTES:
        raise StorageError(file, f"a key file is {KEY_FILE_BYTES} bytes; `hsm lmk keyfile` makes one")
    return found


def new_key_file(file: Path) -> None:
    """Make a key file of random bytes, its owner's alone, where there is no file yet.  Raises StorageError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            os.write(descriptor, os.urandom(KEY_FILE_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        synced(file.absolute().parent)
    except OSError as error:
        raise StorageError(file, error.strerror or "can't be written") from None


def _content(file: Path, what: str, bytes_max: int) -> bytes:
    try:
        check_private(file, what, FILE_MODE)
        with file.open("rb") as opened:
            return opened.read(bytes_max)
    except OSError as error:
        raise StorageError(file, error.strerror or "can't be read") from None


def _long_enough(source: Path, passphrase: bytes) -> bytes:
    if not PASSPHRASE_CHARS_MIN <= len(passphrase) <= PASSPHRASE_BYTES_MAX:
        raise StorageError(source, f"a passphrase is {PASSPHRASE_CHARS_MIN} to {PASSPHRASE_BYTES_MAX} bytes")
    return passphrase
