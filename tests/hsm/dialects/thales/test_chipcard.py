"""Application cryptograms of chip cards: KQ, KW; values by pyemv."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyemv import ac, kd
from support.appliances import Speaker, make_speaker
from support.excused import EXCUSED
from support.witnessed import Exchange, exchanges

from hsm.client.answers import Refused, answer_of
from hsm.client.codec import Wire, command_of
from hsm.dialects.thales.chipcard import CryptogramChecked
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES
from hsm.refusal import VerificationFailed

SECRET = bytes.fromhex("101013131515161619191A1A1C1C1F1F")
KEY = "U87E7B360B5E6DF7101F481B145E1A809"
"""The same under the published LMK, from the client of the witnessed exchanges."""
PAN, SEQUENCE = "4761730000000011", "01"
CARD = bytes.fromhex("6173000000001101")
ATC, NUMBER, CODE = b"\x00\x25", b"%;\x19\x00", b"00"
DATA = bytes(range(0x20, 0x3C))
MASTER = kd.derive_icc_mk_a(SECRET, PAN, SEQUENCE)


@pytest.mark.parametrize(
    "each", [each for each in exchanges("KQ", "KW") if each.seen.id not in EXCUSED], ids=lambda e: e.id
)
def test_witnessed(each: Exchange) -> None:
    assert each.speaker()(each.request) == each.reply


def asked(
    code: str, mode: str, cryptogram: bytes, *, scheme: str = "1", key: str = KEY, data: bytes = DATA,
    card: bytes = CARD, atc: bytes = ATC, number: bytes = NUMBER, response_code: bytes = CODE,
) -> str:  # fmt: skip
    parts = [f"{code}{mode}{scheme}{key}".encode(), card, atc, number if code == "KQ" else b""]
    parts += [b"%02X" % len(data), data, b";"] if mode in "01" else []
    parts += [cryptogram, b"" if mode == "0" else response_code]
    return b"".join(parts).decode("latin-1")


def cryptogram_of(session: bytes, data: bytes = DATA) -> bytes:
    """Filled with zeros only."""
    return ac.generate_ac(session, data, ac.PaddingType.VISA)


def text(raw: bytes) -> str:
    return raw.decode("latin-1")


speak = make_speaker(authorise="")


@given(
    scheme=st.sampled_from("012"), data=st.binary(min_size=1, max_size=255), atc=st.binary(min_size=2, max_size=2),
    number=st.binary(min_size=4, max_size=4), code=st.binary(min_size=2, max_size=2),
)  # fmt: skip
def test_cryptograms_equal_pyemvs(scheme: str, data: bytes, atc: bytes, number: bytes, code: bytes) -> None:
    command = "KW" if scheme == "2" else "KQ"
    diversified = {"1": atc + bytes(2) + number, "2": atc + bytes(6)}
    session = kd.derive_common_sk(MASTER, diversified[scheme]) if scheme in diversified else MASTER
    right = cryptogram_of(session, data)
    response = ac.generate_arpc_1(session if scheme == "2" else MASTER, right, code)
    reply = "KX00" if scheme == "2" else "KR00"

    def said(mode: str, cryptogram: bytes) -> str:
        told = asked(command, mode, cryptogram, scheme=scheme, data=data, atc=atc, number=number, response_code=code)
        return speak(told)

    assert said("1", right) == reply + text(response)
    assert said("0", right) == reply
    assert said("1", bytes((right[0] ^ 1,)) + right[1:]) == reply[:2] + "01"


def test_with_a_number_of_zeros_the_cryptogram_is_that_of_the_common_session_key() -> None:
    right = cryptogram_of(kd.derive_common_sk(MASTER, ATC + bytes(6)))
    assert speak(asked("KQ", "0", right, number=bytes(4))) == "KR00"
    assert speak(asked("KW", "0", right, scheme="2")) == "KX00"


def test_the_right_cryptogram_is_told_to_those_who_may_diagnose() -> None:
    right = cryptogram_of(MASTER)
    request = asked("KQ", "1", bytes(8), scheme="0")
    assert speak(request) == "KR01"
    assert make_speaker(authorise="diag")(request) == "KR01" + text(right)


def test_a_response_without_verification_wants_authority() -> None:
    request = asked("KQ", "2", bytes(8), scheme="0")
    assert speak(request) == "KR17"
    assert make_speaker(authorise="misc.arpc")(request) == "KR00" + text(ac.generate_arpc_1(MASTER, bytes(8), CODE))


def test_refusals() -> None:
    right = cryptogram_of(MASTER)
    assert speak(asked("KQ", "3", right)) == "KR05"
    assert speak(asked("KQ", "0", right, scheme="2")) == "KR06"
    assert speak(asked("KW", "0", right, scheme="0")) == "KX06"
    assert speak(asked("KQ", "0", right, data=b"")) == "KR80"
    assert speak(asked("KQ", "0", right, card=b"\xff" * 8)) == "KR15"
    assert speak(asked("KQ", "0", right)[:-1]) == "KR15"
    assert speak(asked("KQ", "1", right, response_code=b"0")) == "KR15"
    assert speak(asked("KQ", "0", right, key="U" + "0" * 32)) == "KR10"


def block_of(speaker: Speaker, usage: str, mode: str = "N") -> str:
    attributes = BlockAttributes(usage, "T", mode, "00", "N")
    lmk = speaker.appliance.lmks["01"]
    return lmk.wrap(
        ClearKey(SECRET), KEY_TYPES[{"E0": "109", "E1": "309"}[usage]], "S", attributes, lambda count: bytes(count)
    )


def test_a_key_block_must_be_of_a_master_key_for_cryptograms() -> None:
    speaker = make_speaker(lmks=("00=test-variant", "01=test-3des-block"), authorise="")
    right = cryptogram_of(MASTER)
    answers = {
        usage: speaker(asked("KQ", "0", right, scheme="0", key=block_of(speaker, usage))) for usage in ("E0", "E1")
    }
    assert answers == {"E0": "KR00", "E1": "KRA6"}


@pytest.mark.parametrize("made", [b"%0119;00", b"\x19ABCDEFG", b""])
def test_a_client_reads_a_response_that_begins_as_an_end_does(made: bytes) -> None:
    reply = Wire().read_answer("KW", b"0001KX00" + made)
    assert answer_of(command_of("KW"), "thales", reply, CryptogramChecked) == CryptogramChecked(made=made)


def test_a_diagnosis_is_no_yes() -> None:
    reply = Wire().read_answer(
        "KQ", b"0001" + make_speaker(authorise="diag")(asked("KQ", "0", bytes(8))).encode("latin-1")
    )
    assert reply.answer == CryptogramChecked(made=cryptogram_of(kd.derive_common_sk(MASTER, ATC + bytes(2) + NUMBER)))
    with pytest.raises(Refused) as refused:
        answer_of(command_of("KQ"), "thales", reply, CryptogramChecked)
    assert refused.value.reason is VerificationFailed
