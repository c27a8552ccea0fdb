"""The PIN family through its own commands: what one makes another takes, settings on and off, and every refusal.

Exchanges that others witnessed are in ``protocol-spec/thales/vectors`` and run with ``tests/conformance``.  What holds a
PIN under the LMK can be witnessed by no one, since devices do not tell how they make it: here it goes round.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
from support.appliances import Speaker
from support.pins import (
    ACCOUNT,
    AES_KEY,
    OTHER,
    PAN,
    TPK,
    TPK_BLOCK_1234,
    ZPK,
    ZPK_2,
    ZPK_BLOCK_1234,
    block,
    kept,
    token,
    told,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # psec's own imports
    from psec.pinblock import decipher_pinblock_iso_4, encipher_pinblock_iso_4

Desk = Callable[..., Speaker]


# --- PINs under the LMK -------------------------------------------------------------------------------------------


def test_blocks_go_under_the_lmk_and_back(desk: Desk) -> None:
    one = desk()
    for request in (f"JC{TPK}{TPK_BLOCK_1234}01{ACCOUNT}", f"JE{ZPK}{ZPK_BLOCK_1234}01{ACCOUNT}"):
        reply = one(request)
        assert reply[2:4] == "00"
        assert told(one, reply[4:]) == "1234"
        assert one(f"JG{ZPK}01{ACCOUNT}{reply[4:]}") == f"JH00{ZPK_BLOCK_1234}"
        assert one(f"JG{ZPK}03{ACCOUNT}{reply[4:]}") == "JH00F7808F2CBEC63168"


def test_comparison(desk: Desk) -> None:
    one = desk()
    sealed = kept(one)
    assert one(f"BC{TPK}{TPK_BLOCK_1234}01{ACCOUNT}{sealed}") == "BD00"
    assert one(f"BE{ZPK}{ZPK_BLOCK_1234}01{ACCOUNT}{sealed}") == "BF00"
    assert one(f"BE{ZPK}{ZPK_BLOCK_1234}01{ACCOUNT}{kept(one, '1235')}") == "BF01"
    assert one(f"BC{TPK}{'0' * 16}01{ACCOUNT}{sealed}") == "BD20"
    elsewhere = {one(f"BE{ZPK}{block(one, '1234', acct)}01{acct}{sealed}")[2:] for acct in (OTHER, "000000000001")}
    assert elsewhere <= {"01", "14"}


def test_another_account(desk: Desk) -> None:
    one = desk()
    moved = one(f"QK{kept(one)}{ACCOUNT}{OTHER}")
    assert moved[:4] == "QL00"
    assert moved[4:] != kept(one)
    assert told(one, moved[4:], OTHER) == "1234"
    assert one(f"QKABCDE{ACCOUNT}{OTHER}") == "QL14"
    assert desk({"account-translation": "no"})(f"QK{kept(one)}{ACCOUNT}{OTHER}") == "QL68"


def test_an_old_lmk_and_another_length(desk: Desk) -> None:
    before = desk({"encrypted-pin-length": "9"}, lmks=("00=test-3des-block",))
    now = desk({"encrypted-pin-length": "6"}, old_lmks=("00=test-3des-block",))
    reply = now(f"BG{ACCOUNT}{kept(before, '12345')}")
    assert reply[:4] == "BH00"
    assert len(reply) == 4 + 6
    assert told(now, reply[4:]) == "12345"
    assert now(f"BG{ACCOUNT}{kept(before, '123456')}") == "BH24"
    assert now(f"BG{ACCOUNT}ABCDE") == "BH14"


def test_the_algorithm_stays(desk: Desk) -> None:
    one = desk()
    assert one(f"BQ{ACCOUNT}{kept(one)}") == f"BR00{kept(one)}"
    assert one(f"BQ{ACCOUNT}ABCDE") == "BR14"


def test_random_pins(desk: Desk) -> None:
    one = desk({"encrypted-pin-length": "13"})
    for request, digits in ((f"JA{ACCOUNT}", 4), (f"JA{ACCOUNT}12", 12), (f"JA{ACCOUNT}04%00", 4)):
        reply = one(request)
        assert reply[:4] == "JB00"
        assert len(told(one, reply[4:])) == digits
    assert len({one(f"JA{ACCOUNT}12") for _ in range(50)}) == 50
    assert one(f"JA{ACCOUNT}13") == one(f"JA{ACCOUNT}03") == "JB24"
    assert desk()(f"JA{ACCOUNT}05") == "JB24"


def test_the_form_of_ja_that_payshield_10k_hosts_send(desk: Desk) -> None:
    aes = desk(lmks=("00=test-aes-block",))
    reply = aes("JA1234567890128;05")
    assert reply[:5] == "JB00J"
    assert len(reply) == 4 + 33
    assert len(told(aes, reply[4:], "123456789012")) == 5
    variant = desk({"encrypted-pin-length": "6"})
    assert len(told(variant, variant("JA1234567890128;05")[4:], "123456789012")) == 5
    assert desk()("JA1234567;04") == "JB22"


def test_random_pins_are_not_weak(desk: Desk) -> None:
    one = desk()
    first = [told(one, one(f"JA{ACCOUNT}")[4:]) for _ in range(20)]
    # The same random numbers again, of which every other one is now excluded.
    careful = desk({"weak-pin-check": "yes", "excluded-pins": ",".join(first[::2])})
    made = [told(careful, careful(f"JA{ACCOUNT}")[4:]) for _ in range(10)]
    assert made == [pin for pin in first if pin not in first[::2]]


def test_clear_pins_need_authority_and_setting(desk: Desk) -> None:
    sealed = kept(desk())
    for how in ({"authorise": ""}, {"settings": {"select-clear-pins": "no"}}, {"authorise": "pin.other"}):
        assert desk(**how)(f"BA1234F{ACCOUNT}") == "BB17"
        assert desk(**how)(f"NG{ACCOUNT}{sealed}") == "NH17"
    assert desk(authorise="pin.clear")(f"NG{ACCOUNT}{sealed}")[:4] == "NH00"


@pytest.mark.parametrize("pin", ["123FF", "12345", "FFFFF", "12F45"])
def test_a_clear_pin_of_another_length(desk: Desk, pin: str) -> None:
    assert desk()(f"BA{pin}{ACCOUNT}") == "BB24"


@pytest.mark.parametrize("fmt", ["01", "03", "05", "47"])
def test_formats_round(desk: Desk, fmt: str) -> None:
    one = desk()
    sealed = kept(one)
    out = one(f"JG{ZPK_2}{fmt}{ACCOUNT}{sealed}")[4:]
    assert one(f"JE{ZPK_2}{out}{fmt}{ACCOUNT}") == f"JF00{sealed}"


def test_format_04_has_18_digits_of_which_blocks_take_the_first_and_everything_else_the_last(desk: Desk) -> None:
    one = desk()
    account = "454500" + ACCOUNT
    out = one(f"JG{ZPK_2}04{account}{kept(one)}")[4:]
    assert one(f"JE{ZPK_2}{out}04{account}") == f"JF00{kept(one)}"
    assert one(f"JE{ZPK_2}{out}01{account[:12]}")[:4] == "JF00"
    assert one(f"CC{ZPK_2}{ZPK}12{out}0401{account}") == f"CD0004{ZPK_BLOCK_1234}01"
    assert one(f"CC{ZPK_2}{ZPK}12{out}0401{ACCOUNT}") == "CD22"


def test_format_34_leaves_only_when_set(desk: Desk) -> None:
    sealed = kept(desk())
    assert desk()(f"JG{ZPK}34{ACCOUNT}{sealed}")[:4] == "JH00"
    assert desk({"format-34-to-zpk": "no"})(f"JG{ZPK}34{ACCOUNT}{sealed}") == "JH69"


# --- AES: format 48, PINs under an AES LMK ------------------------------------------------------------------------


def test_format_48_is_what_psec_makes(desk: Desk) -> None:
    one = desk(lmks=("00=test-aes-block",))
    key = token(one, "001", "P0", aes=True)
    theirs = encipher_pinblock_iso_4(AES_KEY, "12345", PAN).hex().upper()
    reply = one(f"JE{key}{theirs}48{PAN};")
    assert reply[:5] == "JF00J"
    back = one(f"JG{key}48{PAN};{reply[4:]}")
    assert back[:4] == "JH00"
    assert decipher_pinblock_iso_4(AES_KEY, bytes.fromhex(back[4:]), PAN) == "12345"
    assert one(f"BE{key}{theirs}48{PAN};{reply[4:]}") == "BF00"
    assert one(f"JE{key}{theirs}48{PAN[:-2]}07;") == "JF20"
    assert one(f"JE{key}{theirs}01{ACCOUNT}") == "JF20"


def test_translation_between_aes_and_des(desk: Desk) -> None:
    one = desk(lmks=("00=test-aes-block",))
    aes, des = token(one, "001", "P0", aes=True), token(one, "001", "72")
    theirs = encipher_pinblock_iso_4(AES_KEY, "1234", PAN).hex().upper()
    reply = one(f"CC{aes}{des}12{theirs}4801{PAN};")
    assert reply[:6] == "CD0004"
    assert reply[-2:] == "01"
    assert len(reply) == 6 + 16 + 2
    back = one(f"CC{des}{aes}12{reply[6:22]}0148{PAN};")
    assert decipher_pinblock_iso_4(AES_KEY, bytes.fromhex(back[6:38]), PAN) == "1234"
    assert one(f"CC{des}{aes}12{reply[6:22]}0101{ACCOUNT}") == "CD20"
