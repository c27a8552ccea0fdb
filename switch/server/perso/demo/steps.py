"""The demonstration's steps: commands of the parts, each done once, so that after a kill it goes on where it was.

A step that was killed is done from its first command on again: a command that finds done what it would do says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hsm.client.leash import Leash
from switch.perso.whole import write_text
from switch.server.perso.demo.commands import StepFailed, Words, spoken
from switch.server.perso.demo.doubts import settle
from switch.server.perso.demo.layout import ISSUER, OFFICERS, PREFIX, Layout

ORDER, FIRST = "0001", 9_998
"""The first cards of the order are on both sides of a limit between ranges of eleven digits, the longest of a BIN table."""
EXPIRES = "1229"
DKEPS = ("DKEP-HOLDER=data", "DKEP-PIN=pins", "DKEP-APPLICATION=data", "DKEP-MAC=macs")
CARDINK_KEYS = ("KTK=ktk", "PTK=ptk", "MTK=mtk", "DATA=data", "PIN=pin")
PULL_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Configs:
    """Where each part's configuration is."""

    push: Path
    pmp: Path
    cardink: Path
    production: Path


@dataclass(frozen=True)
class Step:
    """What is done, and the commands that do it; they are tried again till the file *until* is there.

    With *doubtful* it is a prepared order, of whose mailers officers decide first.
    """

    title: str
    commands: tuple[Words, ...]
    until: Path | None = None
    doubtful: Path | None = None


def steps(layout: Layout, configs: Configs, cards: int) -> list[Step]:
    """All steps, in order."""
    return [*_keys(layout, configs), *_order(layout, configs, cards), *_cards(layout, configs)]


def _keys(layout: Layout, configs: Configs) -> list[Step]:
    folder, two = layout.folder, layout.officers()
    issuer = ("--issuer", ISSUER, "--secret-file", folder / "issuer" / "secret")
    zmk = ("--zmk-file", folder / "issuer" / "zmk")
    pmp: Words = ("pmp", "--config", configs.pmp)
    ink: Words = ("cardink", "--config", configs.cardink)
    hall: Words = ("produce", "--config", configs.production)
    sent, card_keys = folder / "issuer" / "tkissuer.json", folder / "issuer" / "card-keys.json"
    shared, public = folder / "cardink" / "for-production.json", folder / "cardink" / "issuer-rsa.json"
    authority, certificate = folder / "authority", folder / "authority" / "certificate.json"
    people = [f"{name}:{folder / 'hsm' / name}" for name in OFFICERS]
    of_authority = ("--authority", authority / "authority.json", "--issuer-digits", PREFIX)
    certified = (
        "certify",
        public,
        "--folder",
        authority,
        "--identifier",
        PREFIX,
        "--expiry",
        EXPIRES,
        "--out",
        certificate,
    )
    return [
        Step("Officers at the PMP, CardInk and production", (
            *((*pmp, "officers", "add", each) for each in people),
            *((*ink, "officer", each) for each in people),
            *((*hall, "officer", each) for each in people),
        )),
        Step("TKissuer: from the issuer under the ZMK into the HSM, to decipher with and to stay", (
            ("issuer", "keys", *issuer, *zmk, "--out", sent), (*pmp, "keys", "receive", sent, *two),
        )),
        Step("DKep: one key for each attribute, made in the HSM", ((*pmp, "keys", "new", *DKEPS, *two),)),
        Step("The product, with references to its DKeps", ((*pmp, "product", "put", folder / "pmp" / "product.toml"),)),
        Step("The issuer's card keys, and KTK, PTK, MTK made at CardInk and distributed to production", (
            ("issuer", "card-keys", *issuer, *zmk, "--out", card_keys), (*ink, "receive-keys", card_keys, *two),
            (*ink, "new-keys", *CARDINK_KEYS, "--out", shared, *two),
            (*hall, "receive-keys", shared, *two),
            (*hall, "receive-keys", folder / "production" / "maker-keys.json", *two),
        )),
        Step("The issuer's RSA key, certified by a test authority; the application's profile; the checklist", (
            ("authority", "found", "--folder", authority), (*ink, "issuer-key", f"{ISSUER}-RSA", "--out", public, *two),
            ("authority", *certified), (*ink, "certificate", f"{ISSUER}-RSA", certificate),
            (*ink, "profile", folder / "pmp" / "profile.toml"), (*ink, "checklist", "VSDC-DEBIT", *of_authority),
        )),
    ]  # fmt: skip


