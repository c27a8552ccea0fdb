"""KG IK KE CK as transcripts.

Witnesses: the A6, A8 and BU exchanges of ThalesSim HostCommandTests, and a captured A8 (ut-codec-payshield), entered as the
console asks for them; psec opens the rest under a ZMK that is known in the clear.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import tr31
from support import opened
from support.appliances import make_speaker
from support.partner import aes_key, check_digits, des_key, lmk_block_3des, lmk_block_aes, part_by_part
from support.playbook import Operator, told

from hsm.console import keytransport  # noqa: F401  # declares the commands
from hsm.keys.usage import KEY_TYPES
from hsm.policy.position import Position

KINDS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
CLEAR_ZMK = des_key("zmk", 24)
ZMK = part_by_part(CLEAR_ZMK, opened.pair_of("000"), "T")
ZMK_CHECK = check_digits(CLEAR_ZMK, "T")
CLEAR_ZPK = des_key("zpk")
ZPK = part_by_part(CLEAR_ZPK, opened.pair_of("001"), "U")
MOVING = part_by_part(CLEAR_ZPK, CLEAR_ZMK, "U")
ZMK_IN_BLOCK = {
    "01": lmk_block_3des("K0TN00E0001", CLEAR_ZMK),
    "02": lmk_block_aes("K0AN00E0002", aes_key("zmk", 32)),
}


def operator(settings: dict[str, str] | None = None, authorise: str = "all") -> Operator:
    return Operator(make_speaker(settings, KINDS, authorise))


def clear_of(token: str, code: str = "001") -> bytes:
    return opened.opened(token, opened.pair_of(code))


# --- KG ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("length", "scheme", "key_bytes"), [("1", "Z", 8), ("2", "U", 16), ("3", "T", 24)])
def test_kg_makes_a_key(length: str, scheme: str, key_bytes: int) -> None:
    at = operator()
    shown = at.types("KG", "00", length, "001", scheme, "")
    key = clear_of(told(shown, "Key under LMK"))
    assert len(key) == key_bytes
    assert opened.is_odd(key)
    assert told(shown, "Key check value") == opened.check_digits(key)[:6]
    assert "transmission" not in shown
    assert at.outcome() == "00"


def test_kg_makes_an_untagged_key_where_its_type_says_the_length() -> None:
    assert len(clear_of(told(operator().types("KG", "00", "2", "402", "0", ""), "Key under LMK"), "402")) == 16


@pytest.mark.parametrize("scheme", ["U", "X"])
@pytest.mark.parametrize("check", ["", ZMK_CHECK, ZMK_CHECK.lower(), ZMK_CHECK + "0" * 10])
def test_kg_gives_it_out_under_a_zmk(scheme: str, check: str) -> None:
    shown = operator().types("KG", "00", "2", "001", "U", scheme, ZMK, check, "")
    assert part_by_part(clear_of(told(shown, "Key under LMK")), CLEAR_ZMK, scheme) == told(
        shown, "Key encrypted for transmission"
    )


def test_kg_gives_it_out_under_a_variant_of_the_zmk() -> None:
    """Atalla variant 1 puts 08 into the first byte of each part (vectors v013 of the same source)."""
    shown = operator().types("KG", "00", "2", "001", "U", "U", ZMK, "", "1")
    varied = b"".join(bytes((CLEAR_ZMK[at] ^ 8,)) + CLEAR_ZMK[at + 1 : at + 8] for at in (0, 8, 16))
    assert part_by_part(clear_of(told(shown, "Key under LMK")), varied, "U") == told(
        shown, "Key encrypted for transmission"
    )
    none = operator({"atalla-variants": "no"})
    assert "Key check value" in none.types("KG", "00", "2", "001", "U", "U", ZMK, "")


@pytest.mark.parametrize("lmk_id", ["01", "02"])
@pytest.mark.parametrize("scheme", ["S", "R"])
def test_kg_under_a_key_block_lmk(lmk_id: str, scheme: str) -> None:
    at = operator()
    sort = ("2",) if lmk_id == "01" else ("", "1")
    shown = at.types("KG", lmk_id, *sort, "", "P0", "B", "07", "S", scheme, ZMK_IN_BLOCK[lmk_id], "", "")
    token, sent = told(shown, "Key under LMK"), told(shown, "Key encrypted for transmission")
    key = at.desk.hsm(lmk_id).typed(token, None)
    letter = "T" if lmk_id == "01" else "A"
    assert token[6:13] == f"P0{letter}B07S"
    assert told(shown, "Key check value") == check_digits(key.reveal(), letter)
    if scheme == "R":
        header, clear = tr31.unwrap(CLEAR_ZMK if lmk_id == "01" else aes_key("zmk", 32), sent[1:])
        assert clear == key.reveal()
        assert (header.key_usage, header.mode_of_use, header.version_num, header.exportability) == (
            "P0",
            "B",
            "07",
            "S",
        )


def test_kg_refuses_the_wrong_zmk() -> None:
    at = operator()
    assert "not that of this ZMK" in at.types("KG", "00", "2", "001", "U", "U", ZMK, "000000")
    assert "odd parity" in at.types("KG", "00", "2", "001", "U", "U", ZPK, ZMK_CHECK)
    assert "given up" in at.types("KG", "00", "2", "001", "U", "U", ZMK, "0", "00", "xyz")
    weak = part_by_part(des_key("weak", 8), opened.pair_of("000"), "Z")
    strict = operator({"weaker-kek-allowed": "no"})
    assert "lengths" in strict.types("KG", "00", "2", "001", "U", "U", weak, "", "")
    assert "Key under LMK" not in strict.screen.text


# --- IK ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answers", "key", "check"),
    [
        (("002", "Z", "4ED06495741C280C", "", "35ED0C0EA7F7D0FA"), "0406FBB23A5214DF", "0035BB"),
        (
            ("001", "U", "U71979DEB8587E2734F1E99D5DCAEF9AC", "1", "X8E80C547F2A1324B84763B0EE32B73AD"),
            "U1EF828AA8F6B80EB83E19FBC373F3A85",
            "6F1E3F",
        ),
    ],
    ids=["v009", "v013"],
)
def test_ik_as_published(answers: tuple[str, ...], key: str, check: str) -> None:
    at = operator()
    shown = at.types("IK", "00", *answers)
    assert (told(shown, "Key under LMK"), told(shown, "Key check value")) == (key, check)
    assert at.outcome() == "00"


def test_ik_makes_parity_odd_and_says_so() -> None:
    even = bytes(byte ^ 1 for byte in CLEAR_ZPK)
    shown = operator().types("IK", "00", "001", "U", ZMK, "", part_by_part(even, CLEAR_ZMK, "U"))
    assert "has been made odd" in shown
    assert told(shown, "Key under LMK") == ZPK


def test_ik_of_a_loose_key_under_a_key_block_lmk_asks_what_it_is_for() -> None:
    at = operator()
    shown = at.types("IK", "01", "", ZMK_IN_BLOCK["01"], "", MOVING, "72", "B", "", "N")
    assert told(shown, "Key under LMK")[6:13] == "72TB00N"
    assert at.desk.hsm("01").typed(told(shown, "Key under LMK"), None).reveal() == CLEAR_ZPK


@pytest.mark.parametrize("lmk_id", ["01", "02"])
@pytest.mark.parametrize(("answer", "exportability"), [("", "E"), ("N", "N")])
def test_ik_of_a_block_keeps_what_the_block_says(lmk_id: str, answer: str, exportability: str) -> None:
    at = operator()
    kek, key = (CLEAR_ZMK, CLEAR_ZPK) if lmk_id == "01" else (aes_key("zmk", 32), aes_key("zpk"))
    letter, version = ("T", "B") if lmk_id == "01" else ("A", "D")
    block = "R" + tr31.wrap(kek, tr31.Header(version, "P0", letter, "E", "00", "E"), key)
    shown = at.types("IK", lmk_id, "", ZMK_IN_BLOCK[lmk_id], "", block, answer)
    assert told(shown, "Key under LMK")[6:13] == f"P0{letter}E00{exportability}"
    assert at.desk.hsm(lmk_id).typed(told(shown, "Key under LMK"), None).reveal() == key
    damaged = block[:-1] + ("1" if block[-1] == "0" else "0")
    assert "authenticator" in at.types("IK", lmk_id, "", ZMK_IN_BLOCK[lmk_id], "", damaged, answer)


# --- KE ----------------------------------------------------------------------------------------------------------
def test_ke_as_published() -> None:
    shown = operator().types(
        "KE", "00", "002", "U", "U1457FF6ADF6250C66C368416B4C9D383", "", "U8463435FC4B4DAA0C49025272C29B12C"
    )
    assert told(shown, "Key under ZMK") == "U2C62A23D001B97412950CD8BE66C7639"
    assert told(shown, "Key check value") == "070753"


def test_ke_as_captured() -> None:
    """The padding of a block is random, so that header and length are the capture's and the key is opened again."""
    zmk = "S00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A"
    key = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"
    captured = "S00072P0TB00N00FFE1D89671C973C7F0DAF91CB2EBF37949D811004295CF66B6AF9CF6A84FE9FD"
    theirs, check = captured[:73], captured[73:]
    at = operator()
    shown = at.types("KE", "01", "S", zmk, "", key, "N")
    ours = told(shown, "Key under ZMK")
    assert (ours[:17], len(ours), told(shown, "Key check value")) == (theirs[:17], 73, check)
    assert told(at.types("IK", "01", "", zmk, "", theirs, ""), "Key check value") == check


