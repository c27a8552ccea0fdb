"""The secret that opens the vault comes from a file that is its owner's alone, the environment, or a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.storage.database import StorageError
from hsm.storage.passphrase import key_in, new_key_file, passphrase_from


def test_where_the_passphrase_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(b"from the file\n")
    file.chmod(0o600)
    environment = {"HSM_PASSPHRASE": "from the environment"}
    assert passphrase_from(environment, file) == b"from the file"
    assert passphrase_from(environment) == b"from the environment"
    assert passphrase_from({}, prompt=lambda: "from the prompt") == b"from the prompt"
    with pytest.raises(StorageError, match="HSM_PASSPHRASE: is not set"):
        passphrase_from({})
    for short in ("", "seven77"):
        with pytest.raises(StorageError, match="8 to"):
            passphrase_from({"HSM_PASSPHRASE": short})
    file.chmod(0o640)
    with pytest.raises(StorageError, match="open to others"):
        passphrase_from({}, file)
    with pytest.raises(StorageError, match="No such file"):
        passphrase_from({}, tmp_path / "missing")
    file.chmod(0o600)
    for longest in (b"x" * 4_096, b"x" * 4_096 + b"\n", b"x" * 4_096 + b"\r\n"):
        file.write_bytes(longest)
        assert passphrase_from({}, file) == b"x" * 4_096
    for long in (b"x" * 4_097, b"x" * 4_096 + b"\n\n", b"x" * 4_096 + b"\n" + b"x" * 5_000, b"\n" * 5_000):
        file.write_bytes(long)
        with pytest.raises(StorageError, match="to 4096 bytes"):
            passphrase_from({}, file)


def test_a_key_file_is_made_once_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "key"
    new_key_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    key = key_in(file)
    assert len(key) == 32
    with pytest.raises(StorageError, match="File exists"):
        new_key_file(file)
    assert key_in(file) == key
    new_key_file(tmp_path / "other")
    assert key_in(tmp_path / "other") != key


def test_key_files_that_will_not_do(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for wrong in (b"", bytes(31), bytes(33)):
        file.write_bytes(wrong)
        file.chmod(0o600)
        with pytest.raises(StorageError, match="a key file is 32 bytes"):
            key_in(file)
    file.write_bytes(bytes(32))
    file.chmod(0o604)
    with pytest.raises(StorageError, match="open to others"):
        key_in(file)
    with pytest.raises(StorageError, match="No such file"):
        key_in(tmp_path / "missing")
    with pytest.raises(StorageError, match="No such file"):
        new_key_file(tmp_path / "nowhere" / "key")
