"""From a bureau's order to cash in the whole country, tapped: processes alone, issuers' HSMs of both dialects."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psec import pinblock
from pyemv import kd
from support.boxed import objects
from support.cardroom import SeededBytes
from support.persosite import ROOT, environment
from support.shownland import Shown, clear_keys, ends, forms, steps
from support.tapping import Taps

from switch.demo.nodes import BUREAU_HOLDERS
from switch.demo.story import BUREAU_STORY
from switch.perso.cardbox import CardBox
from switch.perso.handout import stripe_of
from switch.perso.issuing import CARD_KEYS, card_key
from switch.server.demo.bureau import Bureau
from switch.server.demo.country import Country
from switch.server.demo.processes import DemoStopped
from switch.server.demo.showing import Showing
from switch.server.perso.demo.layout import ISSUER

pytestmark = pytest.mark.xdist_group("bureau")
PIN_DIGITS = 12
SECONDS_MAX = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a bureau that has made an order for us."""
    place = tmp_path_factory.mktemp("perso")
    line = [*(sys.executable, "-m", "switch.main", "perso", "demo"), "--cards", "4", "--folder", str(place)]
    made = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=SECONDS_MAX)
    assert made.returncode == 0, made.stdout + made.stderr
    return place


@pytest.fixture(scope="module")
def bureau(folder: Path) -> Bureau:
    return Bureau(folder)


