"""The internal server with an HSM of its own: what it re-enciphers, what it refuses, and after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from support.perso import Bureau, now, order, result

from switch.perso.books import Books, ImportedOrder
from switch.perso.chain import START, Chain
from switch.perso.shelf import Shelf
from switch.server.perso.host_command import reenciphered
from switch.server.perso.pmp import Pmp

NAME = "970499-2026-0001"


class OwnHsm:
    """What ``reenciphered`` uses of a PMP."""

    def __init__(self, bureau: Bureau) -> None:
        self.books: Books = bureau.books
        self.xofs: Path = bureau.folder
        self._importing = bureau.importing

    async def import_order(self, path: Path, administrator: str, progress: object) -> ImportedOrder:
        return self._importing.imported(path) or await self._importing.import_file(path)


class Inner:
    """An internal server's files."""

    def __init__(self, folder: Path) -> None:
        (folder / "hsm").mkdir()
        self.own = OwnHsm(Bureau(folder / "hsm").prepare())
        self.shelf = Shelf(folder / "files", 10, 1_000_000)
        self.refused = folder / "refused"
        self.chain = Chain(folder / "hosting.audit", now)

    def step(self) -> list[str]:
        return result(reenciphered(cast("Pmp", self.own), self.shelf, self.chain, self.refused))

    def put(self, name: str, content: bytes) -> None:
        (self.shelf.folder / name).write_bytes(content)

    def names(self) -> list[str]:
        return [each.name for each in self.shelf.files()]


@pytest.fixture
def inner(tmp_path: Path) -> Inner:
    return Inner(tmp_path)


def test_an_order_gives_way_to_its_xof_file(inner: Inner) -> None:
    inner.put(f"{NAME}.order", order())
    assert inner.step() == [f"{NAME}.xof"] == inner.names()
    assert inner.step() == []
    (noted,) = inner.chain.entries()
    kept = inner.shelf.file(f"{NAME}.xof")
    assert noted.told == {"file": kept.name, "digest": kept.digest, "before": START}


def test_what_is_refused_goes_aside_and_is_not_tried_again(inner: Inner) -> None:
    inner.put(f"{NAME}.order", order()[:-5])
    assert (inner.step(), inner.names()) == ([], [])
    assert [path.name for path in inner.refused.iterdir()] == [f"{NAME}.order"]


def test_another_order_of_a_known_name_goes_aside(inner: Inner) -> None:
    inner.put(f"{NAME}.order", order())
    assert inner.step() == [f"{NAME}.xof"]
    inner.put(f"{NAME}.order", order(4))
    assert (inner.step(), inner.names()) == ([], [f"{NAME}.xof"])
    assert [path.name for path in inner.refused.iterdir()] == [f"{NAME}.order"]


@pytest.mark.parametrize("moved", [False, True])
def test_after_a_kill_it_goes_on(inner: Inner, moved: bool) -> None:
    """Killed when the order was in the books: before its XOF file was on the shelf, and before the order was gone."""
    inner.put(f"{NAME}.order", order())
    result(inner.own.import_order(inner.shelf.path(f"{NAME}.order"), "hosting", None))
    if moved:
        (inner.own.xofs / f"{NAME}.xof").rename(inner.shelf.path(f"{NAME}.xof"))
    assert inner.step() == [f"{NAME}.xof"] == inner.names()
