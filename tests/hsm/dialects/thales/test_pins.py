"""The PIN family through its own commands: what one makes another takes, settings on and off, and every refusal.

Exchanges that others witnessed are in ``protocol-spec/thales/vectors`` and run with ``tests/conformance``.  What holds a
PIN under the LMK can be witnessed by no one, since devices do not tell how they make it: here it goes round.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
from support.appliances import Speaker

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # psec's own imports
    from psec.pinblock import decipher_pinblock_iso_4, encipher_pinblock_iso_4

Desk = Callable[..., Speaker]

ACCOUNT, OTHER = "550000025321", "550000025322"
PAN = "4550000025321" + "7"
TABLE, DATA = "0123456789012345", "5500000253N0"
TPK = "U8463435FC4B4DAA0C49025272C29B12C"
ZPK = "BAB32D775A38E4AB"
ZPK_2 = "U1EF828AA8F6B80EB83E19FBC373F3A85"
PVK, PVK_PAIR = "0406FBB23A5214DF", "X367930344805B1FAD6146EF4ED7502B3"
PVK_3 = "TAF9958474101D950930D1FC86F99447E10B3BADFAA10458E"
ZPK_BLOCK_1234 = "E98FFDA17099AF55"  # ThalesSim: PIN 1234, format 01, under ZPK
TPK_BLOCK_1234 = "6428EB94035AF53B"  # ThalesSim: the same under TPK
AES_KEY = bytes(range(16))


def kept(desk: Speaker, pin: str = "1234", account: str = ACCOUNT) -> str:
    width = desk.appliance.settings.encrypted_pin_length
    reply = desk(f"BA{pin.ljust(width, 'F')}{account}")
    assert reply[:4] == "BB00"
    return reply[4:]


def told(desk: Speaker, sealed: str, account: str = ACCOUNT) -> str:
    reply = desk(f"NG{account}{sealed}")
    assert reply[:4] == "NH00"
    return reply[4:-12].rstrip("F")


def block(desk: Speaker, pin: str, account: str = ACCOUNT, fmt: str = "01", key: str = ZPK) -> str:
    reply = desk(f"JG{key}{fmt}{account}{kept(desk, pin, account)}")
    assert reply[:4] == "JH00"
    return reply[4:]


def token(desk: Speaker, code: str, usage: str, mode: str = "N", lmk: str = "00", *, aes: bool = False) -> str:
    """A key of *usage* and *mode* in a block under the LMK *lmk*."""
    key = ClearKey(AES_KEY, Algorithm.AES) if aes else ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    attributes = BlockAttributes(usage, "A" if aes else "T", mode, "00", "N")
    return desk.appliance.lmks[lmk].wrap(key, KEY_TYPES[code], "S", attributes, desk.appliance.random.bytes)


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


# --- weak PINs, fraud, restricted use -----------------------------------------------------------------------------


def test_weak_pins_may_not_be_chosen(desk: Desk) -> None:
    one = desk({"weak-pin-check": "yes"})
    weak = kept(one, "1111")
    in_block = block(one, "1111")
    assert one(f"DG{PVK_PAIR}{weak}{ACCOUNT}1") == "DH86"
    assert one(f"DE{PVK}{weak}04{ACCOUNT}{TABLE}{DATA}") == "DF86"
    assert one(f"FW001{ZPK}{PVK_PAIR}{in_block}01{ACCOUNT}1") == "FX86"
    assert one(f"BK001{ZPK}{PVK}{in_block}0104{ACCOUNT}{TABLE}{DATA}") == "BL86"
    assert one(f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{in_block}") == "CV86"
    assert one(f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14401{in_block}") == "CV01"
    assert desk()(f"DG{PVK_PAIR}{weak}{ACCOUNT}1")[:4] == "DH00"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("*02049999" + "1234", "86"),
        ("*010499991", "03"),
        ("*0105" + "12345", "81"),
        ("*01049999", "00"),
        ("*0104", "03"),
    ],
)
def test_the_table_a_request_brings(desk: Desk, table: str, code: str) -> None:
    one = desk()
    assert one(f"DG{PVK_PAIR}{kept(one)}{ACCOUNT}1{table}")[2:4] == code
    assert one(f"DE{PVK}{kept(one)}04{ACCOUNT}{TABLE}{DATA}{table}")[2:4] == code
    assert one(f"BK001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}{table}%00")[2:4] == code


def test_verification_stops_at_the_limit_of_failures(desk: Desk) -> None:
    one = desk({"fraud-detection": "yes", "pin-verifies-per-minute": "3"})
    wrong = f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14401"
    assert [one(wrong) for _ in range(4)] == ["ED01"] * 3 + ["ED39"]
    right = kept(one)
    for request in (
        f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402",
        f"DC{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}14402",
        f"EA{ZPK}{PVK}12{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF",
        f"DA{TPK}{PVK}12{TPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF",
        f"BE{ZPK}{ZPK_BLOCK_1234}01{ACCOUNT}{right}",
        f"BC{TPK}{TPK_BLOCK_1234}01{ACCOUNT}{right}",
        f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{ZPK_BLOCK_1234}",
        f"DU001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF{ZPK_BLOCK_1234}",
    ):
        assert one(request)[2:] == "39"
    assert one(f"CC{ZPK}{ZPK_2}12{ZPK_BLOCK_1234}0101{ACCOUNT}")[:4] == "CD00"


def test_bad_blocks_count_as_attacks(desk: Desk) -> None:
    one = desk({"fraud-detection": "yes", "pin-attack-limit": "2"})
    assert [one(f"JE{ZPK}{'0' * 16}01{ACCOUNT}") for _ in range(2)] == ["JF20"] * 2
    assert one(f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402") == "ED39"


def test_restricted_use(desk: Desk) -> None:
    restricted = {"restrict-pin-block-usage": "yes"}
    one = desk(restricted, authorise="pin.clear")
    sealed = kept(one)
    choice = [
        f"DE{PVK}{sealed}04{ACCOUNT}{TABLE}{DATA}",
        f"BK001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}",
        f"DU001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF{ZPK_BLOCK_1234}",
        f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{ZPK_BLOCK_1234}",
    ]
    assert [one(request)[2:4] for request in choice] == ["17"] * 4
    allowed = desk(restricted, authorise="pin.select")
    assert [allowed(request)[2:4] for request in choice] == ["15", "15", "15", "00"]  # the data must be the account's
    own = f"N{ACCOUNT[-11:]}"
    assert allowed(choice[0].replace(DATA, own))[2:4] == "00"
    assert allowed(f"EA{ZPK}{PVK}12{ZPK_BLOCK_1234}0105{ACCOUNT}{TABLE}{own}00000FFFFFFF") == "EB20"
    assert allowed(f"CC{ZPK}{ZPK_2}06{ZPK_BLOCK_1234}0101{ACCOUNT}") == "CD15"
    assert allowed(f"JE{ZPK}{ZPK_BLOCK_1234}03{ACCOUNT}") == "JF69"
    assert allowed(f"JG{ZPK}03{ACCOUNT}{sealed}") == "JH69"
