"""One appliance, two dialects: a zone's key that Thales made serves Eracom, and a PIN goes from one to the other.

Keys come in at the console, from the same components; psec makes the PIN block, the offset and the check values.
"""

from __future__ import annotations

import pytest
from psec import des, pin, pinblock
from support.ceremony import NAMES
from support.eracom import EracomSpeaker, make_eracom
from support.playbook import Operator, quick_cards, told

from hsm.console import keycomponents as _keycomponents  # noqa: F401  (declares FK)
from hsm.console import storedkeys as _storedkeys  # noqa: F401  (declares LSK)
from hsm.policy.auditing import AuditOptions, Category
from hsm.policy.authority import Interface
from hsm.policy.position import Position

ZMK_PARTS = ("0123456789ABCDEFFEDCBA9876543210", "1113151713151719191B1D1F1B1D1F20")
TPK_PARTS = ("89ABCDEF01234567FEDCBA9876543210", "2023252623252629292A2C2F2A2C2F31")
PVK_PARTS = ("0123456789ABCDEF", "1113151713151719")
OTHER_PPK = "D32F5BFB02523BCDCDBFC43154409DBA"
PAN = "4012345678909123"
ACCOUNT = PAN[-13:-1]
TABLE = "0123456789012345"
PREFIX = "40123456789"
VALIDATION = PREFIX + ACCOUNT[-5:]
PIN = "4071"


def odd(digits: str) -> str:
    return "".join(f"{byte if byte.bit_count() % 2 else byte ^ 1:02X}" for byte in bytes.fromhex(digits))


def summed(parts: tuple[str, ...]) -> str:
    total = 0
    for part in parts:
        total ^= int(odd(part), 16)
    return odd(f"{total:0{len(parts[0])}X}")


def kvc(digits: str) -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(digits), bytes(8))[:3].hex().upper()


def opened(key: str, cryptogram: str) -> str:
    return des.decrypt_tdes_ecb(bytes.fromhex(key), bytes.fromhex(cryptogram)).hex().upper()