@pytest.mark.parametrize("scheme", ["U", "X", "Z"])
def test_ke_opens_elsewhere(scheme: str) -> None:
    at = operator()
    shown = at.types("KE", "00", "001", scheme, ZMK, "", ZPK)
    parts = part_by_part(CLEAR_ZPK, CLEAR_ZMK, "X" if scheme == "Z" else scheme)
    assert told(shown, "Key under ZMK") == (parts[1:] if scheme == "Z" else parts)
    assert told(shown, "Key check value") == check_digits(CLEAR_ZPK, "T")


def test_ke_and_ik_there_and_back_in_a_block() -> None:
    at = operator()
    sent = told(at.types("KE", "00", "001", "R", ZMK, "", ZPK, ""), "Key under ZMK")
    assert tr31.unwrap(CLEAR_ZMK, sent[1:])[1] == CLEAR_ZPK
    assert told(at.types("IK", "00", "001", "U", ZMK, "", sent), "Key under LMK") == ZPK


def test_ke_keeps_what_must_not_leave() -> None:
    at = operator()
    kept = told(at.types("KG", "01", "2", "S", "P0", "B", "", "N", ""), "Key under LMK")
    assert "exportability" in at.types("KE", "01", "S", ZMK_IN_BLOCK["01"], "", kept, "")
    strict = operator({"trusted-format-only": "yes"})
    assert "scheme" in strict.types("KE", "00", "001", "U", ZMK, "", ZPK)


