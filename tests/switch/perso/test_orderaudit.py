"""The audit of a whole order: what is tampered with, taken out or reordered is named by part and entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switch.perso.chain import Chain, ChainBroken
from switch.perso.orderaudit import TrailBroken, trail

DIGEST = "ab" * 32
FILE = {"file": "970499-1.order", "digest": DIGEST}
ORDER = {"issuer": "970499", "order": "1"}
PARTS = ("issuer", "receiving", "hosting", "pmp", "cardink", "production")
Told = dict[str, str]


def clock() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Bureau:
    """All parts' chains about an order, and one about another in between."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chains = {part: Chain(folder / f"{part}.audit", clock) for part in PARTS}
        begun = self.note("issuer", "order begun", ORDER)
        self.note("issuer", "order made", ORDER | FILE)
        pushed = self.note("issuer", "pushed", FILE)
        self.note("receiving", "announced", FILE, pushed)
        received = self.note("receiving", "received", FILE)
        pulled = self.note("hosting", "pulled", FILE, received)
        self.note("receiving", "removed", FILE)
        self.note("pmp", "pulled", FILE, pulled)
        imported = self.done("pmp", "import begun", "order imported", begun)
        self.note("pmp", "order imported", {"issuer": "970499", "order": "2"})
        prepared = self.done("cardink", "preparation begun", "order prepared", imported)
        self.done("production", "production begun", "order produced", prepared)
        self.closed = self.note("production", "order closed", ORDER)

    def note(self, part: str, what: str, told: Told, before: str = "") -> str:
        return self.chains[part].write(part, what, told | ({"before": before} if before else {})).hash

    def done(self, part: str, begun: str, made: str, before: str) -> str:
        head = self.note(part, begun, ORDER, before)
        self.note(part, made, ORDER)
        return head

    def trail(self) -> list[str]:
        return [f"{each.part} {each.entry.what}" for each in trail("970499", "1", self.chains, self.closed)]

    def entries(self, part: str) -> list[dict[str, object]]:
        path = self.folder / f"{part}.audit"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def rewrite(self, part: str, change: Callable[[list[dict[str, object]]], object]) -> None:
        """As one does who owns the part: a chain that is whole in itself, of changed entries."""
        entries = self.entries(part)
        change(entries)
        (self.folder / f"{part}.audit").write_text("")
        for each in entries:
            told = each["told"]
            assert isinstance(told, dict)
            self.chains[part].write(str(each["who"]), str(each["what"]), told)


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path)


def test_part_by_part(bureau: Bureau) -> None:
    told = bureau.trail()
    assert list(dict.fromkeys(each.split()[0] for each in told)) == list(PARTS)
    assert len(told) == 15
    assert told[-1] == "production order closed"


def every_entry() -> Iterator[tuple[str, int]]:
    counts = {"issuer": 3, "receiving": 2, "hosting": 1, "pmp": 2, "cardink": 1, "production": 3}
    return ((part, number) for part, count in counts.items() for number in range(count))


@pytest.mark.parametrize(("part", "number"), every_entry())
def test_what_was_handed_over_can_be_neither_changed_nor_taken_out(bureau: Bureau, part: str, number: int) -> None:
    """Also not by a part that makes its whole chain anew."""

    def change(entries: list[dict[str, object]]) -> None:
        entries[number]["who"] = "nobody"

    bureau.rewrite(part, change)
    with pytest.raises(TrailBroken):
        bureau.trail()
    bureau.rewrite(part, lambda entries: entries.pop(number))
    with pytest.raises(TrailBroken):
        bureau.trail()


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("issuer", "receiving: entry 1 (announced): the entry before it, "),
        ("receiving", "hosting: entry 1 (pulled): the entry before it, "),
        ("hosting", "pmp: entry 1 (pulled): the entry before it, "),
        ("pmp", "cardink: entry 1 (preparation begun): the entry before it, "),
        ("cardink", "production: entry 1 (production begun): the entry before it, "),
        ("production", "the return file ends with "),
    ],
)
def test_a_part_that_is_left_out_is_missed(bureau: Bureau, part: str, told: str) -> None:
    del bureau.chains[part]
    with pytest.raises(TrailBroken) as wrong:
        bureau.trail()
    assert str(wrong.value).startswith(told)


def test_an_internal_server_with_an_hsm_of_its_own(bureau: Bureau) -> None:
    """The same order once more, by way of another HSM, whose chain is between that of the server and the issuer's."""
    bureau.chains["hosting-hsm"] = Chain(bureau.folder / "hosting-hsm.audit", clock)
    begun = str(bureau.entries("issuer")[0]["hash"])
    inner = bureau.done("hosting-hsm", "import begun", "order imported", begun)
    xof = {"file": "970499-1.xof", "digest": "cd" * 32}
    given = bureau.note("hosting", "re-enciphered", xof, inner)
    bureau.note("pmp", "pulled", xof, given)
    imported = bureau.done("pmp", "import begun", "order imported", inner)
    prepared = bureau.done("cardink", "preparation begun", "order prepared", imported)
    bureau.done("production", "production begun", "order produced", prepared)
    bureau.closed = bureau.note("production", "order closed", ORDER)
    told = list(dict.fromkeys(each.split()[0] for each in bureau.trail()))
    assert told == ["issuer", "hosting-hsm", "receiving", "hosting", "pmp", "cardink", "production"]
    del bureau.chains["hosting-hsm"]
    with pytest.raises(TrailBroken, match=r"^hosting: entry 2 \(re-enciphered\): the entry before it"):
        bureau.trail()


def test_a_line_that_is_changed_breaks_the_parts_own_chain(bureau: Bureau) -> None:
    path = bureau.folder / "hosting.audit"
    path.write_text(path.read_text().replace("hosting", "hostile"))
    with pytest.raises(ChainBroken, match=r"^hosting\.audit: line 1: changed"):
        bureau.trail()


def test_what_an_hsms_part_did_last_can_not_be_cut_off(bureau: Bureau) -> None:
    bureau.rewrite("cardink", lambda entries: entries.pop())
    with pytest.raises(TrailBroken, match=r"^cardink: entry 1 \(preparation begun\): no entry says 'order prepared'"):
        bureau.trail()


def test_parts_stand_in_their_order(bureau: Bureau) -> None:
    """Production that has an order straight from the PMP skipped the preparation."""
    imported = next(each for each in bureau.entries("pmp") if each["what"] == "import begun")
    bureau.note("production", "production begun", ORDER, str(imported["hash"]))
    with pytest.raises(TrailBroken, match=r"^production: entry 4 .*: can't follow pmp: entry 2 \(import begun\)$"):
        bureau.trail()


def test_a_file_is_the_one_that_was_handed_over(bureau: Bureau) -> None:
    received = bureau.entries("receiving")[1]
    bureau.note("hosting", "pulled", FILE | {"digest": "cd" * 32}, str(received["hash"]))
    with pytest.raises(TrailBroken, match=r"^hosting: entry 2 .*: is not of the file that receiving: entry 2"):
        bureau.trail()


def test_a_part_that_says_nothing_of_where_it_comes_from(bureau: Bureau) -> None:
    bureau.chains["stranger"] = Chain(bureau.folder / "stranger.audit", clock)
    bureau.note("stranger", "order prepared", ORDER)
    with pytest.raises(TrailBroken, match=r"^stranger: entry 1 .*: this part says nowhere"):
        bureau.trail()
