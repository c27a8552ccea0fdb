"""A chip card in a box, for simulated terminals; what its issuer knows, by pyemv."""

from __future__ import annotations

from pathlib import Path

from pyemv import ac, kd
from support.cardroom import SeededBytes
from support.cardside import CARD_KEYS, issued

from switch.perso.card.reader import ChipAsks
from switch.perso.cardbox import CardBox
from switch.perso.machine import Finished
from switch.perso.tracks import on_stripe

BOX_KEY = bytes(range(32))
NAME, PAN = "BANK/O/1", "4761739001010010"
BOX_LINES = 'box = "cards.box"\nbox-key = "box.key"\n'
COVERED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")


def boxed(folder: Path) -> CardBox:
    """``cards.box`` with one card, and ``box.key``, in *folder*."""
    key = folder / "box.key"
    key.touch(mode=0o600)
    key.write_text(BOX_KEY.hex() + "\n")
    box = CardBox(folder / "cards.box", BOX_KEY, SeededBytes("box"))
    stripe = (on_stripe(1, f"%B{PAN}^NGUYEN/VAN AN^281220110000123?"), on_stripe(2, f";{PAN}=281220110000123?"))
    box.put(Finished(NAME, 1, issued(), stripe, (), ""))
    return box


def objects(content: bytes) -> dict[str, bytes]:
    """The data objects of DE 55, whose tags here have one byte or two."""
    found, at = {}, 0
    while at < len(content):
        ends = at + (2 if content[at] & 0x1F == 0x1F else 1)
        count = content[ends]
        found[content[at:ends].hex().upper()] = content[ends + 1 : ends + 1 + count]
        at = ends + 1 + count
    return found


def session_key(told: dict[str, bytes]) -> bytes:
    """The common session key of the card for the counter that it has told."""
    return bytes(kd.derive_common_sk(CARD_KEYS[0], told["9F36"] + bytes(6)))


def is_right(content: bytes) -> bool:
    """Is the cryptogram in DE 55 the card's, of the data beside it?"""
    told = objects(content)
    data = b"".join(told[tag] for tag in COVERED)
    return bool(told["9F26"] == ac.generate_ac(session_key(told), data, ac.PaddingType.EMV))


def authentication(asks: ChipAsks | bytes, code: bytes = b"00") -> bytes:
    """Tag 91 as the issuer answers: ARPC by method 1, and the *code*."""
    told = objects(asks.content if isinstance(asks, ChipAsks) else asks)
    return bytes(ac.generate_arpc_1(session_key(told), told["9F26"], code)) + code
