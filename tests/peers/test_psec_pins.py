"""PIN blocks of psec's under keys it wrapped: translated, verified, kept, and what comes out read by psec."""

from __future__ import annotations

from itertools import product

import pytest
from support.partner import ZONES, Ask, Zone, aes_key, des_key
from support.pinpartner import TABLE, VALIDATION, Card, read, under_aes_or_des

PINS = ("1234", "90210", "000000", "7654321", "123456789012")
CARDS = tuple(
    Card(pan, pin)
    for pan, pin in zip(("4012345678909", "5413330089020011", "6799998900000200001") * 2, PINS, strict=False)
)
FORMATS = ("01", "34", "47")
AES_ZONE = ZONES[-1]
BOTH = {"": ("ZPK", "001"), "T": ("TPK", "002")}


def pin_key(ask: Ask, zone: Zone, name: str, block_format: str = "01") -> tuple[bytes, str]:
    """A ZPK, or a TPK when *name* begins with T: in the clear and as the appliance has it."""
    algorithm = under_aes_or_des(block_format)
    key = aes_key(name, 32) if algorithm == "A" else des_key(name)
    return key, zone.bring(ask, "002" if name.startswith("T") else "001", key, "P0", algorithm=algorithm)


def formats_of(zone: Zone) -> tuple[str, ...]:
    return (*FORMATS, "48") if zone.keeps_aes else FORMATS


def same(card: Card, other: str) -> Card:
    return Card(card.pan, other)


@pytest.mark.parametrize(("command", "source_name"), [("CA", "TPK"), ("CC", "ZPK")])
def test_translation(ask: Ask, zone: Zone, command: str, source_name: str) -> None:
    for came, goes in product(formats_of(zone), repeat=2):
        source, source_token = pin_key(ask, zone, f"{source_name}{came}", came)
        into, into_token = pin_key(ask, zone, f"ZPK to {goes}", goes)
        for card in CARDS:
            account = card.named("48" if "48" in (came, goes) else "01")
            reply = ask(f"{command}{source_token}{into_token}12{card.block(source, came)}{came}{goes}{account}")
            assert reply[:6] == f"{command[0]}{chr(ord(command[1]) + 1)}00{len(card.pin):02}", (came, goes, reply)
            assert reply[-2:] == goes
            assert read(into, reply[6:-2], goes, card.pan) == card.pin


@pytest.mark.parametrize(("keep", "compare", "name"), [("JC", "BC", "TPK"), ("JE", "BE", "ZPK")])
def test_pins_kept_compared_and_released(ask: Ask, zone: Zone, keep: str, compare: str, name: str) -> None:
    out, out_token = pin_key(ask, zone, "ZPK out")
    for block_format, card in product(formats_of(zone), CARDS):
        key, token = pin_key(ask, zone, f"{name}{block_format}", block_format)
        block, account = card.block(key, block_format), card.named(block_format)
        kept = ask(f"{keep}{token}{block}{block_format}{account}")
        assert kept[2:4] == "00"
        sealed = kept[4:]
        assert ask(f"{compare}{token}{block}{block_format}{account}{sealed}")[2:] == "00"
        wrong = same(card, card.pin[:-1] + str(9 - int(card.pin[-1]))).block(key, block_format)
        assert ask(f"{compare}{token}{wrong}{block_format}{account}{sealed}")[2:] == "01"
        told = ask(f"NG{card.account}{sealed}%{zone.lmk_id}")
        assert told[:4] == "NH00"
        assert told[4:-12].rstrip("F") == card.pin
        released = ask(f"JG{out_token}01{card.account}{sealed}")
        assert read(out, released[4:], "01", card.pan) == card.pin


@pytest.mark.parametrize(("verify", "name"), [("DA", "TPK"), ("EA", "ZPK")])
@pytest.mark.parametrize("pvk_bytes", [8, 16, 24])
def test_ibm_offsets(ask: Ask, zone: Zone, verify: str, name: str, pvk_bytes: int) -> None:
    pvk = des_key("PVK", pvk_bytes)
    pvk_token = zone.bring(ask, "002", pvk, "V1")
    done = "00" if pvk_bytes == 8 else "02"
    for block_format, card in product(formats_of(zone), CARDS):
        key, token = pin_key(ask, zone, f"{name}{block_format}", block_format)
        block, account = card.block(key, block_format), card.named(block_format)
        offset = card.offset(pvk)
        rest = f"04{account}{TABLE}{VALIDATION}"
        asked = f"{verify}{token}{pvk_token}12{block}{block_format}{rest}"
        assert ask(asked + offset)[2:] == done
        assert ask(asked + card.offset(pvk, 4))[2:] == done
        assert ask(asked + ("1" if offset[0] == "0" else "0") + offset[1:])[2:] == "01"


