"""An order from the issuer's tool to cards that pay: CardInk and production as processes, each with an HSM process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyemv import ac, kd
from support.cardroom import CLEAR, SeededBytes
from support.cardsite import BOX_KEY, DIGITS, OPTIONS, CardSite
from support.perso import SECRET
from support.persosite import ROOT, SECONDS_MAX, Site, environment

from hsm.client.process import ApplianceProcess
from switch.perso.card import tlv, words
from switch.perso.cardbox import CardBox
from switch.perso.issuing import Draw, Wish, card_key, cardholders
from switch.perso.tracks import off_stripe, read_track_2
from switch.simulators.card import read_cards

CARDS = 40


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[CardSite]:
    site = Site(tmp_path)
    with ApplianceProcess(OPTIONS) as bureau, ApplianceProcess(OPTIONS) as hall:
        site.hsm_port = bureau.ports["eracom"]
        site.prepare_pmp(site.hsm_user("pmp", site.hsm_port))
        yield CardSite(site, hall.ports["eracom"])


def test_from_an_order_to_cards_that_pay(cards: CardSite) -> None:
    site, folder = cards.site, cards.site.folder
    order = site.order("0001", CARDS, "--tracks", "--icc-keys")
    site.say("pmp", "--config", folder / "pmp.toml", "import", order)
    xof, prepared = folder / "pmp" / "xof" / "970499-0001.xof", folder / "0001.prepared"
    told = cards.ready()
    prepare = ("cardink", "--config", cards.ink, "prepare", "VSDC-DEBIT", xof, prepared, *told)
    refused = site.run(*prepare)
    assert refused.returncode == 1
    assert refused.stderr == "profile VSDC-DEBIT: certificate: no issuer key with a certificate\n"
    cards.certify()
    assert "wrong" not in cards.cardink("checklist", "VSDC-DEBIT", *told)
    for _ in range(2):
        assert cards.site.say(*prepare) == f"970499 0001: {CARDS} cards prepared\n"
    killed(cards, prepared)
    resume(cards, prepared)
    assert cards.produce("order", prepared) == f"{CARDS} made, 0 rejected, {CARDS} mailers printed\n"
    returned = folder / "0001.return"
    cards.produce("return", prepared, returned)
    first = returned.read_bytes()
    cards.produce("return", prepared, returned)
    assert returned.read_bytes() == first
    lines = [json.loads(line) for line in returned.read_text().splitlines()]
    assert lines[-1]["total"] == {"made": CARDS, "rejected": 0, "mailers": CARDS}
    closed = site.run("produce", "--config", cards.hall, "order", prepared)
    assert closed.stderr.endswith("order 0001 was closed at " + closed.stderr.strip()[-20:] + "\n")
    pay(folder)
    terminals = folder / "outside" / "cards.csv"
    terminals.parent.mkdir()
    handed = (
        "--terminals",
        terminals,
        "--purchase",
        "500000:704:704:261122",
        "--issuer",
        terminals.with_name("issuer.csv"),
    )
    said = site.say("handout", folder / "cards.box", "--box-key", folder / "box.key", *handed)
    assert said == f"{CARDS} cards for terminals\n{CARDS} cards for the issuer's host\n"
    assert len(read_cards("cards.csv", terminals.read_text())) == CARDS
    for chain in ("cardink/cardink.audit", "hall/production.audit"):
        assert "0001" in site.say("audit", folder / chain)
    audits = ("issuer.audit", "pmp/pmp.audit", "cardink/cardink.audit", "hall/production.audit")
    told_of = site.say("audit", *(folder / name for name in audits), "--returned", returned)
    assert told_of.splitlines()[-1].endswith(
        "whole from the issuer to the return file: issuer, pmp, cardink, production"
    )
    assert [told_of.count(f": {what} begun ") for what in ("import", "preparation", "production")] == [1, 1, 1]
    missed = site.run("audit", *(folder / name for name in audits[:2]), folder / audits[3], "--returned", returned)
    assert missed.returncode == 1
    assert re.match(r"production: entry \d+ \(production begun\): the entry before it, ", missed.stderr)
    nothing_clear(folder)


def killed(cards: CardSite, prepared: Path) -> None:
    """Production, killed when the first cards have come out."""
    line = [sys.executable, "-m", "switch.main", "perso", "produce", "--config", cards.hall, "order", prepared]
    process = subprocess.Popen(list(map(str, line)), cwd=ROOT, stderr=subprocess.DEVNULL, env=environment())
    box = cards.site.folder / "cards.box"
    until = time.monotonic() + SECONDS_MAX
    while not box.exists() or box.read_bytes().count(b"\n") < 3:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    process.kill()
    process.wait()


def resume(cards: CardSite, prepared: Path) -> None:
    """Production again, and what two officers say of mailers in doubt: those that the printer did not take."""
    site = cards.site
    made = site.run("produce", "--config", cards.hall, "order", prepared)
    assert made.stdout.startswith(f"{CARDS} made, 0 rejected"), made.stderr
    told = cards.produce("status", prepared).splitlines()
    doubtful = [line.split()[2].strip(":") for line in told if "mailer in doubt" in line]
    assert (made.returncode == 1) == bool(doubtful)
    for number in doubtful:
        cards.produce("mailer", prepared, number, "again", "--why", "the tray was empty", *site.officers())
    if doubtful:
        cards.produce("order", prepared)


def wish() -> Wish:
    return Wish("0001", "DEBIT", DIGITS, CARDS, "2912", "201")


def pay(folder: Path) -> None:
    """Every card's PIN is the issuer's, its cryptogram by the key that the issuer derived, its stripe the issuer's."""
    box = CardBox(folder / "cards.box", BOX_KEY, SeededBytes("box"))
    holders = list(cardholders(wish()))
    terminal = bytes.fromhex("000000010000 000000000000 0704 0000048000 0704 261122 01 52BF4585")
    pins = issuers_pins()
    assert len(box) == CARDS
    for finished in box:
        number = int(finished.order.rpartition("/")[2])
        holder, chip = holders[number - 1], finished.chip
        chip.transmit(words.command(words.SELECT, 4, 0, bytes.fromhex("A0000000031010")))
        chip.transmit(words.command(words.GET_PROCESSING_OPTIONS, data=bytes.fromhex("8300")))
        pin = bytes.fromhex(f"24{pins[number - 1]}FFFFFFFFFF")
        assert chip.transmit(words.command(words.VERIFY, 0, 0x80, pin)) == words.DONE
        answer = tlv.parsed(chip.transmit(words.command(words.GENERATE_AC, 0x80, 0, terminal))[:-2])["80"]
        master = kd.derive_icc_mk_a(card_key(SECRET, DIGITS, "imk-ac"), holder.pan, holder.sequence)
        key = kd.derive_common_sk(master, answer[1:3] + bytes(6))
        data = terminal + b"\x5c\0" + answer[1:3] + answer[11:]
        assert answer[3:11] == ac.generate_ac(key, data, ac.PaddingType.EMV)
        assert read_track_2(off_stripe(2, finished.stripe[1])).pan == holder.pan


def issuers_pins() -> list[str]:
    """What the issuer's tool drew: it is deterministic."""
    draw = Draw(SECRET, "970499/0001")
    pins = []
    for _ in range(CARDS):
        draw.bytes(8)
        pins.append(draw.digits(4))
        draw.digits(5)
        draw.bytes(24)
    return pins


def nothing_clear(folder: Path) -> None:
    """No file but the makers', the issuer's and the authority's holds a key, and none a PIN block or a PAN."""
    outside = {"cards.csv", "issuer.csv", "maker.kmc", "encoder.ktm", "box.key", "secret.hex", "zmk.hex"}
    keys = [bytes.fromhex(key) for key in CLEAR.values()]
    blocks = [bytes.fromhex(f"24{pin}FFFFFFFFFF") for pin in issuers_pins()]
    pans = [holder.pan.encode() for holder in cardholders(wish())]
    searched = 0
    for path in (each for each in folder.rglob("*") if each.is_file() and each.name not in outside):
        raw = path.read_bytes()
        searched += 1
        for secret in (*keys, *blocks, *pans):
            assert secret not in raw, path.name
            assert secret.hex().encode() not in raw.lower(), path.name
    assert searched > 15
