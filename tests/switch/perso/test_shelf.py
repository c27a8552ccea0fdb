"""Files on a shelf: whole, as announced, within bounds, for a while."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from switch.perso.shelf import NotKept, Shelf

NAME = "970499-1.order"
CONTENT = b"enciphered"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def shelf(folder: Path) -> Shelf:
    return Shelf(folder, files_max=2, bytes_max=25)


def put(into: Shelf, name: str = NAME, content: bytes = CONTENT) -> None:
    arrival = into.put(name, len(content), hashlib.sha256(content).hexdigest())
    arrival.write(content)
    arrival.settle()


def test_what_is_put_is_there_as_it_came(tmp_path: Path) -> None:
    kept = shelf(tmp_path / "new")
    put(kept)
    (found,) = kept.files()
    assert (found.name, found.size_bytes, found.digest) == (NAME, len(CONTENT), DIGEST)
    with kept.open(NAME) as file:
        assert file.read() == CONTENT
    assert (tmp_path / "new" / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["../a.order", "a", ".order", "a/b.order", "a.order\n", "", "a" * 90 + ".order", "A.ORDER"]
)
def test_names_have_no_path(tmp_path: Path, name: str) -> None:
    for ask in (shelf(tmp_path).file, shelf(tmp_path).open, lambda n: shelf(tmp_path).put(n, 1, DIGEST)):
        with pytest.raises(NotKept):
            ask(name)


def test_what_is_not_as_announced_is_not_kept(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    for announced, sent in ((DIGEST, b"enciphereD"), (DIGEST, CONTENT[:-1])):
        arrival = kept.put(NAME, len(CONTENT), announced)
        arrival.write(sent)
        with pytest.raises(NotKept, match="not the one that was announced"):
            arrival.settle()
    assert list(tmp_path.iterdir()) == []


def test_bounds(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    put(kept)
    for name, size, told in (
        (NAME, 10, "there already"), ("b.order", 16, "no room"), ("b.order", 0, "no room"), ("b.order", -1, "no room"),
    ):  # fmt: skip
        with pytest.raises(NotKept, match=told):
            kept.put(name, size, DIGEST)
    with pytest.raises(NotKept, match="hexadecimal"):
        kept.put("b.order", 1, "00")
    arrival = kept.put("b.order", 1, DIGEST)
    with pytest.raises(NotKept, match="2 files are there already"):
        kept.put("c.order", 1, DIGEST)
    arrival.abandon()


def test_what_was_coming_when_the_process_ended_is_gone(tmp_path: Path) -> None:
    coming = shelf(tmp_path).put(NAME, 10, DIGEST)
    coming.write(b"enci")
    assert shelf(tmp_path).files() == []
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.came"], "it still comes"
    coming._file.close()  # as a kill does
    assert shelf(tmp_path).files() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_removed_as_it_was_taken(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    put(kept)
    with pytest.raises(NotKept, match="another file by now"):
        kept.drop(NAME, "00" * 32)
    kept.drop(NAME, DIGEST)
    with pytest.raises(NotKept, match="no file"):
        kept.drop(NAME, DIGEST)


def test_files_expire(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    put(kept)
    put(kept, "b.order")
    os.utime(tmp_path / NAME, (1_000, 1_000))
    os.utime(tmp_path / "b.order", (2_000, 2_000))
    assert kept.expire(2_500, 1_000) == [NAME]
    assert [each.name for each in kept.files()] == ["b.order"]
