"""MACs: MA, MC, ME, MK, MM, MQ, MS, M6, M8."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import mac as psec_mac
from support.appliances import make_speaker
from support.witnessed import Exchange, exchanges, is_answered

from hsm.crypto.blockcipher import Algorithm
from hsm.dialects.thales.ebcdic import TO_ASCII
from hsm.keys.blocklmk import letter_of
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES

EXCHANGES = exchanges("MA", "MC", "ME", "MK", "MM", "MQ", "MS", "M6", "M8")
PAIR = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TAK = "U7AD0BB2A32ADE115807C3572FC302BA5"
ZAK = "U7B7B1BE6AFBA184A32F08E7514BAC82E"
SINGLE = "74385088A93CEAD5"
BLOCKS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")

speak = make_speaker()
speak_blocks = make_speaker(lmks=BLOCKS)


def block(usage: str, mode: str = "N", key: ClearKey | None = None, lmk_id: str = "01") -> str:
    key = key or ClearKey(PAIR)
    letter = letter_of(key)
    attributes = BlockAttributes(usage, letter, mode, "00", "N")
    return speak_blocks.appliance.lmks[lmk_id].wrap(key, KEY_TYPES["003"], "S", attributes, bytes)


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_witnessed(each: Exchange) -> None:
    assert each.speaker()(each.request) == each.reply


@given(data=st.binary(min_size=1, max_size=100))
def test_whole_messages_equal_psec(data: bytes) -> None:
    text = data.decode("latin-1")
    retail = psec_mac.generate_retail_mac(PAIR[:8], PAIR[8:], data, 1).hex().upper()
    cbc = psec_mac.generate_cbc_mac(PAIR, data, 1).hex().upper()
    assert speak(f"MA{TAK}{text}") == f"MB00{retail[:8]}"
    assert speak(f"MC{TAK}{retail[:8]}{text}") == "MD00"
    assert speak(f"MK{TAK}{len(data):03X}{text}") == f"ML00{retail[:8]}"
    assert speak(f"MQ0{ZAK}{len(data):03X}{text}") == f"MR00{cbc}"
    assert speak(f"MS0010{TAK}{len(data):04X}{text}") == f"MT00{retail}"
    assert speak(f"M601131003{TAK}{2 * len(data):04X}{data.hex().upper()}") == f"M700{retail}"
    assert speak(f"M600011008{ZAK}{len(data):04X}{text}") == f"M700{cbc[:8]}"


@given(
    blocks=st.lists(st.binary(min_size=8, max_size=24).map(lambda b: b[: len(b) // 8 * 8]), min_size=1, max_size=3),
    last=st.binary(min_size=1, max_size=20),
    algorithm=st.sampled_from("136"),
)
def test_a_message_in_parts_has_the_mac_of_the_whole(blocks: list[bytes], last: bytes, algorithm: str) -> None:
    padding = "0" if algorithm == "6" else "2"
    fields = f"00{algorithm}{padding}003{TAK}"
    whole = b"".join(blocks) + last
    expected = speak(f"M60{fields}{len(whole):04X}{whole.decode('latin-1')}")
    running, mode = "", "1"
    for each in blocks:
        reply = speak(f"M6{mode}{fields}{running}{len(each):04X}{each.decode('latin-1')}")
        check = speak(f"M8{mode}{fields}{running}{len(each):04X}{each.decode('latin-1')}")
        assert (reply[:4], check[:4]) == ("M700", "M900")
        assert check[4:] == reply[4:]
        running, mode = reply[4:], "2"
    tail = f"{fields}{running}{len(last):04X}{last.decode('latin-1')}"
    assert speak("M63" + tail) == expected
    assert speak("M83" + tail + expected[4:]) == "M900"


def test_cmac_of_sp_800_38b() -> None:
    key = ClearKey(bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), Algorithm.AES)
    token = block("M6", key=key, lmk_id="02")
    data = "6BC1BEE22E409F96E93D7E117393172A"
    assert speak_blocks(f"M601160FFF{token}0020{data}") == "M700070A16B46B4D4144"
    assert speak_blocks(f"M801060003{token}0020{data}070A16B4") == "M900"
    longer = "AE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411"
    running = speak_blocks(f"M611160FFF{token}0020{data}")
    assert len(running) == 4 + 32
    assert speak_blocks(f"M631160FFF{token}{running[4:]}0030{longer}") == "M700DFA66747DE9AE630"
    assert speak_blocks(f"M601132FFF{token}0020{data}") == "M7A7"
    assert speak_blocks(f"MA{token}{data}") == "MBA7"


def test_a_key_block_binds_mode_and_algorithm() -> None:
    data = "0008" + "12345678"
    assert speak_blocks(f"M600012FFF{block('M1')}{data}").startswith("M700")
    assert speak_blocks(f"M600032FFF{block('M1')}{data}") == "M7A6"
    assert speak_blocks(f"M600012FFF{block('M3')}{data}") == "M7A6"
    assert speak_blocks(f"M600032FFF{block('M3', 'V')}{data}") == "M7A8"
    assert speak_blocks(f"M800032FFF{block('M3', 'G')}{data}00000000") == "M9A8"
    assert speak_blocks(f"M800032FFF{block('M3', 'V')}{data}00000000") == "M901"
    assert speak_blocks(f"MA{block('M3', 'V')}abc") == "MBA8"
    assert speak_blocks(f"MC{block('M3', 'G')}00000000abc") == "MDA8"
    assert speak_blocks(f"MQ0{block('M3')}003abc") == "MRA6"
    assert speak_blocks(f"MQ0{block('M0')}003abc").startswith("MR00")
    assert speak_blocks(f"MS0010{block('M3')}0003abc").startswith("MT00")
    single = block("M1", key=ClearKey(PAIR[:8]))
    assert speak_blocks(f"MA{single}{'7654321 Now is the time for '}") == "MB00F1D30F68"


def test_codes() -> None:
    data = "0008" + "12345678"
    assert speak(f"M600033003{TAK}{data}").startswith("M700")
    assert speak(f"M610033003{TAK}{data}") == "M709"
    assert speak(f"M600034003{TAK}{data}") == "M709"
    assert speak(f"M600030003{TAK}{data}") == "M709"
    assert speak(f"M600061003{TAK}{data}") == "M709"
    assert speak(f"M600021003{TAK}{data}") == "M704"
    assert speak(f"M600231003{TAK}{data}") == "M704"
    assert speak(f"M600031001{TAK}{data}") == "M705"
    assert speak(f"M600031FFF{TAK}{data}") == "M728"
    assert speak(f"M600031008{TAK}{data}") == "M710"
    assert speak(f"M610031003{TAK}0007{data[4:-1]}") == "M706"
    assert speak(f"M600031003{TAK}0009{data[4:]}") == "M706"
    assert speak(f"M600031003{TAK}0000") == "M706"
    assert speak(f"M601031003{TAK}0003ABC") == "M715"
    assert speak(f"M800031003{TAK}{data}00") == "M915"
    assert speak(f"M800031003{TAK}{data}{'0' * 16}") == "M915"
    assert speak(f"MK{TAK}000") == "ML80"
    assert speak(f"MK{TAK}321{'x' * 0x321}") == "ML80"
    assert speak(f"MS0110{TAK}0008{'x' * 8}") == "MT10"
    assert speak(f"MS0020{TAK}0008{'x' * 8}") == "MT05"
    assert speak(f"MS0000{SINGLE}0008{'x' * 8}").startswith("MT00")
    assert speak(f"MS0011{TAK}0002GHIJ") == "MT15"
    assert speak(f"ME{TAK}U8{TAK[2:]}00000000abc") == "MF11"
    assert speak(f"ME{'U8' + TAK[2:]}{TAK}00000000abc") == "MF10"


def test_the_layout_of_the_hsm_8000() -> None:
    old = make_speaker({"m6-layout": "hsm8000"})
    data = "0008" + "12345678"
    reply = old(f"M600032003{TAK}{data}")
    assert reply.startswith("M7000008")
    assert old(f"M800032003{TAK}{data}{reply[8:]}") == "M900"
    assert old(f"M600132003{TAK}{data}") == "M704"
    assert old(f"M600060003{TAK}{data}") == "M704"
    assert len(old(f"M610032003{TAK}{data}")) == 4 + 16


def test_ebcdic_text_is_authenticated_as_text_and_bytes_as_sent() -> None:
    text, raw = "Hello, MAC", b"Hello, MAC".decode("ascii").encode("cp500")
    as_text = speak(f"M602031003{TAK}000A{text}", ebcdic=True)
    assert as_text == speak(f"M602031003{TAK}000A{text}")
    seen = raw.translate(TO_ASCII).decode("latin-1")
    as_bytes = speak(f"M600031003{TAK}000A{seen}", ebcdic=True)
    assert as_bytes == speak(f"M600031003{TAK}000A{raw.decode('latin-1')}")
    assert as_bytes != as_text


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
