"""Zone keys: FA FI FK FM GC IA; and what all exchange commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker
from support.opened import check_digits, is_odd, opened, pair_of

from hsm.spec.witnessed import exchanges

ZMK = "U1457FF6ADF6250C66C368416B4C9D383"
CLEAR_ZMK = opened(ZMK, pair_of("000"))
ZPK = "U61F612B4FD859AA204D0D2414F18C29F"
ZPK_ZMK = "U0A26760BD07871026B6702C5F9BA25B3"
BLOCKS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
BLOCK_ZMK = "S00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A"
BLOCK_ZPK = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"
SENT_BLOCK = "S00072P0TB00N00FFE1D89671C973C7F0DAF91CB2EBF37949D811004295CF66B6AF9CF6A8"

MINE = {
    "AE",
    "AG",
    "AS",
    "AU",
    "AW",
    "BI",
    "BY",
    "DW",
    "DY",
    "FA",
    "FC",
    "FE",
    "FG",
    "FI",
    "FK",
    "FM",
    "GC",
    "GG",
    "GY",
}
MINE |= {"HA", "HC", "IA", "MG", "MI"}
VECTORS = Path(__file__).parents[4] / "protocol-spec" / "thales" / "vectors"
REQUESTS = sorted({e.request.decode("latin-1") for e in exchanges(VECTORS) if e.command in MINE})

Desk = Callable[..., Speaker]

speak = make_speaker()
speak_blocks = make_speaker(lmks=BLOCKS)


# --- making -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tail", "sent", "kept", "digits"),
    [
        ("", 16, 16, 16),
        (";000", 16, 16, 16),
        (";ZZ1", 16, 16, 6),
        (";XU1", 33, 33, 6),
        (";UU0", 33, 33, 16),
        (";0U1", 33, 33, 6),
        (";X01", 33, 33, 6),
        (";TT1", 49, 49, 6),
        (";YT1", 49, 49, 6),
    ],
)
@pytest.mark.parametrize(
    ("request_code", "reply_code", "key_type"), [("IA", "IB", "001"), ("FI0", "FJ", "00A"), ("FI1", "FJ", "008")]
)
def test_a_new_key_is_the_same_under_zmk_and_lmk(
    request_code: str, reply_code: str, key_type: str, tail: str, sent: int, kept: int, digits: int
) -> None:
    reply = speak(f"{request_code}{ZMK}{tail}")
    assert reply[:4] == reply_code + "00"
    under_zmk, under_lmk, shown = reply[4 : 4 + sent], reply[4 + sent : 4 + sent + kept], reply[4 + sent + kept :]
    key = opened(under_zmk, CLEAR_ZMK)
    assert key == opened(under_lmk, pair_of(key_type))
    assert is_odd(key)
    assert shown == check_digits(key)[:digits]


@pytest.mark.parametrize(
    ("tail", "code"),
    [(";XT1", "27"), (";UZ1", "27"), (";UX1", "26"), (";US1", "26"), (";Q01", "26"), (";UU2", "15"), (";UU", "15")],
)
def test_schemes_that_do_not_go_together(tail: str, code: str) -> None:
    assert speak(f"IA{ZMK}{tail}") == f"IB{code}"


def test_a_new_key_can_be_brought_in_by_its_receiver() -> None:
    made = speak(f"IA{ZMK};UU1")
    sent, kept, digits = made[4:37], made[37:70], made[70:]
    assert speak(f"FA{ZMK}{sent};0U1") == f"FB00{kept}{digits}"
    assert speak(f"GC{ZMK}{kept};U01") == f"GD00{sent}{digits}"


# --- in and out ---------------------------------------------------------------------------------------------------------
def test_schemes_follow_the_key_unless_asked_for() -> None:
    out_x = speak(f"GC{ZPK_ZMK}{ZPK};X01")[4:-6]
    out_u = speak(f"GC{ZPK_ZMK}{ZPK}")[4:-16]
    assert (out_x[0], out_u[0]) == ("X", "U")
    for sent in (out_x, out_u):
        assert speak(f"FA{ZPK_ZMK}{sent}") == f"FB00{ZPK}{check_digits(opened(ZPK, pair_of('001')))}"
    assert speak(f"FA{ZPK_ZMK}{out_x};0X1") == "FB26"
    assert speak(f"FA{ZPK_ZMK}{out_x};0Z1") == "FB27"
    assert speak(f"FA{ZPK_ZMK}{out_x};0T1") == "FB27"
    assert speak(f"GC{ZPK_ZMK}{ZPK};Z01") == "GD27"


def test_a_zpk_of_even_parity_comes_with_advice() -> None:
    even = "X" + "7BC09407A015F72FC59C32147D2AAE57"
    assert speak(f"FAUE13D662B185F5F3B08594F89F1FF903A{even};001").startswith("FB01U0B7C6F68A38FA3C2CB42C2991576A986")


def test_a_zero_key_is_refused() -> None:
    from psec import des

    zero = des.encrypt_tdes_ecb(CLEAR_ZMK, bytes(8)).hex().upper()
    assert speak(f"FA{ZMK}{zero}") == "FB11"


def test_flags_choose_the_key_type() -> None:
    made = speak(f"FI1{ZMK};UU1")
    sent, kept = made[4:37], made[37:70]
    assert speak(f"FK1{ZMK}{sent};UU1")[4:37] == kept
    assert speak(f"FK0{ZMK}{sent};UU1")[4:37] != kept
    assert speak(f"FM0{ZMK}{kept}") == "FN11"
    assert speak(f"FM2{ZMK}{kept}") == "FN15"


@pytest.mark.parametrize(
    ("activities", "request_text", "code"),
    [
        ("export.008", f"GC{ZPK_ZMK}{ZPK}", "17"),
        ("export.001", f"GC{ZPK_ZMK}{ZPK}", "00"),
        ("export.008", f"FM0{ZMK}U913248D2781448EB99849CFFE39768AD", "17"),
        ("export.00A", f"FM0{ZMK}U913248D2781448EB99849CFFE39768AD", "00"),
        ("", f"FK0{ZMK}X2C0E3EE7A5EFFA00C3CD721FE6E66B82", "17"),
        ("", f"FA{ZMK}2B930A07119F93A8", "00"),
        ("", f"IA{ZMK}", "00"),
    ],
)
def test_activities(desk: Desk, activities: str, request_text: str, code: str) -> None:
    assert desk(authorise=activities)(request_text)[2:4] == code


# --- settings -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "request_text", "code"),
    [
        ({"trusted-format-only": "yes"}, f"FA{ZMK}2B930A07119F93A8", "26"),
        ({"trusted-format-only": "yes"}, f"GC{ZPK_ZMK}{ZPK}", "26"),
        ({"trusted-format-only": "yes"}, f"IA{ZMK};UU1", "26"),
        ({"x917-import": "no"}, f"FK0{ZMK}X2C0E3EE7A5EFFA00C3CD721FE6E66B82", "26"),
        ({"x917-export": "no"}, f"GC{ZPK_ZMK}{ZPK};X01", "26"),
        ({"x917-export": "no"}, f"GC{ZPK_ZMK}{ZPK};U01", "00"),
        ({"allow-single-des": "no"}, f"IA{ZMK}", "27"),
        ({"allow-single-des": "no"}, f"FA{ZMK}2B930A07119F93A8", "27"),
        ({"atalla-variants": "no"}, f"IA{ZMK}1;UU1", "15"),
        ({"atalla-variants": "yes"}, f"IA{ZMK}1;UU1", "00"),
        ({"atalla-variants": "yes"}, f"IA{ZMK}32;UU1", "15"),
        ({"atalla-variant-match": "yes"}, f"IA{ZMK}2;UU1", "15"),
        ({"atalla-variant-match": "yes"}, f"FI0{ZMK}2;UU1", "00"),
        ({"weaker-kek-allowed": "no"}, f"IA{ZMK};TT1", "27"),
        ({"prevent-single-des-masquerade": "yes"}, f"GC{ZPK_ZMK}{ZPK}", "75"),
    ],
)
def test_settings_are_obeyed(desk: Desk, settings: dict[str, str], request_text: str, code: str) -> None:
    assert desk(settings)(request_text)[2:4] == code


def test_check_values_are_restricted(desk: Desk) -> None:
    restricted = desk({"restrict-kcv": "yes"})
    assert restricted(f"GC{ZPK_ZMK}{ZPK}").endswith("B3E1C80000000000")
    assert restricted(f"GC{ZPK_ZMK}{ZPK};001").endswith("54B3E1C8")


# --- key blocks ---------------------------------------------------------------------------------------------------------
def test_key_blocks_cross_with_their_check_value() -> None:
    came = speak_blocks(f"FA{BLOCK_ZMK}{SENT_BLOCK};001")
    assert (came[:25], came[-6:]) == ("FB00S00072P0TB00N0001" + came[21:25], "4FE9FD")
    assert speak_blocks(f"GC{BLOCK_ZMK}{came[4:77]};001") == "GDAA", "what came in as not exportable stays"
    assert speak_blocks(f"GC{BLOCK_ZMK}{BLOCK_ZPK};001")[-6:] == "4FE9FD"
    as_tr31 = speak_blocks(f"GC{BLOCK_ZMK}{BLOCK_ZPK};R01")
    assert as_tr31.startswith("GD00RB0")
    back = speak_blocks(f"FA{BLOCK_ZMK}{as_tr31[4:-6]};001")
    assert (back[:16], back[-6:]) == ("FB00S00072P0TB00", "4FE9FD")


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        (f"FA{BLOCK_ZMK}2B930A07119F93A8", "A1"),
        (f"FA{BLOCK_ZMK}{SENT_BLOCK};0U1", "26"),
        (f"FA{BLOCK_ZMK}{SENT_BLOCK[:-1]}9", "A4"),
        (f"FA{ZMK}{SENT_BLOCK}", "A4"),
        (f"FC{BLOCK_ZMK}{SENT_BLOCK};001", "00"),
        (f"MI{BLOCK_ZMK}{SENT_BLOCK}", "A6"),
        (f"GC{BLOCK_ZMK}{ZPK}", "A1"),
        (f"GC{BLOCK_ZMK}{BLOCK_ZPK};U01", "AA"),
        (f"GC{BLOCK_ZPK}{BLOCK_ZPK}", "A6"),
        (f"GC{BLOCK_ZMK}{BLOCK_ZPK}%02", "A3"),
        (f"GC{BLOCK_ZMK}{BLOCK_ZPK}%00", "A1"),
    ],
)
def test_key_block_refusals(request_text: str, code: str) -> None:
    assert speak_blocks(request_text)[2:4] == code


def test_a_block_comes_to_a_variant_lmk() -> None:
    """Under the variant LMK the ZMK is the one of the capture, which psec's DES opens as the product's own block."""
    speaker = make_speaker(lmks=("00=test-variant",))
    made = speaker(f"IA{ZMK};SU1")
    block, kept, digits = made[4:77], made[77:110], made[110:]
    assert block.startswith("S0007272TN00E00FF")
    assert check_digits(opened(kept, pair_of("001")))[:6] == digits
    assert speaker(f"FA{ZMK}{block};001") == f"FB00{kept}{digits}"
    assert speaker(f"GC{ZMK}{kept};S01")[-6:] == digits
    assert speaker(f"FK1{ZMK}{block};001") == "FLA6"


def test_new_keys_in_blocks_are_as_long_as_the_key_they_travel_under() -> None:
    zmk = speak_blocks("A00FFFS%02#K0A2B00E00")[4:-6]
    made = speak_blocks(f"IA{zmk};001%02")
    assert made.startswith("IB00S1")
    assert made[10:14] == "72AN"
    length = int(made[6:10])
    assert made[4 + 1 + length :].startswith("S1")
    assert speak_blocks(f"FA{zmk}{made[4 : 5 + length]};001%02")[-6:] == made[-6:]


# --- malformed ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("request_text", REQUESTS)
def test_truncated_at_each_character(request_text: str) -> None:
    for end in range(2, len(request_text)):
        reply = speak(request_text[:end])
        assert reply[:2] == request_text[0] + chr(ord(request_text[1]) + 1)
        assert reply[2:4] != "41"


@given(
    request_text=st.sampled_from(REQUESTS),
    at=st.integers(2, 120),
    put=st.text(st.characters(max_codepoint=255), min_size=0, max_size=3),
)
def test_damaged(request_text: str, at: int, put: str) -> None:
    reply = speak(request_text[:at] + put + request_text[at + 1 :])
    assert reply[:2] == request_text[0] + chr(ord(request_text[1]) + 1)
    assert len(reply) >= 4
    assert reply[2:4] != "41"


def test_all_commands_have_witnesses_or_tests_of_their_own() -> None:
    assert {e.command for e in exchanges(VECTORS)} | {"AS", "BI", "FG", "FI", "HA", "HC", "IA"} >= MINE