@pytest.fixture(scope="module")
def shown(bureau: Bureau, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    place, taps, said = tmp_path_factory.mktemp("country"), Taps(), list[str]()
    try:
        with Country(place, said.append, taps.reach, PIN_DIGITS, bureau) as country:
            showing = Showing(country, said.append)
            showing.all()
        yield Shown(place, taps.everything(), country, said, showing.wrong, taps.by_port())
    finally:
        taps.close()


def test_everything_is_as_it_must_be(shown: Shown) -> None:
    assert shown.wrong == []
    found = ends(shown)
    assert all(f"{step.title}." in found for step in BUREAU_STORY)


DRAWN = "{0} VND dispensed, the chip accepts the answer"
OUTCOMES = {
    "Thales": [
        ("Gia's card is from the bureau", f"approved, {DRAWN.format('1,000,000')}"),
        ("It is good at other banks' ATMs", f"approved, {DRAWN.format('500,000')}"),
        ("Someone has listened", "declined"),
        ("Someone between chip and host", "declined"),
        ("Gia types a wrong PIN", "declined"),
        ("The stripe of her card will do", "approved, 500,000 VND dispensed"),
        ("Someone has copied it", "declined"),
        ("Hoa pays at a shop by chip and PIN", "approved, the chip accepts the answer"),
    ],
    "Eracom": [
        ("Inh's card is of the same order", f"approved, {DRAWN.format('2,000,000')}"),
        ("What his chip has said", "declined"),
        ("And so it is with what someone has changed", "declined"),
        ("Inh types a wrong PIN", "declined"),
        ("This host gives no money for the stripe", "declined"),
        ("... at bank B's ATM; the Eracom HSM", "approved, the chip accepts the answer"),
        ("The PIN that the bureau has printed", "declined"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("dialect", OUTCOMES)
def test_what_the_issuers_hsm_verifies(shown: Shown, dialect: str) -> None:
    found = ends(shown)
    for begins, end in OUTCOMES[dialect]:
        (title,) = [each for each in found if each.startswith(begins)]
        assert found[title] == end, title


CODES = {
    "Someone has listened": "63", "Someone between chip": "63", "Gia types": "55", "Someone has copied": "63",
    "What his chip has said": "63", "And so it is": "63", "Inh types": "55", "This host gives no": "57",
    "The PIN that the bureau": "55",
}  # fmt: skip


@pytest.mark.parametrize("begins", CODES)
def test_the_refusal_is_the_issuers(shown: Shown, begins: str) -> None:
    (at,) = [number for number, line in enumerate(shown.said) if line.startswith(begins)]
    answers = [line for line in shown.said[at + 1 : at + 8] if " 0210 " in line]
    assert re.match(r" +bank-c[12] → switch ", answers[0])
    assert all(f", {CODES[begins]} " in line for line in answers)


def test_each_hsm_was_asked_in_its_dialect(shown: Shown) -> None:
    assert b"KW" in shown.by_port["hsm-c1"]
    assert b"\xee\x20\x18" in shown.by_port["hsm-c2"], "EE2018"
    assert shown.by_port["hsm-c2"].startswith(b"\x01\x01"), "SOH and the version"
    assert 'dialect = "eracom"' in (shown.folder / "bank-c2.toml").read_text()


def test_a_chips_data_pass_every_hop(shown: Shown) -> None:
    way = steps(shown)["Hoa pays at a shop by chip and PIN: her chip's data pass the NAC, too."]
    assert way == [("POS00001", "nac"), ("nac", "bank-a"), ("bank-a", "switch"), ("switch", "bank-c1")]
    chips = [line for line in shown.said if "a chip's data" in line and "970499" in line]
    assert len(chips) > 50


def said_by_chips(shown: Shown) -> list[dict[str, bytes]]:
    """DE 55 as the interbank switch has sent it to the issuers, in hexadecimal digits in both dialects."""
    raw = shown.by_port["switch bank-c1"] + shown.by_port["switch bank-c2"]
    return [objects(bytes.fromhex(each.decode())) for each in re.findall(rb"9F2701[0-9A-F]+?5F34(?:01)01", raw)]


def test_no_cryptogram_is_recorded_beforehand(shown: Shown) -> None:
    said = said_by_chips(shown)
    assert len(said) >= 12
    replays = 2
    assert len({each["9F26"] for each in said}) == len(said) - replays
    assert len({each["9F37"] for each in said}) >= len(said) - replays
    counters = [int.from_bytes(each["9F36"], "big") for each in said]
    assert max(counters) >= 4


def test_the_chips_have_counted_and_the_bureaus_box_is_as_it_was(shown: Shown, bureau: Bureau, folder: Path) -> None:
    def counters(path: Path) -> list[int]:
        box = CardBox(path, bureau.box_key, SeededBytes("look"))
        found = [card.chip.application.counter for card in box if card.chip.application is not None]
        box.close()
        return found

    assert len(counters(shown.folder / "atms.box")) == 3
    assert min(counters(shown.folder / "atms.box")) >= 3
    assert counters(shown.folder / "pos.box") == [2]
    assert counters(folder / "machine" / "cards.box") == [0] * len(BUREAU_HOLDERS)


def secrets_of_the_order(bureau: Bureau, folder: Path) -> set[bytes]:
    """The issuer's keys, each card's, by pyemv, and clear PIN blocks, by psec."""
    own = bytes.fromhex((folder / "issuer" / "secret").read_text())
    keys = {role: card_key(own, ISSUER, role) for role in CARD_KEYS}
    found = {bureau.zmk, own, *keys.values()}
    for each in bureau.held:
        pan = stripe_of(each.card).pan
        found |= {bytes(kd.derive_icc_mk_a(keys[role], pan, "01")) for role in CARD_KEYS if role.startswith("imk")}
        found.add(bytes(pinblock.encode_pinblock_iso_0(each.pin, pan)))
    return found


def test_no_secret_crossed_a_socket_or_is_in_a_file(shown: Shown, bureau: Bureau, folder: Path) -> None:
    secrets = secrets_of_the_order(bureau, folder) | clear_keys(shown)
    wanted = [form for secret in secrets for form in forms(secret)]
    assert len(wanted) > 100
    assert not any(each in shown.captured for each in wanted)
    told = [("what is shown", shown.text.encode()), *shown.files()]
    leaked = [name for name, content in told if any(each in content for each in wanted)]
    assert leaked == []
    key = bureau.box_key.hex().encode()
    assert [name for name, content in told if key in content] == ["box.key"], "the terminals' own"


def test_the_taps_have_seen_what_there_was_to_see(shown: Shown, bureau: Bureau) -> None:
    """Else the test before could not fail."""
    for each in bureau.held:
        assert stripe_of(each.card).pan.encode() in shown.captured
    sent = {key.cryptogram for key in bureau.keys.keys if key.key_type in ("09", "08", "30")}
    assert all(each.hex().upper().encode() in shown.by_port["hsm-c1"] for each in sent), "keys under the ZMK"
    assert all(each in shown.by_port["hsm-c2"] for each in sent)


def test_a_folder_without_a_finished_order_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoStopped, match=f"{tmp_path}: no finished order of switch perso demo"):
        Bureau(tmp_path)
