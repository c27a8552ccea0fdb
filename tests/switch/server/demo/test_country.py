"""The whole country, tapped: all is as it must be, and no PIN or key is in the clear but in keypads and HSMs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from psec import des, pinblock
from support.shownland import Shown, clear_keys, ends, forms, steps
from support.tapping import Taps

from switch.demo.nodes import CARDHOLDERS, NODES
from switch.server.demo.country import Country
from switch.server.demo.showing import Showing

pytestmark = pytest.mark.xdist_group("country")
PIN_DIGITS = 12
"""So many don't come about by chance among the digits of a conversation, as six do."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder, taps, said = tmp_path_factory.mktemp("country"), Taps(), list[str]()
    try:
        with Country(folder, said.append, taps.reach, PIN_DIGITS) as country:
            showing = Showing(country, said.append)
            showing.all()
        yield Shown(folder, taps.everything(), country, said, showing.wrong)
    finally:
        taps.close()


def clear_pins(shown: Shown) -> set[bytes]:
    """PINs as digits, as nibbles, and in blocks of format 0 before they are enciphered, by psec."""
    pins = {pin.encode() for pin in shown.country.pins.values()}
    blocks = {
        bytes(pinblock.encode_pinblock_iso_0(pin, holder.pan))
        for pin in shown.country.pins.values()
        for holder in CARDHOLDERS
    }
    return pins | {bytes.fromhex(pin.decode()) for pin in pins} | blocks


def test_everything_is_as_it_must_be(shown: Shown) -> None:
    assert shown.wrong == []
    assert "0 not as expected" in shown.said[-1]


@pytest.mark.parametrize("secrets", [clear_pins, clear_keys])
def test_no_secret_crossed_a_socket_or_is_in_a_file(shown: Shown, secrets: Callable[[Shown], set[bytes]]) -> None:
    wanted = [form for secret in secrets(shown) for form in forms(secret)]
    assert len(wanted) > 50
    assert not any(each in shown.captured for each in wanted)
    told = [("what is shown", shown.text.encode()), *shown.files()]
    assert len(told) > 50
    assert [name for name, content in told if any(each in content for each in wanted)] == []


def test_the_taps_have_seen_what_there_was_to_see(shown: Shown) -> None:
    """Else the test before could not fail."""
    assert b"0200" in shown.captured
    assert all(holder.pan.encode() in shown.captured for holder in CARDHOLDERS), "PANs do cross links"
    # A key that came under one that people typed has the check value that operators see.
    values = {des.generate_kcv(key, 3).hex().upper() for key in clear_keys(shown)}
    table = shown.text.split("check values:")[1].split("ATMs get")[0]
    in_force = re.findall(r"1 +([0-9A-F]{6}) +in force", table)
    assert len(in_force) >= 6
    assert set(in_force) & values


def test_no_whole_card_number_is_shown_or_logged(shown: Shown) -> None:
    for name, content in [("shown", shown.text.encode()), *shown.files()]:
        if name.endswith((".log", ".said")) or name == "shown":
            assert [each.name for each in CARDHOLDERS if each.pan.encode() in content] == [], name


def test_both_ends_of_a_link_show_the_same_check_values(shown: Shown) -> None:
    table = [line.split() for line in shown.said if "in force" in line and "ZPK" in line]
    found = {(row[0], row[1]): row[5] for row in table if row[4] == "1"}
    assert found["switch", "bank-a"] == found["bank-a", "switch"]
    assert found["switch", "bank-b"] == found["bank-b", "switch"]
    assert found["cardpro", "scheme"] == found["scheme", "cardpro"]


@pytest.mark.parametrize(
    ("begins", "way"),
    [
        ("An draws cash at her own bank", ["ATM00001", "bank-a"]),
        ("Chi, of bank B, draws", ["ATM00001", "bank-a", "switch", "bank-b"]),
        ("Binh, of bank A, draws", ["ATM00003", "bank-b", "switch", "bank-a"]),
        ("Em draws cash on a credit card", ["ATM00001", "bank-a", "cardpro"]),
        ("Frank, from abroad", ["ATM00001", "bank-a", "cardpro", "scheme"]),
        ("Chi pays at a shop", ["POS00001", "nac", "bank-a", "switch", "bank-b"]),
        ("Em pays with her credit card", ["POS00002", "nac", "cardpro"]),
        ("An draws cash at the shop's counter", ["POS00001", "nac", "bank-a"]),
    ],
)
def test_each_request_goes_its_way(shown: Shown, begins: str, way: list[str]) -> None:
    (said,) = [said for title, said in steps(shown).items() if title.startswith(begins)]
    # One step is done again at the end.
    assert said[: len(way) - 1] == list(pairwise(way))
    assert len(said) in (len(way) - 1, 2 * (len(way) - 1))


def test_what_has_ended_left_nothing_running(shown: Shown) -> None:
    assert len(shown.country.programs) == 3 + len(NODES) + 2
    assert {name: each.process.returncode for name, each in shown.country.programs.items()} == dict.fromkeys(
        shown.country.programs, 0
    )


OUTCOMES = {
    "A03": [("Em draws cash on a credit card", "approved, 3,000,000 VND dispensed")],
    "A05": [("Chi pays at a shop of bank A's", "approved")],
    "A08": [("Chi pays at a shop of bank A's", "approved"), ("An draws cash at the shop's counter", "approved")],
    "A12": [
        ("An draws cash at her own bank", "approved, 1,000,000 VND dispensed"),
        ("Em draws cash on a credit card", "approved, 3,000,000 VND dispensed"),
    ],
    "A13": [
        ("And sends money to Binh's account", "approved"),
        ("Binh asks for his balance", "approved, ledger balance 2,600,000 VND, available balance 2,600,000 VND"),
    ],
    "A14": [
        ("An saves: from her current", "approved"),
        ("Her savings have grown", "approved, ledger balance 5,700,000 VND, available balance 5,700,000 VND"),
    ],
    "A15": [("An asks for her balance", "approved, ledger balance 9,000,000 VND, available balance 9,000,000 VND")],
    "A16": [
        ("An changes her PIN", "approved"),
        ("Her old PIN is of no use now", "declined"),
        ("The new one is", "approved, ledger balance 8,000,000 VND, available balance 8,000,000 VND"),
    ],
    "A21": [
        ("He changes his PIN there, too", "approved"),
        ("At bank B's ATM his old PIN fails", "declined"),
        ("The new one does not", "approved, 500,000 VND dispensed"),
    ],
    "A22": [("The cashier was wrong: Chi's purchase is voided", "approved")],
    "A23": [
        ("... and the cashier reverses it", "approved, a reversal is under way"),
        ("Dung has all his money still", "approved, ledger balance 2,000,000 VND, available balance 2,000,000 VND"),
    ],
    "A26": [("Em brings a part of it back", "approved")],
    "A07": [("Chi gets one note of two", "unable, 500,000 VND dispensed, a reversal is under way")],
}
"""By the row of the acceptance table: steps, and how the terminal says that each ended."""


@pytest.mark.parametrize("row", OUTCOMES)
def test_what_each_row_wants(shown: Shown, row: str) -> None:
    found = ends(shown)
    for begins, end in OUTCOMES[row]:
        (title,) = [each for each in found if each.startswith(begins)]
        assert found[title] == end
