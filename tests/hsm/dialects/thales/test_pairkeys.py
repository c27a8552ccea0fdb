"""CVK pairs and BDKs: AS AU AW BI DW DY."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker, make_speaker
from support.opened import check_digits, is_odd, opened, pair_of

ZMK = "U1457FF6ADF6250C66C368416B4C9D383"
CLEAR_ZMK = opened(ZMK, pair_of("000"))
BLOCK_ZMK = "S00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A"
BLOCK_BDK = "S00072B0TN00E0001566678078B5337915F4860C92F3FF2D6A6B11E8786F22DC8032EB758"

Desk = Callable[..., Speaker]

speak = make_speaker()
speak_blocks = make_speaker(lmks=("00=test-variant", "01=test-3des-block"))


def pair_digits(key: bytes) -> str:
    return check_digits(key[:8])[:6] + check_digits(key[8:])[:6]


@pytest.mark.parametrize(
    ("tail", "chars"), [("", 32), (";000", 32), (";001", 32), (";0Z1", 32), (";0U0", 33), (";0U1", 33)]
)
def test_a_new_cvk_pair(tail: str, chars: int) -> None:
    reply = speak(f"AS{tail}")
    key = opened(reply[4 : 4 + chars], pair_of("402"))
    assert is_odd(key)
    assert reply[4 + chars :] == (check_digits(key)[:6] if tail.endswith("1") else pair_digits(key))


@pytest.mark.parametrize(("tail", "chars"), [("", 32), (";0U0", 33)])
def test_a_new_bdk(tail: str, chars: int) -> None:
    reply = speak(f"BI{tail}")
    assert (reply[:4], len(reply)) == ("BJ00", 4 + chars)
    assert is_odd(opened(reply[4:], pair_of("009")))


@pytest.mark.parametrize("scheme", ["0", "U"])
@pytest.mark.parametrize("out", ["0", "X", "U"])
def test_a_cvk_pair_goes_round(scheme: str, out: str) -> None:
    kept = speak(f"AS;0{scheme}1")[4:-6]
    key = opened(kept, pair_of("402"))
    sent = speak(f"AU{ZMK}{kept};{out}00")
    assert opened(sent[4:-12], CLEAR_ZMK) == key
    assert sent[-12:] == pair_digits(key)
    assert speak(f"AW{ZMK}{sent[4:-12]};0{scheme if scheme == 'U' else 'Z'}1") == f"AX00{kept}{check_digits(key)[:6]}"


@pytest.mark.parametrize(("kind", "digits"), [("0", 8), ("1", 6), ("2", 8)])
def test_a_bdk_goes_round(kind: str, digits: int) -> None:
    kept = speak("BI;0U0")[4:]
    key = opened(kept, pair_of("009"))
    sent = speak(f"DY{ZMK}{kept};X0{kind}")
    assert opened(sent[4:37], CLEAR_ZMK) == key
    assert sent[37:] == check_digits(key)[:digits]
    assert speak(f"DW{ZMK}{sent[4:37]};0U{kind}") == f"DX00{kept}{check_digits(key)[:digits]}"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        ("AS;0T1", "AT27"),
        ("AS;0X1", "AT26"),
        ("AS;0S1", "AT26"),
        ("AS;002", "AT15"),
        ("AS0", "AT15"),
        ("BI;0T0", "BJ27"),
        ("BI;0Q0", "BJ26"),
        (f"AU{ZMK}{ZMK}", "AV11"),
        (f"DY{ZMK}{ZMK}", "DZ11"),
        (f"DW{ZMK}T{'0' * 48};0T1", "DX27"),
        (f"AW{ZMK}0A61E674E88C6A7E", "AX15"),
    ],
)
def test_refusals(request_text: str, reply: str) -> None:
    assert speak(request_text) == reply


@pytest.mark.parametrize(("activities", "code"), [("", "17"), ("export.001", "17"), ("export.402", "00")])
def test_a_cvk_pair_leaves_only_when_authorised(desk: Desk, activities: str, code: str) -> None:
    assert desk(authorise=activities)(f"AU{ZMK}0A61E674E88C6A7EEABC38C2B2BB492F")[2:4] == code


def test_a_pair_without_tag_is_a_key_of_x917(desk: Desk) -> None:
    kept = "0A61E674E88C6A7EEABC38C2B2BB492F"
    assert desk({"x917-export": "no"})(f"AU{ZMK}{kept}") == "AV26"
    assert desk({"x917-export": "no"})(f"AU{ZMK}{kept};U00").startswith("AV00U")


def test_bdk_check_values_are_restricted(desk: Desk) -> None:
    speaker = desk({"restrict-kcv": "yes"})
    assert speaker(f"DY{ZMK}U8E3D3E2FD5919657F05A1AA90D32A014").endswith("08D7B400")


def test_pairs_in_key_blocks() -> None:
    assert speak_blocks("AS%01")[4:21] == "S00072C0TN00E0001"
    assert speak_blocks("BI%01")[4:21] == "S00072B0TN00E0001"
    assert speak_blocks("BI;0U0%01") == "BJ26"
    sent = speak_blocks(f"DY{BLOCK_ZMK}{BLOCK_BDK};001")
    assert sent[:21] == "DZ00S00072B0TN00E00FF"
    back = speak_blocks(f"DW{BLOCK_ZMK}{sent[4:77]};001")
    assert (back[:21], back[-6:]) == ("DX00S00072B0TN00E0001", sent[-6:])
    assert speak_blocks(f"AW{BLOCK_ZMK}{sent[4:77]};001") == "AXA6"
