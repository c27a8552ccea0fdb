"""IBM offsets and Visa PVVs made and verified, and the keys that open PIN blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker
from support.pins import (
    ACCOUNT,
    DATA,
    OTHER,
    PVK,
    PVK_3,
    PVK_PAIR,
    TABLE,
    TPK,
    TPK_BLOCK_1234,
    ZPK,
    ZPK_BLOCK_1234,
    block,
    kept,
    token,
    told,
)

Desk = Callable[..., Speaker]


# --- offsets ------------------------------------------------------------------------------------------------------


def test_offsets_of_kept_pins_verify(desk: Desk) -> None:
    one = desk({"encrypted-pin-length": "9"})
    for pvk, code in ((PVK, "00"), (PVK_PAIR, "02"), (PVK_3, "02")):
        for pin in ("1234", "123456", "12345678"):
            made = one(f"DE{pvk}{kept(one, pin)}04{ACCOUNT}{TABLE}{DATA}")
            assert made[:4] == f"DF{code}"
            offset = made[4:]
            assert len(offset.rstrip("F")) == len(pin)
            assert one(f"EA{ZPK}{pvk}12{block(one, pin)}0104{ACCOUNT}{TABLE}{DATA}{offset}") == f"EB{code}"
            derived = one(f"EE{pvk}{offset}04{ACCOUNT}{TABLE}{DATA}")
            assert derived[:4] == f"EF{code}"
            assert told(one, derived[4:]) == pin


def test_the_witnessed_offset(desk: Desk) -> None:
    one = desk({"encrypted-pin-length": "6"})
    account, tail = "000001000376", f"05000001000376{TABLE}1234567890NF"
    assert one(f"DE{PVK_3}{kept(one, '14789', account)}{tail}") == "DF0217702FFFFFFF"  # leachbj/hsm-emulator
    assert told(one, one(f"EE{PVK_3}17702FFFFFFF{tail}")[4:], account) == "14789"


def test_short_offsets_when_variable_length_is_off(desk: Desk) -> None:
    one = desk({"encrypted-pin-length": "9", "variable-length-offset": "no"})
    offset = one(f"DE{PVK}{kept(one, '123456')}04{ACCOUNT}{TABLE}{DATA}")[4:]
    assert offset[4:] == "F" * 8
    verify = f"EA{ZPK}{PVK}12{block(one, '123456')}0104{ACCOUNT}{TABLE}{DATA}"
    assert one(verify + offset) == "EB00"
    assert one(verify + offset[:4] + "00FFFFFF") == "EB15"
    assert one(f"EE{PVK}{offset[:4]}00FFFFFF04{ACCOUNT}{TABLE}{DATA}") == "EF15"


def test_a_changed_pin_and_its_offset(desk: Desk) -> None:
    one = desk()
    offset = one(f"DE{PVK}{kept(one)}04{ACCOUNT}{TABLE}{DATA}")[4:]
    reply = one(f"DU001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}{offset}{block(one, '4321')}")
    assert reply[:4] == "DV00"
    assert one(f"EA{ZPK}{PVK}12{block(one, '4321')}0104{ACCOUNT}{TABLE}{DATA}{reply[4:]}") == "EB00"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("0104" + ACCOUNT, "0103" + ACCOUNT), "15"),
        (("0104" + ACCOUNT, "0105" + ACCOUNT), "15"),
        (("0104" + ACCOUNT, "0113" + ACCOUNT), "15"),
        (("0104" + ACCOUNT, "0200" + ACCOUNT), "15"),
        (("0104" + ACCOUNT, "9904" + ACCOUNT), "23"),
        ((DATA, "550000025300"), "15"),
        ((DATA, "5500000NN300"), "15"),
        ((TABLE, "FFFFFFFFFFFFFFFF"), "25"),
        ((ZPK_BLOCK_1234, "0" * 16), "20"),
        ((ACCOUNT, "55000002532X"), "22"),
        ((ZPK, "0" * 16), "10"),
        ((PVK, "0" * 16), "11"),
        ((PVK + "12", PVK + "03"), "15"),
    ],
)
def test_what_is_wrong_with_a_verification(desk: Desk, change: tuple[str, str], code: str) -> None:
    one = desk()
    offset = one(f"DE{PVK}{kept(one)}04{ACCOUNT}{TABLE}{DATA}")[4:]
    request = f"EA{ZPK}{PVK}12{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}{offset}"
    assert one(request) == "EB00"
    assert one(request.replace(*change, 1)) == f"EB{code}"


def test_the_advice_is_not_given_with_a_failure(desk: Desk) -> None:
    assert desk()(f"EA{ZPK}{PVK_3}12{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF") == "EB01"


# --- PVVs ---------------------------------------------------------------------------------------------------------


def test_pvvs(desk: Desk) -> None:
    one = desk()
    assert one(f"DG{PVK_PAIR}{kept(one)}{ACCOUNT}1") == "DH004402"  # ThalesSim
    assert one(f"DG{PVK_PAIR[1:]}{kept(one)}{ACCOUNT}1")[:4] == "DH00"
    assert one(f"FW001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}1") == "FX004402"
    assert one(f"FW002{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}1") == "FX004402"
    assert one(f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402") == "ED00"
    assert one(f"DC{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}14403") == "DD01"
    assert one(f"DC{TPK}{PVK}{TPK_BLOCK_1234}01{ACCOUNT}14402")[:4] in ("DD15", "DD22", "DD23")
    assert one(f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{block(one, '4321')}")[:4] == "CV00"


def test_the_pvv_may_be_of_another_account_than_the_block(desk: Desk) -> None:
    one = desk()
    of_other = block(one, "1234", OTHER)
    assert one(f"EC{ZPK}{PVK_PAIR}{of_other}01{OTHER};{ACCOUNT}14402") == "ED00"
    assert one(f"EC{ZPK}{PVK_PAIR}{of_other}01{OTHER}14402") == "ED01"


# --- keys of blocks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["000", "003", "402", "70D", "00A", "109"])
def test_only_pin_keys_open_pin_blocks(desk: Desk, code: str) -> None:
    assert desk()(f"FW{code}{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}1") == "FX04"


def test_separated_terminal_keys(desk: Desk) -> None:
    one = desk({"enforce-key-type-002-separation": "yes"})
    assert one(f"FW002{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}1") == "FX04"
    assert one(f"FW70D{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}1") == "FX10"


@pytest.mark.parametrize(
    ("lmk", "usage"), [("test-3des-block", "P0"), ("test-aes-block", "72"), ("test-3des-block", "71")]
)
def test_key_blocks_say_their_type(desk: Desk, lmk: str, usage: str) -> None:
    one = desk(lmks=(f"00={lmk}",))
    key, pair = token(one, "001" if usage != "71" else "70D", usage), token(one, "002", "V2")
    zone = token(one, "001", "P0")
    pin = block(one, "1234", key=zone)
    made = one(f"FWFFF{key}{pair}{pin}01{ACCOUNT}1")
    assert made[:4] == "FX00"
    assert one(f"EC{zone}{pair}{pin}01{ACCOUNT}1{made[4:]}") == "ED00"
    assert one(f"FWFFF{token(one, '402', 'C0', 'G')}{pair}{pin}01{ACCOUNT}1") == "FXA6"
    assert desk()(f"FWFFF{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}1") == "FX28"


def test_usages_and_modes_in_key_blocks(desk: Desk) -> None:
    one = desk(lmks=("00=test-3des-block",))
    zone = token(one, "001", "P0")
    pin, tail = block(one, "1234", key=zone), f"0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF"
    codes = {
        (usage, mode): one(f"EA{zone}{token(one, '002', usage, mode)}12{pin}{tail}")
        for usage, mode in (("V1", "V"), ("V0", "N"), ("V2", "N"), ("V1", "G"))
    }
    assert codes == {("V1", "V"): "EB01", ("V0", "N"): "EB01", ("V2", "N"): "EBA6", ("V1", "G"): "EBA8"}
    only_out, only_in = token(one, "001", "P0", "E"), token(one, "001", "P0", "D")
    assert one(f"JE{only_out}{pin}01{ACCOUNT}") == "JFA8"
    assert one(f"JG{only_in}01{ACCOUNT}{kept(one)}") == "JHA8"
    assert one(f"DE{token(one, '002', 'V1', 'V')}{kept(one)}{tail[2:-12]}") == "DFA8"
