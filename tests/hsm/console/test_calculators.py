"""CV PV ED N $ T as transcripts.

Witnesses: FIPS 81 (table B1) and NIST SP 800-67 (appendix B.1) for the calculators, pycryptodome for what they have not; a
CW and a DG exchange of ThalesSim HostCommandTests; the decimalisation table of payShield 9000 captures.
"""

from __future__ import annotations

import pytest
from Crypto.Cipher import DES, DES3
from hypothesis import given, settings
from hypothesis import strategies as st
from support import opened
from support.appliances import make_speaker
from support.partner import des_key, part_by_part
from support.playbook import Operator, told
from support.psec_cards import psec_cvv

from hsm.console import calculators  # noqa: F401  # declares the commands
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.operations.decimalisation import open_table
from hsm.policy.position import Position

KINDS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
CVK = "0A61E674E88C6A7EEABC38C2B2BB492F"
"""The pair 0123456789ABCDEF FEDCBA9876543210 under the published LMK."""
PVK = "X367930344805B1FAD6146EF4ED7502B3"
TABLE = "0123456789012345"


def operator(
    settings: dict[str, str] | None = None, authorise: str = "all", position: Position = Position.SECURE
) -> Operator:
    return Operator(make_speaker(settings, KINDS, authorise), position)


# --- DES ---------------------------------------------------------------------------------------------------------
def test_n_as_published() -> None:
    """FIPS 81: "Now is the time for all " under 0123456789ABCDEF."""
    at = operator()
    for clear, enciphered in (
        ("4E6F772069732074", "3FA40E8A984D4815"),
        ("68652074696D6520", "6A271787AB8883F9"),
        ("666F7220616C6C20", "893D51EC4B563B53"),
    ):
        assert told(at.types("N", "0123456789abcdef", clear), "Encrypted") == enciphered
        assert told(at.types("N", "0123456789ABCDEF", enciphered), "Decrypted") == clear


def test_t_as_published() -> None:
    """SP 800-67: "The qufck brown fox jump" under three keys."""
    key = "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123"
    clear = "5468652071756663 6B2062726F776E20"
    at = operator()
    assert told(at.types("T", key, "D", clear), "Encrypted") == "A826FD8CE53B855FCCE21C8112256FE6"
    assert told(at.types("T", key, "", "68D5C05DD9B6B900"), "Decrypted") == "666F78206A756D70"
    assert told(at.types("T", key, "S", "666F78206A756D70"), "Encrypted") == "68D5C05DD9B6B900"


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([("N", 8), ("$", 16), ("T", 24)]), st.integers(0), st.binary(min_size=16, max_size=16))
def test_the_calculators_equal_pycryptodome(which: tuple[str, int], seed: int, block: bytes) -> None:
    command, key_bytes = which
    key = des_key(str(seed), key_bytes)
    other = DES.new(key, DES.MODE_ECB) if key_bytes == 8 else DES3.new(key, DES3.MODE_ECB)
    size = () if command == "N" else ("D",)
    given_block = block[:8] if command == "N" else block
    shown = operator().types(command, key.hex(), *size, given_block.hex())
    assert told(shown, "Encrypted") == other.encrypt(given_block).hex().upper()
    assert told(shown, "Decrypted") == other.decrypt(given_block).hex().upper()


@pytest.mark.parametrize(
    "answers",
    [
        ("N", "0123456789ABCDE", "0123456789ABCDEFF", "X"),
        ("N", "0123456789ABCDEF", "1", "", "0123456789ABCDEF0"),
        ("$", "0123456789ABCDEF", "", "0"),
        ("$", "0123456789ABCDEF" * 2, "T", "Q", "3"),
        ("T", "0123456789ABCDEF" * 3, "D", "0123456789ABCDEF", "", "1"),
    ],
)
def test_the_calculators_refuse(answers: tuple[str, ...]) -> None:
    at = operator()
    shown = at.types(*answers)
    assert "given up" in shown
    assert "Encrypted" not in shown
    assert at.outcome() == "NO"


@pytest.mark.parametrize("position", list(Position))
def test_the_calculators_need_nothing(position: Position) -> None:
    at = operator(authorise="", position=position)
    at.appliance.load_lmks({}, {})
    assert "Encrypted" in at.types("N", "0123456789ABCDEF", "4E6F772069732074")


# --- cards and PINs ----------------------------------------------------------------------------------------------
def test_cv_as_published() -> None:
    at = operator()
    assert told(at.types("CV", "00", CVK, "4123456789012345", "8701", "101"), "CVV") == "561"
    at.appliance.move(Position.ONLINE)
    assert at.speaker(f"CW{CVK}4123456789012345;8701101") == "CX00561"


