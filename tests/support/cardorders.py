"""Orders of the bureau in the process (``cardroom``): XOF files with DKeps whose clear keys are known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from psec import des, mac, pinblock
from support.cardroom import CLEAR

from switch.perso.sealing import padded
from switch.perso.terms import Attribute, Cardholder, CardValues, Content, HeldKey, KeyName
from switch.perso.xof import XofHead, XofWriter

STORED = bytes.fromhex("03030001")
HELD = {
    name: HeldKey(KeyName(name, content, "ABCDEF"), STORED)
    for name, content in (
        ("DKEP-HOLDER", Content.DATA),
        ("DKEP-APPLICATION", Content.DATA),
        ("DKEP-PIN", Content.PINS),
        ("DKEP-TRACKS", Content.KEYS),
        ("DKEP-ICC", Content.KEYS),
        ("DKEP-MAC", Content.MACS),
    )
}
NAMED = {
    Attribute.HOLDER: HELD["DKEP-HOLDER"].named,
    Attribute.APPLICATION: HELD["DKEP-APPLICATION"].named,
    Attribute.PIN: HELD["DKEP-PIN"].named,
    Attribute.TRACKS: HELD["DKEP-TRACKS"].named,
    Attribute.ICC_KEYS: HELD["DKEP-ICC"].named,
}


def with_check_digit(start: str) -> str:
    """ISO/IEC 7812-1 annex B."""
    doubled = [int(char) * (2 if at % 2 == 0 else 1) for at, char in enumerate(reversed(start))]
    return start + str(-sum(each // 10 + each % 10 for each in doubled) % 10)


def holder(number: int) -> Cardholder:
    return Cardholder(
        with_check_digit(f"476173{number:09d}"), "00", "2812", "201", f"NGUYEN/VAN {chr(65 + number % 26)}"
    )


def sealed(role: str, content: bytes, iv: bytes = b"01234567") -> bytes:
    """*content* as an attribute under the key of *role*."""
    return iv + des.encrypt_tdes_cbc(bytes.fromhex(CLEAR[role]), iv, padded(content))


def sealed_pin(pin: str, pan: str) -> bytes:
    return des.encrypt_tdes_ecb(bytes.fromhex(CLEAR["pin"]), pinblock.encode_pinblock_iso_0(pin, pan))


def card(number: int, pin: str = "", more: bytes = b"", tracks: bytes = b"", own: bytes = b"") -> CardValues:
    who = holder(number)
    values = {Attribute.HOLDER: sealed("data", who.content())}
    values |= {Attribute.PIN: sealed_pin(pin, who.pan)} if pin else {}
    values |= {Attribute.APPLICATION: sealed("data", more)} if more else {}
    values |= {Attribute.TRACKS: sealed("ktk", tracks)} if tracks else {}
    values |= {Attribute.ICC_KEYS: sealed("ktk", own, bytes((number,)) * 8)} if own else {}
    return CardValues(number, values)


def write_xof(path: Path, cards: Sequence[CardValues], order: str = "ORDER-1", *, mac_right: bool = True) -> Path:
    """An XOF file of *cards*."""
    with path.open("wb") as out:
        head = XofHead("BANK", order, "DEBIT", "01", len(cards), "2026-11-22T12:00:00Z")
        writer = XofWriter(out, head, NAMED, HELD["DKEP-MAC"].named)
        for each in cards:
            writer.card(each)
        key = bytes.fromhex(CLEAR["mtk"])
        made = mac.generate_retail_mac(key[:8], key[8:], writer.digest, 1)
        writer.end(made if mac_right else bytes(8))
    assert hashlib.sha256(path.read_bytes()).digest()
    return path