def test_offsets_made(ask: Ask, zone: Zone) -> None:
    pvk, (key, token) = des_key("PVK"), pin_key(ask, zone, "ZPK")
    pvk_token = zone.bring(ask, "002", pvk, "V0")
    kind = "FFF" if zone.in_blocks else "001"
    for card in CARDS:
        block, rest = card.block(key, "01"), f"04{card.account}{TABLE}{VALIDATION}"
        sealed = ask(f"JE{token}{block}01{card.account}")[4:]
        assert ask(f"DE{pvk_token}{sealed}{rest}") == f"DF02{card.offset(pvk)}"
        assert ask(f"BK{kind}{token}{pvk_token}{block}01{rest}") == f"BL02{card.offset(pvk)}"
        derived = ask(f"EE{pvk_token}{card.offset(pvk)}{rest}")
        assert derived[:4] == "EF02"
        assert ask(f"BE{token}{block}01{card.account}{derived[4:]}") == "BF00"
        new = same(card, "8642")
        changed = f"{block}01{rest}{card.offset(pvk)}{new.block(key, '01')}"
        assert ask(f"DU{kind}{token}{pvk_token}{changed}") == f"DV02{new.offset(pvk)}"


def test_pvvs(ask: Ask, zone: Zone) -> None:
    pvk = des_key("PVK pair")
    pvk_token = zone.bring(ask, "002", pvk, "V2")
    kind = "FFF" if zone.in_blocks else "001"
    for block_format, card, index in zip(formats_of(zone) * 5, CARDS * 4, "123456" * 4, strict=False):
        account = card.named(block_format)
        terminal, terminal_token = pin_key(ask, zone, f"TPK{block_format}", block_format)
        key, token = pin_key(ask, zone, f"ZPK{block_format}", block_format)
        pvv = card.pvv(pvk, index)
        wrong = f"{(int(pvv) + 1) % 10_000:04}"
        for command, under, its_token in (("DC", terminal, terminal_token), ("EC", key, token)):
            asked = f"{command}{its_token}{pvk_token}{card.block(under, block_format)}{block_format}{account}{index}"
            assert ask(asked + pvv)[2:] == "00"
            assert ask(asked + wrong)[2:] == "01"
        block = card.block(key, block_format)
        assert ask(f"FW{kind}{token}{pvk_token}{block}{block_format}{account}{index}") == f"FX00{pvv}"
        sealed = ask(f"JE{token}{block}{block_format}{account}")[4:]
        assert ask(f"DG{pvk_token}{sealed}{card.account}{index}") == f"DH00{pvv}"
        new = same(card, "9753")
        changed = f"{block}{block_format}{account}{index}{pvv}{new.block(key, block_format)}"
        assert ask(f"CU{kind}{token}{pvk_token}{changed}") == f"CV00{new.pvv(pvk, index)}"


@pytest.mark.parametrize("block_format", [*FORMATS, "48"])
def test_a_block_under_another_key_holds_no_pin(ask: Ask, block_format: str) -> None:
    card = CARDS[0]
    _, token = pin_key(ask, AES_ZONE, f"ZPK{block_format}", block_format)
    name = "another"
    other = aes_key(name, 32) if block_format == "48" else des_key(name)
    account = card.named(block_format)
    assert ask(f"JE{token}{card.block(other, block_format)}{block_format}{account}") == "JF20"


def test_a_block_of_another_account_holds_no_pin(ask: Ask, zone: Zone) -> None:
    key, token = pin_key(ask, zone, "ZPK")
    card, other = CARDS[0], CARDS[1]
    assert ask(f"JE{token}{card.block(key, '01')}01{other.account}") == "JF20"
    if zone.keeps_aes:
        key, token = pin_key(ask, zone, "ZPK48", "48")
        assert ask(f"JE{token}{card.block(key, '48')}48{other.named('48')}") == "JF20"
