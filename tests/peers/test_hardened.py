"""``hsm serve --profile hardened``: an ordinary transaction works, and a host of the old days is told why it does not.

LMK 00 is the AES key-block LMK that the profile is meant for; LMK 01 is a variant LMK, as an old host has its keys under.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.lines import Pki, line_to
from support.opened import pair_of
from support.partner import ZMK_2, ZMK_AES, Ask, Zone, aes_key, check_digits, des_key, lmk_block_aes, part_by_part
from support.pinpartner import TABLE, VALIDATION, Card, read

from hsm.client.process import ApplianceProcess

PARTNER = Zone("AES", "00", ZMK_AES, lmk_block_aes("K0AB00N0000", ZMK_AES), "D")
OLD = Zone("variant", "01", ZMK_2, part_by_part(ZMK_2, pair_of("000"), "U"), "BAC")
CARD, NEW = Card("4012345678909", "4071"), Card("4012345678909", "8365")
KEY = des_key("a key of the old days")


@pytest.fixture(scope="module")
def hard(pki: Pki) -> Iterator[Ask]:
    options = ("--profile", "hardened", "--lmk", "00=test-aes-block", "--lmk", "01=test-variant")
    with ApplianceProcess(options) as running, line_to(running, "tcp", pki) as line:
        yield line.command


def old(code: str, key: bytes = KEY, scheme: str = "U") -> str:
    """*key* under the variant LMK as a key of type *code*."""
    return part_by_part(key, pair_of(code), scheme)


def test_an_ordinary_transaction(hard: Ask) -> None:
    """Keys in TR-31 blocks, an ISO format 4 block from one zone to the next, and the PIN verified and changed there."""
    came, goes, pvk = aes_key("acquirer", 32), aes_key("issuer", 32), des_key("PVK")
    source = PARTNER.bring(hard, "", came, "P0", "D", "A")
    into = PARTNER.bring(hard, "", goes, "P0", "E", "A")
    issuer = PARTNER.bring(hard, "", goes, "P0", "D", "A")
    verification = PARTNER.bring(hard, "", pvk, "V2", "V")
    moved = hard(f"CC{source}{into}12{CARD.block(came, '48')}4848{CARD.named('48')}")
    assert (moved[:6], moved[-2:]) == ("CD0004", "48")
    assert read(goes, moved[6:-2], "48", CARD.pan) == CARD.pin
    asked = f"EC{issuer}{verification}{moved[6:-2]}48{CARD.named('48')}1"
    assert hard(asked + CARD.pvv(pvk)) == "ED00"
    assert hard(asked + NEW.pvv(pvk)) == "ED01"
    mac_key = PARTNER.bring(hard, "", aes_key("MAC"), "M6", "C", "A")
    mac = hard(f"M600160FFF{mac_key}00040200")
    assert hard(f"M800160FFF{mac_key}00040200{mac[4:]}") == "M900"


def test_an_old_hosts_own_transaction_goes_on_with_what_is_still_good(hard: Ask) -> None:
    """A variant LMK, triple DES keys and ISO format 0 are no fault by themselves."""
    imported = hard(f"A6001{OLD.token}{OLD.block(KEY, 'P0 T N 00 E')}U%01")
    assert (imported[:4], imported[-6:]) == ("A700", check_digits(KEY, "T"))
    zpk = imported[4:-6]
    block = CARD.block(KEY, "01")
    moved = hard(f"CC{zpk}{zpk}12{block}0147{CARD.account}%01")
    assert read(KEY, moved[6:-2], "47", CARD.pan) == CARD.pin
    assert hard(f"CA{old('70D')}{zpk}12{block}0101{CARD.account}%01")[:6] == "CB0004"
    pvk = des_key("PVK")
    assert hard(f"EC{zpk}{old('002', pvk)}{block}01{CARD.account}1{CARD.pvv(pvk)}%01") == "ED00"


@pytest.mark.parametrize(
    ("request_text", "reply", "why"),
    [
        (f"A6001{OLD.token}{part_by_part(KEY, ZMK_2, 'X')}U", "A726", "keys come in key blocks alone (S6)"),
        (f"A6001{OLD.token}{part_by_part(KEY, ZMK_2, 'U')}U", "A726", "keys come in key blocks alone (S6)"),
        (f"A6001{OLD.token}{OLD.block(KEY, 'P0 T N 00 E', 'A')}U", "A726", "version A binds too little (S6)"),
        (f"FA{OLD.token}{part_by_part(KEY, ZMK_2, 'X')};XU1", "FB26", "keys come in key blocks alone (S6)"),
        (f"A8001{OLD.token}{old('001')}X", "A917", "giving keys out must be authorised (S22)"),
        (f"GC{OLD.token}{old('001')};XU1", "GD17", "giving keys out must be authorised (S22)"),
        ("A00000U", "A117", "making a ZMK must be authorised (S22)"),
        (f"A42001U{old('001')}{old('001')}", "A517", "forming a key must be authorised (S22)"),
        ("A00001Z", "A127", "no single-length DES (S8)"),
        (f"BU010{old('001', KEY[:8], 'Z')}", "BV27", "no single-length DES (S8)"),
        (f"BU011{old('001', KEY[:8] * 2)}", "BV75", "nor one in disguise (S8)"),
        (f"BU011{old('001')}", "BV00????000000000000", "six digits of a check value (S10)"),
        (f"BY{OLD.token}{part_by_part(KEY, ZMK_2, 'X')};0U1", "BZ68", "ZMKs do not come under ZMKs (S20)"),
        ("BA1234F550000025321", "BB17", "no clear PINs (S14)"),
        (f"QK00000{CARD.account}{NEW.account}", "QL68", "PINs stay with their account (S18)"),
        (f"BQ{CARD.account}00000", "BR68", "old algorithms are off (S20)"),
        (f"CA{old('002')}{old('001')}12{CARD.block(KEY, '01')}0101{CARD.account}", "CB10", "a TPK is type 70D (S5)"),
        (f"CC{old('001')}{old('001')}12{CARD.block(KEY, '01')}0103{CARD.account}", "CD69", "formats of ISO alone (S4)"),
        (f"CC{old('001')}{old('001')}12{CARD.block(KEY, '01')}0134{CARD.account}", "CD69", "no format 2 to zones (S4)"),
        (f"CC{old('001')}{old('001')}12{CARD.block(KEY, '01')}0105{CARD.account}", "CD69", "the account stays in (S3)"),
        (
            f"CC{old('001')}{old('001')}04{CARD.block(KEY, '01')}0101{CARD.account}",
            "CD15",
            "a length tells digits (S3)",
        ),
        (
            f"EA{old('001')}{old('002')}12{CARD.block(KEY, '01')}0104{CARD.account}{TABLE}{VALIDATION}{CARD.offset(KEY)}",
            "EB15",
            "the validation data are the account's own (S3)",
        ),
        (
            f"EA{old('001')}{old('002')}12{CARD.block(KEY, '01')}0104{CARD.account}{TABLE}{CARD.account[:11]}N0000FFFFFFFF",
            "EB25",
            "tables come under the LMK (S1)",
        ),
        (
            f"FW001{old('001')}{old('002')}{Card(CARD.pan, '1111').block(KEY, '01')}01{CARD.account}1",
            "FX86",
            "weak (S12)",
        ),
        (f"M0001100A{old('00A')}00100123456789ABCDEF", "M135", "text alone is enciphered (S15)"),
    ],
)
def test_what_an_old_host_is_told(hard: Ask, request_text: str, reply: str, why: str) -> None:
    told = hard(request_text + "%01")
    if "?" in reply:
        assert (told[:4], told[-10:], len(told)) == (reply[:4], reply[-10:], len(reply)), why
    else:
        assert told == reply, why
