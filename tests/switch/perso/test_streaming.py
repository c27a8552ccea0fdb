"""Memory does not grow with an order."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from support.perso import KEYS, SECRET, wish

from switch.perso.issuing import write_order
from switch.perso.orderfile import OrderReader
from switch.perso.terms import Attribute, Content, KeyName
from switch.perso.xof import XofHead, XofReader, XofWriter

FEW, MANY = 500, 3_000
GROWTH_BYTES_MAX = 60_000


def written(folder: Path, cards: int) -> tuple[Path, Path]:
    """An order of so many cards, and a file of XOF's form with its values."""
    order, xof = folder / f"{cards}.order", folder / f"{cards}.xof"
    with order.open("wb") as out:
        write_order(out, KEYS, SECRET, wish(cards), "2026-01-31T12:00:00Z")
    keys = {each: KeyName(each.name, each.content, "000000") for each in Attribute}
    with order.open("rb") as source, xof.open("wb") as out:
        head = XofHead("970499", "1", "DEBIT", "01", cards, "2026-01-31T12:00:00Z")
        writer = XofWriter(out, head, keys, KeyName("MAC", Content.MACS, "000000"))
        for card in OrderReader(source, "a"):
            writer.card(card)
        writer.end(bytes(8))
    return order, xof


def peak(path: Path) -> int:
    """Bytes at most in use while *path* is read."""
    tracemalloc.start()
    with path.open("rb") as source:
        reader = XofReader(source, "a") if path.suffix == ".xof" else OrderReader(source, "a")
        count = sum(1 for _ in reader)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == int(path.stem)
    return found


@pytest.mark.parametrize("which", [0, 1])
def test_reading(tmp_path: Path, which: int) -> None:
    few, many = (written(tmp_path, cards)[which] for cards in (FEW, MANY))
    peak(few)
    assert peak(many) - peak(few) < GROWTH_BYTES_MAX < many.stat().st_size / 5


def test_writing(tmp_path: Path) -> None:
    class Counted(BytesIO):
        """Keeps nothing."""

        def write(self, content: object) -> int:
            return 0

    def used(cards: int) -> int:
        tracemalloc.start()
        write_order(Counted(), KEYS, SECRET, wish(cards), "2026-01-31T12:00:00Z")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    used(FEW)
    assert used(MANY) - used(FEW) < GROWTH_BYTES_MAX