# --- CK ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answers", "check"),
    [
        (("002", "S", "0406FBB23A5214DF"), "0035BBE340A4B763"),
        (("000", "S", "ACE9B8A0BE50C09B"), "4BD5E2482582C2C4"),
        (("000", "D", "U93CB819F8FEE4F78BF9C4CDD84750DB1"), "B70AD25C94548822"),
    ],
)
def test_ck_as_published(answers: tuple[str, ...], check: str) -> None:
    assert told(operator().types("CK", "00", *answers), "Key check value") == check
    restricted = operator({"restrict-kcv": "yes"})
    assert told(restricted.types("CK", "00", *answers), "Key check value") == check[:6] + "0" * 10


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_ck_of_a_key_block(lmk_id: str) -> None:
    key, letter = (CLEAR_ZMK, "T") if lmk_id == "01" else (aes_key("zmk", 32), "A")
    shown = operator().types("CK", lmk_id, ZMK_IN_BLOCK[lmk_id])
    assert told(shown, "Key check value")[:6] == check_digits(key, letter)


def test_ck_of_a_stored_key() -> None:
    at = operator({"user-storage-length": "double"})
    at.appliance.move(Position.ONLINE)
    assert at.speaker(f"LAK00F01{ZPK[1:]}") == "LB00"
    assert told(at.types("CK", "00", "001", "D", "UK00F"), "Key check value") == opened.check_digits(CLEAR_ZPK)
    assert "holds nothing there" in at.types("CK", "00", "001", "D", "UK00E")


def test_ck_refuses() -> None:
    at = operator()
    assert "lengths do not go together" in at.types("CK", "00", "001", "T", ZPK)
    assert "odd parity" in at.types("CK", "00", "003", "D", ZPK)
    assert "given up" in at.types("CK", "00", "001", "D", "12", "U12", ZPK + "0")
    assert "together" in at.types("CK", "00", "001", "D", ZMK_IN_BLOCK["01"])
    assert "together" in at.types("CK", "01", ZPK)


