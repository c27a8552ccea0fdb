"""Data blocks: M0, M2, M4."""

from __future__ import annotations

from typing import Any

import pytest
from Crypto.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker
from support.witnessed import Exchange, exchanges, is_answered

from hsm.crypto.blockcipher import Algorithm
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC
from hsm.keys.blocklmk import letter_of
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES

EXCHANGES = exchanges("M0", "M2", "M4")
PAIR = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
ZEK = "U71CE6CBA2A7DC746208CDCE553747808"
DEK = "UA5F7447E8D9068513B94C51EF06E64EF"
BDK = "U8E3D3E2FD5919657F05A1AA90D32A014"
IV = "1234567890ABCDEF"
BLOCKS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")

speak = make_speaker()
speak_blocks = make_speaker(lmks=BLOCKS)


def block(usage: str = "D0", mode: str = "N", key: ClearKey | None = None, lmk_id: str = "01", row: str = "00A") -> str:
    key = key or ClearKey(PAIR)
    attributes = BlockAttributes(usage, letter_of(key), mode, "00", "N")
    return speak_blocks.appliance.lmks[lmk_id].wrap(key, KEY_TYPES[row], "S", attributes, bytes)


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_witnessed(each: Exchange) -> None:
    assert each.speaker()(each.request) == each.reply


