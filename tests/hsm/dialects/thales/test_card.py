"""Card values: CW, CY, RY."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker
from support.psec_cards import psec_cvv
from support.witnessed import Exchange, exchanges, is_answered

from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES

EXCHANGES = exchanges("CW", "CY", "RY")
PAIR = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
CVK = "0A61E674E88C6A7EEABC38C2B2BB492F"
CARD = "3411115972410020000" + "9912"


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_witnessed(each: Exchange) -> None:
    assert each.speaker()(each.request) == each.reply


def block_of(speak: Speaker, mode: str, usage: str = "C0", lmk_id: str = "01") -> str:
    attributes = BlockAttributes(usage, "T", mode, "00", "N")
    lmk = speak.appliance.lmks[lmk_id]
    return lmk.wrap(ClearKey(PAIR), KEY_TYPES["402"], "S", attributes, lambda count: bytes(count))


BLOCKS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")


@given(pan=st.text("0123456789", min_size=11, max_size=19), expiry=st.text("0123456789", min_size=4, max_size=4))
def test_cvv_equals_psec(pan: str, expiry: str) -> None:
    expected = psec_cvv(PAIR, pan, expiry, "201")
    assert speak(f"CW{CVK}{pan};{expiry}201") == f"CX00{expected}"
    assert speak(f"CY{CVK}{expected}{pan};{expiry}201") == "CZ00"


speak = make_speaker()


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_modes_of_use_part_generating_from_verifying(lmk_id: str) -> None:
    speak = make_speaker(lmks=BLOCKS)
    may_verify, may_generate = block_of(speak, "V", lmk_id=lmk_id), block_of(speak, "G", lmk_id=lmk_id)
    data = "4123456789012345;8701101"
    assert speak(f"CY{may_verify}561{data}") == "CZ00"
    assert speak(f"CW{may_verify}{data}") == "CXA8"
    assert speak(f"CW{may_generate}{data}") == "CX00561"
    assert speak(f"CY{may_generate}561{data}") == "CZA8"
    assert speak(f"CW{block_of(speak, 'N', '11', lmk_id)}{data}") == "CXA6"


def test_wrong_keys_and_fields() -> None:
    assert speak("CW" + "1" + CVK[1:] + "4123456789012345;8701101") == "CX10"
    assert speak(f"CW{CVK}41234567890123456789;8701101") == "CX15"
    assert speak(f"CW{CVK}4123456789012345;870110") == "CX15"
    assert speak(f"CW{CVK}4123456789012345;87011019") == "CX15"
    assert speak(f"RY30{CVK}34111159724100200019912") == "RZ22"
    assert speak(f"RY30{CVK}41111159724100200009912") == "RZ22"
    assert speak(f"RY1{CVK}") == "RZ15"
    assert speak(f"RY32{CVK}{CARD}") == "RZ15"


@pytest.mark.parametrize(
    ("extension", "key_chars", "value_chars"), [("", 32, 12), (";0U0", 33, 12), (";0U1", 33, 6), (";000", 32, 12)]
)
def test_a_new_csck_works(extension: str, key_chars: int, value_chars: int) -> None:
    reply = speak(f"RY0{extension}")
    assert reply[:5] == "RZ000"
    assert len(reply) == 5 + key_chars + value_chars
    codes = speak(f"RY30{reply[5 : 5 + key_chars]}{CARD}")
    assert codes[:5] == "RZ003"
    assert speak(f"RY40{reply[5 : 5 + key_chars]}{CARD}{codes[5:]}") == "RZ004000"


def test_a_new_csck_in_a_key_block() -> None:
    speak = make_speaker(lmks=("00=test-3des-block",))
    reply = speak("RY0;0S1")
    assert reply[:6] == "RZ000S"
    assert len(reply) == 5 + 73 + 6
    assert speak(f"RY30{reply[5:-6]}{CARD}")[:5] == "RZ003"
    assert speak("RY0")[:6] == "RZ000S"
    assert speak("RY0;0U1") == "RZ26"
    assert speak("RY0;ZS1") == "RZ26"


def test_wrong_card_values_count_as_fraud() -> None:
    strict = make_speaker({"fraud-detection": "yes", "pin-verifies-per-minute": "2"})
    wrong = f"CY{CVK}0004123456789012345;8701101"
    assert [strict(wrong) for _ in range(3)] == ["CZ01", "CZ01", "CZ39"]
    assert strict(f"RY40{CVK}{CARD}FFFFF6463588") == "RZ39"


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_every_truncation_is_answered(each: Exchange) -> None:
    speak = each.speaker()
    for end in range(2, len(each.request)):
        assert is_answered(each.request, speak(each.request[:end]))
    assert is_answered(each.request, speak(each.request + "\x00"))


@given(data=st.data())
def test_damage_is_answered(data: st.DataObject) -> None:
    each = data.draw(st.sampled_from([e for e in EXCHANGES if "%" not in e.request]))
    at = data.draw(st.integers(2, len(each.request) - 1))
    damaged = each.request[:at] + chr(data.draw(st.integers(0, 255))) + each.request[at + 1 :]
    assert is_answered(each.request, speak(damaged))
