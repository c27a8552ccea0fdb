"""The extensions for data under transport keys and for bound keys: off, on, and where they let nothing through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des, tr31
from support.eracom import make_eracom, spec

from hsm.audit.record import UNKNOWN_COMMAND

KEYS = {
    "35:1": "0123456789ABCDEFFEDCBA9876543210",
    "35:2": "89ABCDEF012345673223456789ABCDEF",
    "35:3": "0123456789ABCDEF",
    "05:1": "2315208C9110AD402315208C9110AD43",
    "36:1": "1111111111111111ABABABABABABABAB",
    "36:2": "2525252525252525ABABABABABABABAB",
    "00:1": "7676767676767676ABABABABABABABAB",
    "00:2": "8989898989898989ABABABABABABABAB",
    "37:1": "C8C8C8C8C8C8C8C8ABABABABABABABAB",
}
ON = {"translate-data-extension": "yes"}
CARDS = ON | {"translate-to-card-keys": "yes"}
ASK = make_eracom(ON, KEYS)
ZERO = "00" * 8
UNSAID = {"35:1": "020001", "35:2": "020002", "35:3": "020003"}


def key(place: str) -> str:
    """The specifier of the stored key at *place*: that of a KTK need not say what it is."""
    return UNSAID.get(place) or spec(f"08{place[:2]}02000{place[-1]}")


def under(clear_key: str, mode: str, iv: bytes, data: bytes) -> str:
    secret = bytes.fromhex(clear_key)
    made = des.encrypt_tdes_ecb(secret, data) if mode == "00" else des.encrypt_tdes_cbc(secret, iv, data)
    return made.hex().upper()


def test_off_it_is_unknown() -> None:
    ask = make_eracom(stored=KEYS)
    body = f"{key('35:1')} 00 {ZERO} {key('35:2')} 00 {ZERO} 08{ZERO}"
    assert ask(f"EEF001 00 {body}") == "EEF00102"
    assert ask(f"EEF002 00 {key('35:1')} 35 44 4E") == "EEF00202"
    assert ask("EEF00F 00") == "EEF00F02"
    assert ask.speaker.entries[-1].command == UNKNOWN_COMMAND


BLOCKS = st.integers(1, 8).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
VECTORS = st.binary(min_size=8, max_size=8)
MODES = st.sampled_from(["00", "01"])
ALIKE = [("35:1", "35:2"), ("35:1", "05:1"), ("05:1", "35:2"), ("05:1", "05:1"), ("36:1", "36:2"), ("00:1", "00:2")]


@pytest.mark.parametrize(("source", "destination"), ALIKE)
@given(MODES, VECTORS, MODES, VECTORS, BLOCKS)
def test_between_keys_of_one_kind(
    source: str, destination: str, mode: str, iv: bytes, to_mode: str, to_iv: bytes, data: bytes
) -> None:
    came = under(KEYS[source], mode, iv, data)
    goes = under(KEYS[destination], to_mode, to_iv, data)
    reply = ASK(f"EEF001 00 {key(source)} {mode} {iv.hex()} {key(destination)} {to_mode} {to_iv.hex()} {spec(came)}")
    chaining = to_iv.hex().upper() if to_mode == "00" else goes[-16:]
    assert reply == f"EEF00100{chaining}{spec(goes)}"


CONTENT = {"35": "keys", "05": "keys", "36": "PINs", "00": "data"}
UNLIKE = [(a, b) for a in ("35:1", "05:1", "36:1", "00:1") for b in ("35:2", "05:1", "36:2", "00:2")]


@pytest.mark.parametrize(("source", "destination"), [p for p in UNLIKE if CONTENT[p[0][:2]] != CONTENT[p[1][:2]]])
def test_never_to_a_key_for_something_else(source: str, destination: str) -> None:
    for ask in (ASK, make_eracom(CARDS, KEYS)):
        assert ask(f"EEF001 00 {key(source)} 00 {ZERO} {key(destination)} 00 {ZERO} 08{ZERO}") == "EEF0019F"


CARD = spec("50" + "020001" + "5A" * 16 + "01")
SESSION = spec("51" + "020001" + "5A" * 16 + "01" + "C3" * 16 + "01")


@pytest.mark.parametrize("source", ["35:1", "05:1", "36:1", "00:1"])
@given(MODES, VECTORS, BLOCKS)
def test_to_a_card(source: str, mode: str, iv: bytes, data: bytes) -> None:
    """Without parity, which DES does not look at, card and session keys are plain encipherments."""
    card = des.encrypt_tdes_ecb(bytes.fromhex(KEYS["37:1"]), b"\x5a" * 16)
    session = des.encrypt_tdes_cbc(card, bytes(8), b"\xc3" * 16)
    came = under(KEYS[source], "00", b"", data)
    for specifier, clear in ((CARD, card), (SESSION, session)):
        reply = TO_CARDS(f"EEF001 00 {key(source)} 00 {ZERO} {specifier} {mode} {iv.hex()} {spec(came)}")
        assert reply[24:] == spec(under(clear.hex(), mode, iv, data))


TO_CARDS = make_eracom(CARDS, KEYS)


def test_what_went_to_a_card_is_not_laid_open() -> None:
    moved = TO_CARDS(f"EEF001 00 {key('36:1')} 00 {ZERO} {SESSION} 00 {ZERO} 08{ZERO}")[24:]
    assert TO_CARDS(f"EE0801 00 {SESSION} 00 {ZERO} {moved}") == "EE080123"
    assert TO_CARDS(f"EEF001 00 {SESSION} 00 {ZERO} {key('00:1')} 00 {ZERO} {moved}") == "EEF0019F"
    assert TO_CARDS(f"EEF001 00 {SESSION} 00 {ZERO} {CARD} 00 {ZERO} {moved}") == "EEF0019F"


GOOD = f"{key('35:1')} 01 {ZERO} {key('35:2')} 01 {ZERO}"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"00 {GOOD} 00", "03"),
        (f"00 {GOOD} 07{ZERO[2:]}", "03"),
        (f"00 {GOOD} 08{ZERO}00", "03"),
        (f"00 {GOOD} C0FDF0{'00' * 65_008}", "03"),
        (f"01 {GOOD} 08{ZERO}", "24"),
        (f"00 {GOOD.replace(' 01 ', ' 02 ')} 08{ZERO}", "04"),
        (f"00 {key('35:1')} 00 {ZERO} 020009 00 {ZERO} 08{ZERO}", "0A"),
        (f"00 {key('35:1')} 00 {ZERO} 050801020001 00 {ZERO} 08{ZERO}", "19"),
        (f"00 {key('35:1')} 00 {ZERO} {CARD} 00 {ZERO} 08{ZERO}", "02"),  # the other setting is off
        (f"00 {CARD} 00 {ZERO} {key('00:1')} 00 {ZERO} 08{ZERO}", "9F"),
    ],
)
def test_refused(body: str, code: str) -> None:
    assert ASK("EEF001" + body) == "EEF001" + code


def test_not_to_a_weaker_key_unless_that_is_allowed() -> None:
    body = f"00 {key('35:1')} 00 {ZERO} {key('35:3')} 00 {ZERO} 08{ZERO}"
    assert ASK("EEF001" + body)[:8] == "EEF00100"
    assert make_eracom(ON | {"weaker-kek-allowed": "no"}, KEYS)("EEF001" + body) == "EEF00128"


def test_it_is_audited_and_the_data_are_not_told() -> None:
    ask = make_eracom(ON, KEYS)
    data = "ABCDEF0123456789"
    ask(f"EEF001 00 {GOOD} 08{data}")
    ask(f"EEF001 00 {key('36:1')} 00 {ZERO} {key('00:1')} 00 {ZERO} 08{data}")
    assert [(e.command, e.outcome, e.category.value) for e in ask.speaker.entries] == [
        ("EEF001", "00", "key"),
        ("EEF001", "9F", "key"),
    ]
    assert data not in str(ask.speaker.entries)


KM = bytes.fromhex("22222222222222226666666666666666")
"""The published KM test-2266."""


def bind(specifier: str, key_type: str, mode: str, exportability: str = "N") -> str:
    return ASK(f"EEF002 00 {specifier} {key_type} {mode.encode().hex()} {exportability.encode().hex()}")


def bound(specifier: str, key_type: str, mode: str, exportability: str = "N") -> str:
    """The new specifier, its count included."""
    reply = bind(specifier, key_type, mode, exportability)
    assert reply[:8] == "EEF00200"
    return reply[8:-6]


@pytest.mark.parametrize(
    ("place", "usage", "mode"),
    [("35:1", "K0", "D"), ("35:1", "K0", "E"), ("36:1", "P0", "D"), ("00:1", "D0", "D"), ("00:1", "D0", "B")],
)
@pytest.mark.parametrize("exportability", ["E", "N"])
def test_a_bound_key_is_a_block_that_says_so(place: str, usage: str, mode: str, exportability: str) -> None:
    block = bytes.fromhex(bound(key(place), place[:2], mode, exportability))[3:].decode()
    header, clear = tr31.unwrap(KM, block)
    assert clear.hex().upper() == KEYS[place]
    told = (header.key_usage, header.algorithm, header.mode_of_use, header.exportability)
    assert told == (usage, "T", mode, exportability)


def test_the_check_value_is_the_keys() -> None:
    assert (
        bind(key("35:1"), "35", "D")[-6:]
        == des.encrypt_tdes_ecb(bytes.fromhex(KEYS["35:1"]), bytes(8))[:3].hex().upper()
    )


def test_a_key_bound_to_decipherment_is_a_source_and_no_destination() -> None:
    source = bound(key("35:1"), "35", "D")
    block = under(KEYS["35:1"], "00", b"", bytes(8))
    moved = under(KEYS["35:2"], "00", b"", bytes(8))
    assert ASK(f"EEF001 00 {source} 00 {ZERO} {key('35:2')} 00 {ZERO} 08{block}")[24:] == "08" + moved
    assert ASK(f"EEF001 00 {key('35:2')} 00 {ZERO} {source} 00 {ZERO} 08{block}") == "EEF00195"
    data_key = bound(key("00:1"), "00", "D")
    assert ASK(f"EE0801 00 {data_key} 00 {ZERO} 08{block}")[:8] == "EE080100"
    assert ASK(f"EE0800 00 {data_key} 00 {ZERO} 08{block}") == "EE080095"


def test_a_key_bound_to_the_appliance_is_not_exported() -> None:
    ask = make_eracom(ON, KEYS | {"03:1": "0123456789ABCDEFFEDCBA9876543210"})
    for exportability, code in (("E", "00"), ("N", "97")):
        specifier = bound(key("35:1"), "35", "D", exportability)
        assert ask(f"EE0201 00 020001 35 00 {specifier}")[6:8] == code


@pytest.mark.parametrize(
    ("place", "mode", "exportability", "code"),
    [
        ("35:1", "X", "N", "95"),
        ("35:1", "N", "N", "95"),
        ("35:1", "D", "S", "97"),
        ("35:1", "D", "?", "97"),
        ("35:9", "D", "N", "0A"),
    ],
)
def test_nothing_more_than_the_key_may(place: str, mode: str, exportability: str, code: str) -> None:
    assert bind(UNSAID.get(place, "020009"), "35", mode, exportability) == "EEF002" + code


def test_a_bound_key_is_bound_only_more_narrowly() -> None:
    once = bound(key("35:1"), "35", "B", "N")
    assert bind(once, "35", "D", "E") == "EEF00297"
    assert bind(bound(once, "35", "D", "N"), "35", "E", "N") == "EEF00295"
