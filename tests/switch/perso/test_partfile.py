"""A part gone on with: only behind a mark that fits, and only by one process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from switch.perso.partfile import Mark, PartBusy, PartFile, Written

CARDS = 5


def written(to: Path, more: bytes = b"") -> Mark:
    """A part with a mark behind so many cards, and *more* behind that; its process has ended."""
    part = PartFile(to)
    done = part.go_on(None)
    for number in range(CARDS):
        line = f"card {number}\n".encode()
        part.out.write(line)
        done.digest.update(line)
        done.cards += 1
    mark = replace(part.reached(done, "noon"), mac=b"12345678")
    part.keep(mark)
    part.out.write(more)
    part.close()
    return mark


@pytest.mark.parametrize("more", [b"", b"half a li", b"card 5\ncard 6\ncar"])
def test_what_lies_behind_the_mark_is_cut_off(tmp_path: Path, more: bytes) -> None:
    to = tmp_path / "a.xof"
    mark = written(to, more)
    part = PartFile(to)
    assert part.marked() == mark
    done = part.go_on(mark)
    assert (done.cards, done.digest.digest()) == (CARDS, mark.digest)
    part.out.write(b"end\n")
    part.settle()
    part.close()
    assert to.read_bytes() == b"".join(b"card %d\n" % number for number in range(CARDS)) + b"end\n"


def cut_short(part: Path, mark: Path) -> None:
    part.write_bytes(part.read_bytes()[:-1])


def changed(part: Path, mark: Path) -> None:
    part.write_bytes(part.read_bytes().replace(b"card 2", b"card 9"))


def no_mark(part: Path, mark: Path) -> None:
    mark.unlink()


def half_a_mark(part: Path, mark: Path) -> None:
    mark.write_bytes(mark.read_bytes()[:-9])


def a_mark_of_nothing(part: Path, mark: Path) -> None:
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"bytes": 0}))


@pytest.mark.parametrize("damage", [cut_short, changed, no_mark, half_a_mark, a_mark_of_nothing])
def test_a_mark_that_does_not_fit_is_none(tmp_path: Path, damage: Callable[[Path, Path], None]) -> None:
    to = tmp_path / "a.xof"
    written(to)
    damage(tmp_path / "a.part", tmp_path / "a.mark")
    part = PartFile(to)
    assert part.marked() is None
    assert part.go_on(None).cards == 0
    part.close()
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.part", b"")]


def test_the_mac_of_a_mark_is_of_all_that_it_says_and_of_the_work() -> None:
    mark = Mark(5, 70, bytes(32), "noon")
    others = (
        replace(mark, cards=6),
        replace(mark, size_bytes=71),
        replace(mark, digest=b"\1" * 32),
        replace(mark, note="night"),
    )
    texts = {mark.text(bytes(32)), mark.text(b"\1" * 32), *(each.text(bytes(32)) for each in others)}
    assert len(texts) == 6


def test_one_process_writes_and_a_file_in_its_place_is_taken_back(tmp_path: Path) -> None:
    to = tmp_path / "a.xof"
    mark = written(to)
    part = PartFile(to)
    part.go_on(mark)
    part.settle()
    with pytest.raises(PartBusy):
        PartFile(to, back=True)
    assert to.exists()
    part.close()
    part = PartFile(to, back=True)
    assert part.marked() == mark
    assert not to.exists()
    part.drop()
    part.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_at_first() -> None:
    assert (Written().cards, Written().digest.digest()[:2]) == (0, b"\xe3\xb0")