@given(
    mode=st.sampled_from(["00", "01", "02", "03"]),
    blocks=st.binary(min_size=8, max_size=80).map(lambda b: b[: len(b) // 8 * 8]),
    other=st.sampled_from(["00", "01", "02", "03"]),
)
def test_what_was_enciphered_and_translated_is_deciphered(mode: str, blocks: bytes, other: str) -> None:
    iv, other_iv = IV if mode != "00" else "", IV[::-1] if other != "00" else ""
    enciphered = speak(f"M0{mode}0100A{ZEK}{iv}{len(blocks):04X}{blocks.decode('latin-1')}")
    assert enciphered.startswith("M100")
    sent = enciphered[4 + len(iv) :]
    moved = speak(f"M4{mode}{other}1100A{ZEK}00B{DEK}{iv}{other_iv}{sent}")
    assert moved.startswith("M500")
    clear = speak(f"M2{other}1000B{DEK}{other_iv}{moved[4:]}")
    assert clear[4 + len(other_iv) :] == f"{len(blocks):04X}{blocks.decode('latin-1')}"


@pytest.mark.parametrize("mode", ["01", "02", "03"])
def test_the_iv_of_the_answer_goes_on(mode: str) -> None:
    text = "Now is the time for all good men"
    whole = speak(f"M0{mode}2100A{ZEK}{IV}0020{text}")
    first = speak(f"M0{mode}2100A{ZEK}{IV}0010{text[:16]}")
    second = speak(f"M0{mode}2100A{ZEK}{first[4:20]}0010{text[16:]}")
    assert whole[24:] == first[24:] + second[24:]
    back = speak(f"M2{mode}1200A{ZEK}{IV}{first[20:]}")
    assert back[4:20] == first[4:20]


@pytest.mark.parametrize(("mode", "other"), [("01", AES.MODE_CBC), ("02", AES.MODE_CFB), ("03", AES.MODE_CFB)])
def test_aes_equals_pycryptodome(mode: str, other: int) -> None:
    key, iv, clear = bytes(range(32)), bytes(range(16)), bytes(range(100, 148))
    more = {"02": {"segment_size": 8}, "03": {"segment_size": 64}}.get(mode, {})
    new: Any = AES.new
    expected = new(key, other, iv=iv, **more).encrypt(clear)
    token = block(key=ClearKey(key, Algorithm.AES), lmk_id="02")
    reply = speak_blocks(f"M0{mode}11FFF{token}{iv.hex().upper()}0060{clear.hex().upper()}")
    assert reply[36:] == "0060" + expected.hex().upper()
    assert speak_blocks(f"M2{mode}11FFF{token}{iv.hex().upper()}{reply[36:]}")[36:] == "0060" + clear.hex().upper()
    assert speak_blocks(f"M00011FFF{token}0010{clear[:8].hex().upper()}") == "M106"


def test_a_key_block_binds_usage_and_mode() -> None:
    data = "0010" + "0" * 16
    assert speak_blocks(f"M00011FFF{block(mode='D')}{data}") == "M1A8"
    assert speak_blocks(f"M20011FFF{block(mode='E')}{data}") == "M3A8"
    assert speak_blocks(f"M4000011FFF{block(mode='E')}FFF{block()}{data}") == "M5A8"
    assert speak_blocks(f"M4000011FFF{block()}FFF{block(mode='D')}{data}") == "M5A8"
    assert speak_blocks(f"M00011FFF{block('72', row='001')}{data}") == "M1A6"
    assert speak_blocks(f"M0001100A{block('72', row='001')}{data}") == "M1A6"
    assert speak_blocks(f"M0001100A{block('22')}{data}").startswith("M100")
    assert speak_blocks(f"M00011FFF{ZEK}{data}") == "M128"


def test_codes() -> None:
    data = "0010" + "0" * 16
    assert speak("M4040011" + f"00A{ZEK}00A{ZEK}{data}") == "M502"
    assert speak("M4000011" + f"001{ZEK}00A{ZEK}{data}") == "M505"
    assert speak("M4000011" + f"00A{ZEK}309{ZEK}{data}") == "M508"
    assert speak("M4000021" + f"00A{ZEK}00A{ZEK}{data}") == "M503"
    assert speak("M4000012" + f"00A{ZEK}00A{ZEK}{data}") == "M504"
    assert speak(f"M0001100A{ZEK}000E{'0' * 14}") == "M106"
    assert speak(f"M0001100A{ZEK}0000") == "M106"
    assert speak(f"M0001100A{ZEK}0011{'0' * 16}") == "M106"
    assert speak(f"M0001100A{ZEK}0010{'0' * 15}G") == "M135"
    assert speak(f"M0001100A{ZEK}0010{'0' * 15}a") == "M135"
    assert speak(f"M0011100A{ZEK}{IV[:-1]}X{data}") == "M115"


def test_transaction_keys() -> None:
    head, tail = f"M00011009{BDK}", "FFFF9876543210E00003" + "0010" + "0" * 16
    assert speak(f"{head}A05{tail}").startswith("M100")
    assert speak(f"{head}906{tail}").startswith("M100")
    assert speak(f"{head}A04{tail}") == "M115"
    assert speak(f"{head}A14{tail}") == "M115"
    assert speak(f"{head}A05FFFF9876543210FFFFFF{tail[20:]}") == "M115"
    assert speak(f"M00011009{ZEK}A05{tail}") == "M110"


@pytest.mark.parametrize(("value", "refusal"), [("none", "68"), ("ascii", "35")])
def test_the_host_deciphers_no_more_than_the_setting_says(value: str, refusal: str) -> None:
    strict = make_speaker({"data-encryption": value})
    pin_block = "0010" + speak(f"M0001100A{ZEK}0010041234FFFFFFFFFF")[-16:]
    assert strict(f"M0001100A{ZEK}0010041234FFFFFFFFFF") == f"M1{refusal}"
    assert strict(f"M2001100A{ZEK}{pin_block}") == f"M3{refusal}"
    assert strict("M4000011" + f"00A{ZEK}00B{DEK}{pin_block}") == f"M5{refusal}"


def test_text_passes_where_text_is_allowed() -> None:
    strict = make_speaker({"data-encryption": "ascii"})
    text = strict(f"M0002100A{ZEK}0008Any text")
    assert strict(f"M2001200A{ZEK}{text[4:]}") == "M3000008Any text"
    assert strict("M4000011" + f"00A{ZEK}00B{DEK}{text[4:]}").startswith("M500")


def test_an_ebcdic_host_gets_bytes_untranslated_and_text_translated() -> None:
    sent = bytes(range(64, 72))
    as_seen = sent.translate(TO_ASCII).decode("latin-1")
    enciphered = speak(f"M0000000A{ZEK}0008{as_seen}", ebcdic=True)
    plain = speak(f"M0000000A{ZEK}0008{sent.decode('latin-1')}")
    assert enciphered[8:].encode("latin-1").translate(TO_EBCDIC) == plain[8:].encode("latin-1")
    assert speak(f"M0000100A{ZEK}0008{as_seen}", ebcdic=True)[8:] == plain[8:].encode("latin-1").hex().upper()
    text = speak(f"M0002100A{ZEK}0008Any text", ebcdic=True)
    assert text == speak(f"M0002100A{ZEK}0008Any text")
    assert speak(f"M2001200A{ZEK}{text[4:]}", ebcdic=True) == "M3000008Any text"


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_every_truncation_is_answered(each: Exchange) -> None:
    speak = each.speaker()
    for end in range(2, len(each.request)):
        assert is_answered(each.request, speak(each.request[:end]))
    assert is_answered(each.request, speak(each.request + "\x00"))


@given(data=st.data())
def test_damage_is_answered(data: st.DataObject) -> None:
    each = data.draw(st.sampled_from(EXCHANGES))
    at = data.draw(st.integers(2, len(each.request) - 1))
    damaged = each.request[:at] + chr(data.draw(st.integers(0, 255))) + each.request[at + 1 :]
    assert is_answered(each.request, speak_blocks(damaged))