@settings(max_examples=20, deadline=None)
@given(st.text("0123456789", min_size=11, max_size=19), st.text("0123456789", min_size=4, max_size=4))
def test_cv_equals_psec(pan: str, expiry: str) -> None:
    expected = psec_cvv(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), pan, expiry, "999")
    assert told(operator().types("CV", "00", CVK, pan, expiry, "999"), "CVV") == expected


def test_cv_of_a_key_block() -> None:
    at = operator()
    for lmk_id, mode, works in (("01", "C", True), ("02", "N", True), ("01", "V", False)):
        token = block_of(at, lmk_id, "C0", mode)
        shown = at.types("CV", lmk_id, token, "4123456789012345", "8701", "101")
        assert ("CVV: 561" in shown) is works
        assert ("mode of use does not allow" in shown) is not works


def test_cv_refuses() -> None:
    at = operator()
    assert "odd parity" in at.types("CV", "00", "1" + CVK[1:], "4123456789012345", "8701", "101")
    assert "given up" in at.types("CV", "00", CVK, "4123456789012345", "871", "87", "87011")
    assert "given up" in at.types("CV", "00", CVK, "4" * 20, "", "x")


def test_pv_as_published() -> None:
    """DG of the same source: PIN 1234, account 550000025321, PVK index 1."""
    at = operator()
    assert told(at.types("PV", "00", PVK, "50000025321", "1", "1234"), "PVV") == "4402"


def test_pv_refuses() -> None:
    at = operator()
    single = part_by_part(des_key("pvk", 8), opened.pair_of("002"), "Z")
    assert "lengths" in at.types("PV", "00", single, "50000025321", "1", "1234")
    assert "odd parity" in at.types("PV", "00", CVK, "50000025321", "1", "1234")
    assert "given up" in at.types("PV", "00", PVK, "50000025321", "1", "123", "12345", "12E4")
    weak = operator({"weak-pin-check": "yes"})
    assert "excluded PINs" in weak.types("PV", "00", PVK, "50000025321", "1", "1234")


def block_of(at: Operator, lmk_id: str, usage: str, mode: str) -> str:
    """The published pair in a key block."""
    pair = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    return at.desk.hsm(lmk_id).wrap(pair, None, "S", BlockAttributes(usage, "T", mode))


# --- decimalisation tables ---------------------------------------------------------------------------------------
def test_ed_as_captured() -> None:
    at = operator()
    assert told(at.types("ED", "01", TABLE), "Encrypted decimalisation table") == "709F26B22464E96A"
    assert len(told(at.types("ED", "02", TABLE), "Encrypted decimalisation table")) == 32


@pytest.mark.parametrize("lmk_id", ["00", "01"])
def test_hosts_use_what_ed_gives(lmk_id: str) -> None:
    """What the host commands take a table through gives the same table."""
    at = operator({"encrypted-decimalisation-tables": "no"})
    sealed = told(at.types("ED", lmk_id, TABLE), "Encrypted decimalisation table")
    assert open_table(at.desk.hsm(lmk_id), sealed) == TABLE


def test_s2_ed_refuses_tables_that_tell() -> None:
    loose, strict = operator(), operator({"decimalisation-table-checks": "yes"})
    for table in ("0000000000000001", "0" * 16, "0123456701234567"[:15] + "0"):
        assert "Encrypted decimalisation table" in loose.types("ED", "00", table)
    assert "decimalisation table fails" in strict.types("ED", "00", "0000000000000001")
    assert "Encrypted decimalisation table" in strict.types("ED", "00", TABLE)
    assert "given up" in strict.types("ED", "00", "012345678901234", "0123456789ABCDEF", "")


# --- who may -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("activity", "answers", "label"),
    [
        ("misc", ("CV", "00", CVK, "4123456789012345", "8701", "101"), "CVV"),
        ("pin.clear", ("PV", "00", PVK, "50000025321", "1", "1234"), "PVV"),
        ("admin", ("ED", "00", TABLE), "Encrypted decimalisation table"),
    ],
)
def test_what_uses_an_lmk_is_authorised(activity: str, answers: tuple[str, ...], label: str) -> None:
    for granted, allowed in (("", False), ("export", False), (f"{activity}.host", False), (activity, True)):
        shown = operator(authorise=granted).types(*answers)
        assert (f"{label}: " in shown) is allowed, granted
        assert ("authorised state" in shown) is not allowed, granted
    assert "No LMK is loaded" in operator().types(answers[0], "09")


def test_s14_pv_takes_clear_pins() -> None:
    at = operator({"select-clear-pins": "no"})
    assert "authorised state" in at.types("PV", "00")


def test_ed_is_not_for_the_online_state() -> None:
    assert "needs the offline or secure state" in operator(position=Position.ONLINE).types("ED")
    assert "Encrypted" in operator(position=Position.OFFLINE).types("ED", "00", TABLE)