def _order(layout: Layout, configs: Configs, cards: int) -> list[Step]:
    own = layout.folder / "issuer"
    made: Words = (
        "issuer", "order", "--issuer", ISSUER, "--secret-file", own / "secret", "--order", ORDER, "--product", "DEBIT",
        "--prefix", PREFIX, "--first", str(FIRST), "--cards", str(cards), "--out", own,
    )  # fmt: skip
    name = f"{ISSUER}-{ORDER}.order"
    pulled = layout.folder / "pmp" / "state" / "orders" / name
    return [
        Step("The issuer makes the order", (made,)),
        Step(
            "The issuer pushes it to the receiving server", (("issuer", "push", own / name, "--config", configs.push),)
        ),
        Step(
            "The internal server pulls it, and the PMP from there", (("pmp", "--config", configs.pmp, "pull"),), pulled
        ),
        Step("Import: TKissuer to DKep inside the HSM, to an XOF file", (("pmp", "--config", configs.pmp, "import"),)),
    ]


def _cards(layout: Layout, configs: Configs) -> list[Step]:
    ink: Words = ("cardink", "--config", configs.cardink)
    hall: Words = ("produce", "--config", configs.production)
    prepared = layout.folder / "cardink" / f"{ISSUER}-{ORDER}.prepared"
    back = layout.folder / "production" / f"{ISSUER}-{ORDER}.back"
    authority = layout.folder / "authority" / "authority.json"
    with_authority = ("--authority", authority, "--issuer-digits", PREFIX)
    return [
        Step("Data preparation", ((*ink, "prepare", "VSDC-DEBIT", layout.xof(ORDER), prepared, *with_authority),)),
        Step("Production: cards and PIN mailers", ((*hall, "order", prepared),), doubtful=prepared),
        Step("The return file, and the order is closed", ((*hall, "return", prepared, back),)),
        Step("The audit of the whole order", (("audit", *_audits(layout), "--returned", back, "--quiet"),)),
    ]


def _audits(layout: Layout) -> list[Path]:
    """The chains of all parts."""
    files = ("issuer/issuer", "receiving/receiving", "hosting/hosting", "pmp/state/pmp", "cardink/state/cardink")
    return [layout.folder / f"{name}.audit" for name in (*files, "production/state/production")]


def run(layout: Layout, all_steps: list[Step], children: Leash, say: Callable[[str], None]) -> None:
    """Do what was not done yet.  Raises StepFailed."""
    done_file = layout.folder / "done.json"
    done = set(json.loads(done_file.read_text())) if done_file.exists() else set()
    for number, step in enumerate(all_steps, start=1):
        say(f"\n{number}. {step.title}")
        if step.title in done:
            say("   done before")
            continue
        began = time.monotonic()
        if step.doubtful is not None:
            settle(layout, step.commands[0][:3], step.doubtful, children, say)
        for words in step.commands:
            until = time.monotonic() + PULL_SECONDS_MAX
            said = spoken(words, children, layout.log)
            while step.until is not None and not step.until.exists():
                if time.monotonic() > until:
                    raise StepFailed(f"{step.until.name} did not come")
                time.sleep(0.2)
                said = spoken(words, children, layout.log)
            for each in said.splitlines():
                say(f"   {each}")
        done.add(step.title)
        write_text(done_file, json.dumps(sorted(done)))
        say(f"   {time.monotonic() - began:.1f} s")