# --- who may -----------------------------------------------------------------------------------------------------
LOOSE_ZEK = part_by_part(des_key("zek"), CLEAR_ZMK, "U")


@pytest.mark.parametrize(
    ("activity", "answers"),
    [
        ("generate.000", ("KG", "00", "2", "000", "U", "")),
        ("generate.000", ("KG", "01", "2", "S", "K0", "", "", "", "")),
        ("export.001", ("KG", "00", "2", "001", "U", "U", ZMK, "", "")),
        ("export.72", ("KG", "01", "2", "S", "72", "", "", "", "S", ZMK_IN_BLOCK["01"], "", "")),
        ("import.000", ("IK", "00", "000", "U", ZMK, "", MOVING)),
        ("import.00A", ("IK", "00", "00A", "U", ZMK, "", LOOSE_ZEK)),
        ("import.000", ("IK", "01", "", ZMK_IN_BLOCK["01"], "", MOVING, "52", "", "", "")),
        ("import.D0", ("IK", "01", "", ZMK_IN_BLOCK["01"], "", LOOSE_ZEK, "D0", "", "", "")),
        ("export.001", ("KE", "00", "001", "U", ZMK, "", ZPK)),
        ("export.K0", ("KE", "01", "S", ZMK_IN_BLOCK["01"], "", ZMK_IN_BLOCK["01"], "")),
    ],
)
def test_what_needs_its_activity(activity: str, answers: tuple[str, ...]) -> None:
    for granted, allowed in (("", False), ("misc", False), (activity, True), (f"{activity}.console", True)):
        at = operator(authorise=granted)
        shown = at.types(*answers)
        assert ("Key check value" in shown) is allowed, granted
        assert ("authorised state" in shown) is not allowed, granted
    assert "authorised state" in operator(authorise=f"{activity}.host").types(*answers)


def test_what_is_not_authorised_is_refused_before_more_is_asked() -> None:
    for answers in (("KG", "00", "2", "000", "U"), ("KG", "00", "2", "001", "U", "U")):
        assert operator(authorise="").types(*answers).endswith("The activity needs the authorised state.\nSecure> ")


def test_what_needs_none() -> None:
    at = operator(authorise="")
    for answers in (
        ("KG", "00", "2", "001", "U", ""),
        ("IK", "00", "001", "U", ZMK, "", MOVING),
        ("CK", "00", "001", "D", ZPK),
    ):
        assert "Key check value" in at.types(*answers)


def test_hosts_use_what_was_imported() -> None:
    at = operator()
    token = told(at.types("IK", "00", "001", "U", ZMK, "", MOVING), "Key under LMK")
    at.appliance.move(Position.ONLINE)
    assert at.speaker(f"BUFF1{token};001") == f"BV00{opened.check_digits(CLEAR_ZPK)}"


# --- whatever is typed -------------------------------------------------------------------------------------------
WORDS = "00 01 02 1 2 3 001 000 72 P0 10C 302 U T Z S D R X E Y N B AES NONE SAME K001 UK001 SK001 31 99"
ANSWERS = st.sampled_from(
    [*WORDS.split(), "", ZMK, ZPK, MOVING, ZMK_CHECK, *ZMK_IN_BLOCK.values(), "S" * 40, "R" * 900, "\u00e9", "0" * 999]
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["KG", "IK", "KE", "CK"]), st.integers(0, 2), st.lists(ANSWERS | st.text(max_size=9), max_size=14)
)
def test_no_answers_break_it(command: str, lmk: int, answers: list[str]) -> None:
    at = operator()
    at.types(command, f"0{lmk}", *answers)
    at.shell.hang_up("dropped")
    assert {entry.outcome for entry in at.speaker.entries} <= {"00", "NO", "GU"}


@pytest.mark.parametrize("code", sorted(code for code, row in KEY_TYPES.items() if row.des_bytes))
def test_kg_makes_keys_of_every_type(code: str) -> None:
    at = operator()
    token = told(at.types("KG", "00", "2", code, "U", ""), "Key under LMK")
    assert at.desk.hsm("00").typed(token, KEY_TYPES[code]).key_bytes == 16
