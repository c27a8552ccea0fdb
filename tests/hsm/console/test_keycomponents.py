"""GC GS EC FK as transcripts.

Witnesses: a published EC (ThalesSim discussion archive), a published A4 exchange (ThalesSim HostCommandTests) and a
captured one (ut-codec-payshield), entered as FK would have them; all else is opened by psec with the published LMK pairs.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import des
from support import opened
from support.appliances import make_speaker
from support.partner import des_key
from support.playbook import Operator, told

from hsm.console import keycomponents  # noqa: F401  # declares the commands
from hsm.console.dialogue import CLEAR_SCREEN
from hsm.keys.usage import KEY_TYPES
from hsm.policy.position import Position
from hsm.state import TamperCause

KINDS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
C1 = "0B2A4C6E8091B3D5F70804152A37497A"
C2 = "1C3D5E7F8091A2B3C4D5E6F707182938"
C3 = "FEDCBA98765432100123456789ABCDEF"
OF_KIND = {
    "00": ("2", "001", "U"),
    "01": ("2", "", "72", "", "", ""),
    "02": ("AES", "1", "", "72", "", "", ""),
}
"""What FK and GS are told of a key of 16 bytes, by LMK."""
COMPONENT_OF_KIND = {
    "00": ("2", "001", "U"),
    "01": ("2", "", "72", "", "", "1"),
    "02": ("AES", "1", "", "72", "", "", "1"),
}


def xor(*components: str) -> bytes:
    total = 0
    for component in components:
        total ^= int(component, 16)
    return total.to_bytes(len(components[0]) // 2, "big")


def odd(key: bytes) -> bytes:
    return bytes(des.adjust_key_parity(key))


def operator(settings: dict[str, str] | None = None, authorise: str = "all", profile: str = "legacy") -> Operator:
    return Operator(make_speaker(settings, KINDS, authorise, profile=profile))


def clear_of(token: str, code: str = "001") -> bytes:
    return opened.opened(token, opened.pair_of(code))


# --- GC ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("length", "scheme", "key_bytes"), [("1", "Z", 8), ("2", "U", 16), ("3", "T", 24)])
def test_gc_shows_a_component_once(length: str, scheme: str, key_bytes: int) -> None:
    at = operator()
    first = at.types("GC", "00", length, "001", scheme)
    clear = bytes.fromhex(told(first, "Clear component"))
    assert len(clear) == key_bytes
    assert opened.is_odd(clear)
    rest = at.types("")
    assert rest.startswith(CLEAR_SCREEN)
    assert clear_of(told(rest, "Encrypted component")) == clear
    assert told(rest, "Key check value") == opened.check_digits(clear)[:6]
    assert at.outcome() == "00"
    assert told(at.types("GC", "00", length, "001", scheme), "Clear component") != told(first, "Clear component")


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_gc_under_a_key_block_lmk(lmk_id: str) -> None:
    at = operator()
    first = at.types("GC", lmk_id, *COMPONENT_OF_KIND[lmk_id][:-1], "7")
    token = told(at.types(""), "Encrypted component")
    assert token[6:13] == ("72TNc7E" if lmk_id == "01" else "72ANc7E")
    key = at.desk.hsm(lmk_id).typed(token, None)
    assert key.reveal() == bytes.fromhex(told(first, "Clear component"))


def test_gc_given_up_gives_nothing() -> None:
    at = operator()
    at.types("GC", "00", "2", "001", "U")
    screen = at.shell.interrupt()
    assert "Encrypted" not in screen.text
    assert at.outcome() == "GU"


# --- EC ----------------------------------------------------------------------------------------------------------
def test_ec_as_published() -> None:
    """v128 of the archive: type 000, scheme U, component 09 x16; its parity is made odd first."""
    at = operator()
    shown = at.types("EC", "00", "000", "U", "09" * 16, "Y")
    assert "has been made odd" in shown
    assert told(shown, "Encrypted component") == "U0A26760BD07871026B6702C5F9BA25B3"
    assert told(shown, "Key check value") == told(shown, "Check value") == "D6A875"


def test_ec_asks_again_for_a_mistyped_component() -> None:
    at = operator()
    shown = at.types("EC", "", "001", "U", C1, "N", "12", C2[:4] + " " + C2[4:], "Y")
    assert "32 hexadecimal digits" in shown
    assert clear_of(told(shown, "Encrypted component")) == odd(bytes.fromhex(C2))
    assert "given up" in at.types("EC", "", "001", "U", C1, "N", C1, "N", C1, "N")
    assert at.outcome() == "NO"


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_ec_under_a_key_block_lmk(lmk_id: str) -> None:
    at = operator()
    token = told(at.types("EC", lmk_id, *COMPONENT_OF_KIND[lmk_id], C3, "Y"), "Encrypted component")
    assert at.desk.hsm(lmk_id).typed(token, None).reveal() == bytes.fromhex(C3)


def test_ec_refuses_what_is_no_component() -> None:
    assert "all zero" in operator().types("EC", "00", "001", "U", "01" * 16)
    single = operator({"allow-single-des": "no"})
    assert "length" in single.types("EC", "00", "001", "Z", "0123456789ABCDEF", "Y")
    assert single.outcome() == "NO"


# --- FK ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lmk_id", ["00", "01", "02"])
def test_fk_of_typed_components(lmk_id: str) -> None:
    at = operator()
    shown = at.types("FK", lmk_id, *OF_KIND[lmk_id], "X", "3", C1, "Y", C2, "Y", C3, "Y", "Y")
    expected = xor(C1, C2, C3) if lmk_id == "02" else odd(xor(C1, C2, C3))
    key = at.desk.hsm(lmk_id).typed(told(shown, "Encrypted key"), KEY_TYPES["001"] if lmk_id == "00" else None)
    assert key.reveal() == expected
    if lmk_id != "02":
        assert re.findall("Check value: (.{6})", shown) == [
            opened.check_digits(bytes.fromhex(each))[:6] for each in (C1, C2, C3)
        ]
        assert told(shown, "Key check value") == opened.check_digits(expected)[:6]
    if lmk_id == "00":
        assert clear_of(told(shown, "Encrypted key")) == expected
    assert at.outcome() == "00"


@pytest.mark.parametrize("count", [2, 9])
def test_fk_takes_two_to_nine(count: int) -> None:
    components = [des_key(f"component {place}").hex() for place in range(count)]
    answers = [each for component in components for each in (component, "Y")]
    shown = operator().types("FK", "00", "2", "001", "U", "X", str(count), *answers, "Y")
    assert clear_of(told(shown, "Encrypted key")) == odd(xor(*components))


@pytest.mark.parametrize("code", sorted(code for code, row in KEY_TYPES.items() if row.des_bytes and row.odd_parity))
def test_fk_forms_keys_of_every_type(code: str) -> None:
    at = operator()
    shown = at.types("FK", "00", "2", code, "U", "X", "2", C1, "Y", C2, "Y", "Y")
    assert at.desk.hsm("00").typed(told(shown, "Encrypted key"), KEY_TYPES[code]).reveal() == odd(xor(C1, C2))


@pytest.mark.parametrize(("length", "scheme", "parts"), [("2", "U", 2), ("3", "T", 3)])
def test_fk_of_halves_and_thirds(length: str, scheme: str, parts: int) -> None:
    pieces = [C1[:16], C2[:16], C3[:16]][:parts]
    answers = [each for piece in pieces for each in (piece, "Y")]
    at = operator()
    shown = at.types("FK", "00", length, "001", scheme, "H", *answers, "Y")
    assert ("half 2" in shown) is (parts == 2)
    assert clear_of(told(shown, "Encrypted key")) == odd(bytes.fromhex("".join(pieces)))


def test_fk_of_components_under_the_lmk_as_published() -> None:
    """The witnessed A43002Z..., component by component."""
    tokens = ("3B723AF4CF00A7A6", "954111D254A90D17", "EAAF49979FA95742")
    answers = [each for token in tokens for each in (token, "Y")]
    shown = operator().types("FK", "00", "1", "002", "Z", "E", "3", *answers, "Y")
    assert told(shown, "Encrypted key") == "FE018240022A76DC"
    assert told(shown, "Key check value") == "A192FE"


CAPTURED = (
    "S0007252TBc1E0001C9ED3207A1A79BCA1CAB8C05FEC9429E2232067D1F9E908F15E9DCA7",
    "S0007252TBc2E000125276E9C8BC0FA0F70109274FAB9647EF89A189C019465182A345009",
)
BLOCK_SORT = ("2", "S", "52", "B", "00", "E")


def test_fk_of_captured_key_block_components() -> None:
    """The key is random in its padding, so the captured one and ours are opened and compared."""
    at = operator()
    shown = at.types("FK", "01", *BLOCK_SORT, "E", "2", CAPTURED[0], "Y", "s" + CAPTURED[1][1:], "Y", "Y")
    assert told(shown, "Key check value") == "2AE082"
    key = at.desk.hsm("01").typed(told(shown, "Encrypted key"), None)
    theirs = "S0007252TB00E0001D4B4A265C5273F353729F153FC1C2ADA23DF2D94C76A5EF30466CBAB"
    assert key.reveal() == at.desk.hsm("01").typed(theirs, None).reveal()
    assert told(shown, "Encrypted key")[:17] == theirs[:17]


def test_fk_refuses_key_block_components_that_do_not_belong_together() -> None:
    twice = operator()
    assert "belong together" in twice.types("FK", "01", *BLOCK_SORT, "E", "2", CAPTURED[0], "Y", CAPTURED[0], "Y")
    other = operator()
    sort = ("2", "S", "K0", "B", "00", "E")
    assert "belong together" in other.types("FK", "01", *sort, "E", "2", CAPTURED[0], "Y", CAPTURED[1], "Y")
    assert (twice.outcome(), other.outcome()) == ("NO", "NO")


def test_fk_refuses_key_block_components_of_another_length() -> None:
    at = operator()
    longer = [
        told(at.types("EC", "01", "3", "S", "52", "B", "E", place, component, "Y"), "Encrypted component")
        for place, component in (("1", C1 + C2[:16]), ("2", C2 + C3[:16]))
    ]
    shown = at.types("FK", "01", *BLOCK_SORT, "E", "2", longer[0], "Y", longer[1], "Y")
    assert "lengths do not go together" in shown
    assert "Key check value" in at.types("FK", "01", "3", *BLOCK_SORT[1:], "E", "2", longer[0], "Y", longer[1], "Y")


def test_fk_stops_where_a_check_value_is_not_confirmed() -> None:
    for answers in (("E", "1", "3B723AF4CF00A7A6", "N"), ("X", "2", C1[:16], "Y", C2[:16], "Y", "N")):
        at = operator()
        shown = at.types("FK", "00", "1", "002", "Z", *answers)
        assert "no key has been formed" in shown
        assert "Encrypted key" not in shown
        assert at.outcome() == "NO"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (("2", "001", "U", "X", "2", C1, "Y", C1, "Y"), "all zero"),
        (("2", "001", "U", "X", "1", "FEFEFEFEFEFEFEFE" + C1[:16], "Y"), "weak DES key"),
        (("2", "001", "U", "X", "2", "00" * 16), "all zero"),
        (("2", "001", "T"), "lengths do not go together"),
        (("2", "001", "Z"), "lengths do not go together"),
        (("3", "009", "T"), "lengths do not go together"),
        (("2", "001", "Q", "S", "W"), "given up"),
        (("2", "10C", "ABC", "1"), "given up"),
        (("4", "0", ""), "given up"),
        (("2", "001", "X", "Y", ""), "given up"),
        (("1", "001", "Z", "H"), "lengths"),
        (("1", "002", "Z", "E", "2", "0123456789ABCDEF"), "odd parity"),
        (("2", "001", "U", "E", "2", "3B723AF4CF00A7A6", "Y", "3B723AF4CF00A7A6", "Y"), "odd parity"),
        (("2", "001", "U", "E", "2", CAPTURED[0]), "together"),
    ],
)
def test_fk_refuses(answers: tuple[str, ...], words: str) -> None:
    at = operator({"x917-export": "no"})
    shown = at.types("FK", "00", *answers)
    assert words in shown
    assert "Encrypted key" not in shown
    assert at.outcome() == "NO"


def test_s9_equal_components() -> None:
    answers = ("FK", "00", "2", "001", "U", "X", "3", C1, "Y", C1, "Y", C2, "Y", "Y")
    assert clear_of(told(operator().types(*answers), "Encrypted key")) == odd(bytes.fromhex(C2))
    strict = operator({"distinct-components": "yes"})
    assert "Two components are equal" in strict.types(*answers[:-1])
    assert strict.outcome() == "NO"


def test_s9_one_component_and_pieces_of_a_key() -> None:
    one = ("FK", "00", "2", "001", "U", "X", "1", C1, "Y", "Y")
    assert clear_of(told(operator().types(*one), "Encrypted key")) == odd(bytes.fromhex(C1))
    strict = {"enforce-multiple-components": "yes"}
    assert "a number from 2 to 9" in operator(strict).types(*one[:7])
    assert "one of X, E, S" in operator(strict).types("FK", "00", "2", "001", "U", "H")
    shown = operator(strict).types("FK", "00", "2", "001", "U", "X", "2", C1, "Y", C2, "Y", "Y")
    assert clear_of(told(shown, "Encrypted key")) == odd(xor(C1, C2))


# --- who may -----------------------------------------------------------------------------------------------------
QUESTIONS = {
    "GC": ("00", "2", "001", "U"),
    "EC": ("00", "001", "U"),
    "GS": ("00", "2", "2", "001", "U"),
    "FK": ("00", "2", "001", "U"),
}


@pytest.mark.parametrize("command", sorted(QUESTIONS))
def test_components_need_their_activity(command: str) -> None:
    for granted, allowed in (
        ("", False),
        ("component.000", False),
        ("component.001.host", False),
        ("generate,import,export", False),
        ("component.001.console", True),
        ("component", True),
    ):
        at = operator(authorise=granted)
        shown = at.types(command, *QUESTIONS[command])
        assert ("authorised state" in shown) is not allowed, granted
        assert (at.speaker.entries == () or at.outcome() == "NO") is True


@pytest.mark.parametrize("command", sorted(QUESTIONS))
def test_components_need_their_lmk_and_nothing_behind_the_name(command: str) -> None:
    at = operator()
    assert "No LMK is loaded" in at.types(command, "07")
    assert "nothing behind its name" in at.types(f"{command} 00")


def test_authority_that_ends_in_the_middle_ends_the_command() -> None:
    at = operator()
    at.types("EC", "00", "001", "U", C1)
    at.appliance.authorise(at.appliance.authority.without())
    shown = at.types("Y")
    assert "authorised state" in shown
    assert "Encrypted" not in shown


def test_an_lmk_that_goes_in_the_middle_ends_the_command() -> None:
    at = operator()
    at.types("EC", "00", "001", "U", C1)
    at.appliance.tamper(TamperCause.SIGNAL)
    assert "No LMK is loaded" in at.types("Y")


def test_they_run_in_any_state() -> None:
    for position in Position:
        at = Operator(make_speaker(), position)
        assert "Encrypted key" in at.types("FK", "00", "2", "001", "U", "X", "2", C1, "Y", C2, "Y", "Y")


def test_hosts_use_what_was_formed() -> None:
    at = operator()
    formed = told(at.types("FK", "00", "2", "000", "U", "X", "2", C1, "Y", C2, "Y", "Y"), "Encrypted key")
    at.appliance.move(Position.ONLINE)
    assert at.speaker(f"IA{formed}")[:4] == "IB00"


# --- whatever is typed -------------------------------------------------------------------------------------------
WORDS = "00 01 02 1 2 3 001 000 72 U T Z S X H E Y N B AES K001 c1 10000000 12345"
ANSWERS = st.sampled_from(
    [*WORDS.split(), "", C1, C2, C1[:16], "00" * 16, *CAPTURED, "U" + C1, "\u00e9", "9" * 200, "0" * 300]
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(QUESTIONS)), st.integers(0, 2), st.lists(ANSWERS | st.text(max_size=12), max_size=14))
def test_no_answers_break_it(command: str, lmk: int, answers: list[str]) -> None:
    at = operator()
    at.types(command, f"0{lmk}", *answers)
    at.shell.hang_up("dropped")
    assert {entry.outcome for entry in at.speaker.entries} <= {"00", "NO", "GU"}
    with at.ceremonies.held("another line"):
        pass