def forms(operator: Operator, parts: tuple[str, ...], code: str, scheme: str) -> str:
    """A Thales key of type *code*, formed of typed components."""
    operator.types("FK", "00", str(len(parts[0]) // 16), code, scheme, "X", str(len(parts)))
    shown = "".join(operator.types(odd(part), "Y") for part in parts) + operator.types("Y")
    assert operator.outcome() == "00"
    assert told(shown, "Key check value") == kvc(summed(parts))
    return told(shown, "Encrypted key")


def stores(operator: Operator, parts: tuple[str, ...], code: str, *more: str) -> None:
    """An Eracom key of type *code* at index 1, formed of the same."""
    operator.types("LSK", code, "1", "C", str(len(parts[0]) // 16), str(len(parts)), "K")
    for card, part in zip(operator.holders(*NAMES[: len(parts)]), parts, strict=True):
        operator.puts_in(card)
        operator.types(odd(part), "Y")
    shown = operator.types(*more)
    assert f"Key check value: {kvc(summed(parts))}" in shown
    operator.types("Y")
    assert operator.outcome() == "00"


class Zone:
    """The appliance after its ceremonies."""

    def __init__(self) -> None:
        self.eracom: EracomSpeaker = make_eracom(stored={"01:9": OTHER_PPK})
        self.thales = self.eracom.speaker
        self.appliance = self.thales.appliance
        self.appliance.change_audit_options(AuditOptions(frozenset(Category)))
        operator = Operator(self.thales)
        self.zmk = forms(operator, ZMK_PARTS, "000", "U")
        self.tpk = forms(operator, TPK_PARTS, "002", "U")
        self.pvk = forms(operator, PVK_PARTS, "002", "Z")
        stores(operator, ZMK_PARTS, "04", "N")
        stores(operator, PVK_PARTS, "07", TABLE)
        self.appliance.move(Position.ONLINE)
        self.console_entries = len(self.thales.entries)

    @property
    def trail(self) -> list[tuple[str, str]]:
        """What hosts asked for since, and what they were told."""
        entries = self.thales.entries[self.console_entries :]
        assert {entry.interface for entry in entries} == {Interface.HOST}
        return [(entry.command, entry.outcome) for entry in entries]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Zone:
    quick_cards(monkeypatch)
    return Zone()


def offset() -> str:
    made: str = pin.generate_ibm3624_offset(bytes.fromhex(summed(PVK_PARTS)), TABLE, PIN, VALIDATION, 0, 16, "F")
    return made


def block(key: str, text: str = PIN) -> str:
    """An ISO 9564-1 format 0 block by psec, enciphered."""
    return des.encrypt_tdes_ecb(bytes.fromhex(key), pinblock.encode_pinblock_iso_0(text, PAN)).hex().upper()


def imported(zone: Zone) -> tuple[str, str]:
    """A ZPK that IA made under the ZMK: under the LMK, and as EE0200 brought it in under the KIR."""
    made = zone.thales(f"IA{zone.zmk};XU0")
    assert made[:4] == "IB00"
    under_zmk, under_lmk, check = made[4:37], made[37:70], made[70:76]
    came = zone.eracom(f"EE0200 00 020001 01 00 10 {under_zmk[1:]}")
    assert came[:12] == "EE0200001111"
    assert came[-6:] == check == kvc(opened(summed(ZMK_PARTS), under_zmk[1:]))
    return under_lmk, came[8:-6]


def test_a_pin_translated_by_thales_verifies_in_both(zone: Zone) -> None:
    zpk, ppk = imported(zone)
    translated = zone.thales(f"CA{zone.tpk}{zpk}12{block(summed(TPK_PARTS))}0101{ACCOUNT}")
    assert translated[:6] == "CB0004"
    under_zpk = translated[6:22]
    moved = zone.eracom(f"EE0602 00 {under_zpk} {ppk} 01 {ACCOUNT} 01 020009")
    assert moved == "EE060200" + block(OTHER_PPK)
    rest = f"01 {ACCOUNT} 020001 {VALIDATION} {offset():0<12} 04"
    assert zone.eracom(f"EE0603 00 {moved[8:]} 020009 {rest}") == "EE060300"
    assert zone.eracom(f"EE0603 00 {under_zpk} {ppk} {rest}") == "EE060300"
    verify = f"EA{zpk}{zone.pvk}12{under_zpk}0104{ACCOUNT}{TABLE}{PREFIX}N{offset():F<12}"
    assert zone.thales(verify) == "EB00"
    assert zone.trail == [
        ("IA", "00"), ("EE0200", "00"), ("CA", "00"), ("EE0602", "00"), ("EE0603", "00"), ("EE0603", "00"), ("EA", "00"),
    ]  # fmt: skip
    volumes = zone.appliance.audit.volumes
    assert [volumes.total(name) for name in ("CA", "EA", "eracom EE0602", "eracom EE0603")] == [1, 1, 1, 2]


def test_a_wrong_pin_is_wrong_in_both(zone: Zone) -> None:
    zpk, ppk = imported(zone)
    translated = zone.thales(f"CA{zone.tpk}{zpk}12{block(summed(TPK_PARTS), '4072')}0101{ACCOUNT}")
    under_zpk = translated[6:22]
    rest = f"01 {ACCOUNT} 020001 {VALIDATION} {offset():0<12} 04"
    assert zone.eracom(f"EE0603 00 {under_zpk} {ppk} {rest}") == "EE060308"
    verify = f"EA{zpk}{zone.pvk}12{under_zpk}0104{ACCOUNT}{TABLE}{PREFIX}N{offset():F<12}"
    assert zone.thales(verify) == "EB01"
    damaged = f"{int(under_zpk, 16) ^ 1:016X}"
    assert zone.eracom(f"EE0602 00 {damaged} {ppk} 01 {ACCOUNT} 01 020009") == "EE060207"
    assert zone.thales(f"CC{zpk}{zpk}12{damaged}0101{ACCOUNT}") == "CD20"
    refused = [entry for entry in zone.trail if entry[1] != "00"]
    assert refused == [("EE0603", "08"), ("EA", "01"), ("EE0602", "07"), ("CC", "20")]


def test_what_eracom_made_thales_takes_in(zone: Zone) -> None:
    """The other way: a PPK made under a KIS of the ZMK's components is brought in by FA, and both open one block."""
    operator = Operator(zone.thales)
    stores(operator, ZMK_PARTS, "03", "N")
    zone.appliance.move(Position.ONLINE)
    made = zone.eracom("EE0402 00 020001 0200")
    assert made[:10] == "EE04020001"
    under_kis, ppk, check = made[12:44], made[44:80], made[80:]
    came = zone.thales(f"FA{zone.zmk}X{under_kis};XU0")
    assert came[:4] == "FB00"
    assert came[37:43] == check
    clear = opened(summed(ZMK_PARTS), under_kis)
    moved = zone.eracom(f"EE0602 00 {block(clear)} {ppk} 01 {ACCOUNT} 01 020009")
    assert moved == "EE060200" + block(OTHER_PPK)
    verify = f"EA{came[4:37]}{zone.pvk}12{block(clear)}0104{ACCOUNT}{TABLE}{PREFIX}N{offset():F<12}"
    assert zone.thales(verify) == "EB00"
