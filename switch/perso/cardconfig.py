"""CardInk and production in TOML; each error names the file, the line, the field and what was expected.

CardInk:

folder = "cardink"                # its keys, profiles, audit chain and prepared files
books = "pmp/books.db"            # the PMP's books, for the DKeps
kir = 1                           # where the HSM keeps the zone master key, as KIR and as KIS
kis = 1

[[hsm]]
address = "127.0.0.1:1501"        # an Eracom host port; see ``hsmconfig``

Production has folder, kir and hsm, and the machine:

[machine]
kmc = "maker.kmc"                 # simulated cards: their maker's key, 32 hexadecimal digits
ktm = "encoder.ktm"               # the key of its encoder, likewise
kmc-id = "476173000000"           # 6 bytes that begin a card's diversification data
box = "cards.box"                 # where finished cards fall
box-key = "box.key"               # what the box is sealed under, 64 hexadecimal digits
blanks = 1000                     # how many blank cards lie in the hopper; the default has no end
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from switch.perso.hsmconfig import INDEX_MAX, HsmAddress, read_hsms
from switch.perso.machine import SERIAL_MAX
from switch.perso.partconfig import opened

KMC_ID = re.compile("[0-9A-F]{12}")


@dataclass(frozen=True)
class CardInkConfig:
    """CardInk; *kir* and *kis* are indices."""

    folder: Path
    books: Path
    kir: int
    kis: int
    hsms: tuple[HsmAddress, ...]


@dataclass(frozen=True)
class MachineConfig:
    """A simulated machine: files of its cards' maker's and its encoder's key, of the box and its key."""

    kmc: Path
    ktm: Path
    kmc_id: bytes
    box: Path
    box_key: Path
    blanks: int


@dataclass(frozen=True)
class ProductionConfig:
    """Production."""

    folder: Path
    kir: int
    hsms: tuple[HsmAddress, ...]
    machine: MachineConfig


def read_cardink(path: str, text: str) -> CardInkConfig:
    """What *text*, the content of the file *path*, configures.  Raises ConfigError."""
    section = opened(path, text)
    found = CardInkConfig(
        Path(section.text("folder", None, "a folder")),
        Path(section.text("books", None, "the PMP's books")),
        section.number("kir", 1, 1, INDEX_MAX),
        section.number("kis", 1, 1, INDEX_MAX),
        read_hsms(section),
    )
    section.end()
    return found


def read_production(path: str, text: str) -> ProductionConfig:
    """As ``read_cardink``."""
    section = opened(path, text)
    folder, kir = Path(section.text("folder", None, "a folder")), section.number("kir", 1, 1, INDEX_MAX)
    hsms = read_hsms(section)
    table = section.section("machine")
    kmc_id = table.text("kmc-id", None, "12 hexadecimal digits")
    if not KMC_ID.fullmatch(kmc_id):
        raise table.wrong("kmc-id", "12 hexadecimal digits")
    kmc, ktm, box, box_key = (Path(table.text(each, None, "a file")) for each in ("kmc", "ktm", "box", "box-key"))
    blanks = table.number("blanks", SERIAL_MAX, 0, SERIAL_MAX)
    machine = MachineConfig(kmc, ktm, bytes.fromhex(kmc_id), box, box_key, blanks)
    table.end()
    section.end()
    return ProductionConfig(folder, kir, hsms, machine)
