"""Data ciphers against psec, in parts as in one piece, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des
from support.eracom import make_eracom, spec

KEY = "0123456789ABCDEFFEDCBA9876543210"
STORED = {"00:1": KEY, "00:2": KEY[:16], "37:1": KEY}
ASK = make_eracom(stored=STORED)
BLOCKS = st.integers(1, 20).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
IVS = st.binary(min_size=8, max_size=8)


def enciphered(mode: str, iv: bytes, data: bytes) -> str:
    secret = bytes.fromhex(KEY)
    made = des.encrypt_tdes_ecb(secret, data) if mode == "00" else des.encrypt_tdes_cbc(secret, iv, data)
    return made.hex().upper()


@pytest.mark.parametrize("mode", ["00", "01"])
@given(IVS, BLOCKS)
def test_agrees_with_psec(mode: str, iv: bytes, data: bytes) -> None:
    under, vector = enciphered(mode, iv, data), iv.hex().upper()
    chaining = vector if mode == "00" else under[-16:]
    clear = spec(data.hex().upper())
    for code, lead in (("EE0800", ""), ("EE0804", "08")):
        assert ASK(f"{code} 00 020001 {mode} {lead}{vector} {clear}") == f"{code}00{lead}{chaining}{spec(under)}"
    for code, lead in (("EE0801", ""), ("EE0805", "08"), ("EE0807", "")):
        assert ASK(f"{code} 00 020001 {mode} {lead}{vector} {spec(under)}") == f"{code}00{lead}{chaining}{clear}"


@given(IVS, BLOCKS, BLOCKS)
def test_parts_make_the_whole(iv: bytes, first: bytes, second: bytes) -> None:
    vector, out = iv.hex(), ""
    for part in (first, second):
        reply = ASK(f"EE0800 00 020001 01 {vector} {spec(part.hex())}")
        vector, out = reply[8:24], out + reply[-2 * len(part) :]
    assert out == enciphered("01", iv, first + second)


def test_ecb_without_a_vector() -> None:
    under = enciphered("00", b"", bytes(8))
    assert ASK(f"EE0804 00 020001 00 00 08{'00' * 8}") == f"EE0804000008{under}"
    assert ASK(f"EE0805 00 020001 00 00 08{under}") == f"EE0805000008{'00' * 8}"


IV, DATA = "00" * 8, "08" + "31" * 8


@pytest.mark.parametrize("code", ["EE0800", "EE0801", "EE0807"])
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (f"02 020001 00 {IV} {DATA}", "24"),
        (f"00 020001 02 {IV} {DATA}", "04"),
        (f"00 020001 01 {IV} 00", "03"),
        (f"00 020001 01 {IV} 07{'31' * 7}", "03"),
        (f"00 020001 01 {IV} 09{'31' * 8}", "03"),
        (f"00 020001 01 {IV} {DATA}00", "03"),
        (f"00 020001 01 {IV[2:]} {DATA}", "03"),
        (f"00 020009 01 {IV} {DATA}", "0A"),
        (f"00 020000 01 {IV} {DATA}", "05"),
        (f"00 0210AA 01 {IV} {DATA}", "20"),
        (f"00 02FF01 01 {IV} {DATA}", "21"),
        (f"00 05 08 01 020001 01 {IV} {DATA}", "19"),
        (f"00 020001 01 {IV} C0FDF0{'31' * 65_008}", "03"),
    ],
)
def test_refused(code: str, body: str, outcome: str) -> None:
    assert ASK(code + body) == code + outcome


def test_cbc_needs_a_vector_of_eight_bytes() -> None:
    assert ASK(f"EE0804 00 020001 01 00 {DATA}") == "EE080404"
    assert ASK(f"EE0805 00 020001 01 07{'00' * 7} {DATA}") == "EE080504"
    assert ASK(f"EE0804 00 020001 00 09{'00' * 9} {DATA}") == "EE080403"


def test_the_setting_rules_here_too() -> None:
    ask = make_eracom({"data-encryption": "none"}, STORED)
    assert ask(f"EE0800 00 020001 00 {IV} {DATA}") == "EE080002"
    ask = make_eracom({"data-encryption": "ascii"}, STORED)
    assert ask(f"EE0800 00 020001 00 {IV} {DATA}")[:8] == "EE080000"
    assert ask(f"EE0800 00 020001 00 {IV} 08{'00' * 8}") == "EE080004"
    assert ask(f"EE0801 00 020001 00 {IV} {DATA}") == "EE080104"
    single = make_eracom({"allow-single-des": "no"}, STORED)
    assert single(f"EE0800 00 020002 00 {IV} {DATA}") == "EE080028"


CARD_KEY = spec("50" + "020001" + "AB" * 16 + "01")


def test_a_card_key_deciphers_nothing_once_keys_are_moved_to_it() -> None:
    assert ASK(f"EE0801 00 {CARD_KEY} 00 {IV} {DATA}")[:8] == "EE080100"
    ask = make_eracom({"translate-to-card-keys": "yes"}, STORED)
    assert [ask(f"{code} 00 {CARD_KEY} 00 {IV} {DATA}") for code in ("EE0800", "EE0801", "EE0807")] == [
        "EE080023",
        "EE080123",
        "EE080723",
    ]
    assert ask(f"EE0805 00 {CARD_KEY} 00 00 {DATA}") == "EE080523"
    assert ask(f"EE0801 00 020001 00 {IV} {DATA}")[:8] == "EE080100"
