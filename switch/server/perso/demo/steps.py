"""The demonstration's steps: commands of the parts, each done once, so that after a kill it goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from switch.server.perso.demo.layout import ISSUER, OFFICERS, PREFIX, Layout
from switch.server.perso.demo.leftovers import Children

ORDER, FIRST = "0001", 9_998
"""The first cards of the order are on both sides of a limit between ranges of eleven digits, the longest of a BIN table."""
EXPIRES = "1229"
DKEPS = ("DKEP-HOLDER=data", "DKEP-PIN=pins", "DKEP-APPLICATION=data", "DKEP-MAC=macs")
CARDINK_KEYS = ("KTK=ktk", "PTK=ptk", "MTK=mtk", "DATA=data", "PIN=pin")
ALREADY = ("there already", "is there", "was imported", "File exists")
"""How a part says that a step was done before a kill."""
PULL_SECONDS_MAX = 60.0
Words = tuple[str | Path, ...]


@dataclass(frozen=True)
class Configs:
    """Where each part's configuration is."""

    push: Path
    pmp: Path
    cardink: Path
    production: Path


@dataclass(frozen=True)
class Step:
    """What is done, and the commands that do it; they are tried again till the file *until* is there."""

    title: str
    commands: tuple[Words, ...]
    until: Path | None = None


class StepFailed(Exception):
    """A command failed: the text is what it said."""


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
        Step("Production: cards and PIN mailers", ((*hall, "order", prepared),)),
        Step("The return file, and the order is closed", ((*hall, "return", prepared, back),)),
        Step("The audit of the whole order", (("audit", *_audits(layout), "--returned", back, "--quiet"),)),
    ]


def _audits(layout: Layout) -> list[Path]:
    """The chains of all parts."""
    files = ("issuer/issuer", "receiving/receiving", "hosting/hosting", "pmp/state/pmp", "cardink/state/cardink")
    return [layout.folder / f"{name}.audit" for name in (*files, "production/state/production")]


def run(layout: Layout, all_steps: list[Step], children: Children, say: Callable[[str], None]) -> None:
    """Do what was not done yet.  Raises StepFailed."""
    done_file = layout.folder / "done.json"
    done = set(json.loads(done_file.read_text())) if done_file.exists() else set()
    for number, step in enumerate(all_steps, start=1):
        say(f"\n{number}. {step.title}")
        if step.title in done:
            say("   done before")
            continue
        began = time.monotonic()
        for words in step.commands:
            _command(words, step.until, children, say, layout.folder / "logs" / "commands.log")
        done.add(step.title)
        temporary = done_file.with_suffix(".new")
        temporary.write_text(json.dumps(sorted(done)))
        temporary.rename(done_file)
        say(f"   {time.monotonic() - began:.1f} s")


def _command(words: Words, until: Path | None, children: Children, say: Callable[[str], None], log: Path) -> None:
    line = [sys.executable, "-m", "switch.main", "perso", *map(str, words)]
    ends = time.monotonic() + PULL_SECONDS_MAX
    while True:
        process = subprocess.Popen(line, stdout=PIPE, stderr=PIPE, text=True, env=environment())  # noqa: S603  # ours
        children.note(process.pid)
        said, complaint = process.communicate()
        children.forget(process.pid)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"switch perso {' '.join(map(str, words))}\n{said}{complaint}")
        if process.returncode and not any(word in complaint for word in ALREADY):
            raise StepFailed(f"switch perso {' '.join(map(str, words))}: {complaint.strip()}")
        if until is None or until.exists():
            break
        if time.monotonic() > ends:
            raise StepFailed(f"{until.name} did not come")
        time.sleep(0.2)
    for each in said.splitlines():
        say(f"   {each}")


def environment() -> dict[str, str]:
    """That of a part's process: it finds the same modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
