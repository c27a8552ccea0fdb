"""Issuers' RSA keys: made, used for the one thing they are for, and refused otherwise."""

from __future__ import annotations

import hashlib

import pytest
from psec import tr31
from support.eracom import EracomSpeaker, make_eracom, spec

from hsm.keys.published import PUBLISHED_KMS

DATA = "5A0847617390010100105F2403281231"


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return make_eracom({"issuer-signing-extension": "yes"})


@pytest.fixture(scope="module")
def made(ask: EracomSpeaker) -> tuple[int, str]:
    """The modulus, and the private key as a field."""
    reply = ask("EEF003 00 0480 000003")
    assert reply.startswith("EEF003008090")
    return int(reply[12 : 12 + 288], 16), reply[12 + 288 :]


def block_of(field: str) -> str:
    return bytes.fromhex(field)[2:].decode()


def test_what_the_key_signs_is_recovered(ask: EracomSpeaker, made: tuple[int, str]) -> None:
    reply = ask(f"EEF004 00 {made[1]} DAC0 {spec(DATA)}")
    assert reply.startswith("EEF004008090")
    recovered = pow(int(reply[12:], 16), 3, made[0]).to_bytes(144, "big")
    digest = hashlib.sha1(recovered[1:-21] + bytes.fromhex(DATA), usedforsecurity=False).digest()
    assert recovered[:5] + recovered[-21:] == bytes.fromhex("6A0301DAC0") + digest + b"\xbc"


def test_the_private_key_is_a_block_that_does_not_leave(made: tuple[int, str]) -> None:
    header, content = tr31.unwrap(PUBLISHED_KMS["test-2266"], block_of(made[1]))
    assert (header.key_usage, header.algorithm, header.mode_of_use, header.exportability) == ("S0", "R", "S", "N")
    assert len(content) == 3 + 144
    assert int.from_bytes(content[3:75], "big") * int.from_bytes(content[75:], "big") == made[0]


@pytest.mark.parametrize(
    ("bits", "exponent", "code"), [("03F0", "000003", "28"), ("0481", "000003", "28"), ("0480", "000005", "04")]
)
def test_other_keys_are_not_made(ask: EracomSpeaker, bits: str, exponent: str, code: str) -> None:
    assert ask(f"EEF003 00 {bits} {exponent}") == f"EEF003{code}"


def test_other_blocks_sign_nothing(ask: EracomSpeaker, made: tuple[int, str]) -> None:
    km = PUBLISHED_KMS["test-2266"]

    def outcome(block: str) -> str:
        raw = block.encode()
        count = bytes((len(raw),)) if len(raw) < 0x80 else (0x8000 | len(raw)).to_bytes(2, "big")
        return ask(f"EEF004 00 {(count + raw).hex()} DAC0 {spec(DATA)}")[6:8]

    good = block_of(made[1])
    assert outcome(good) == "00"
    assert outcome(good[:-2] + ("00" if good[-2:] != "00" else "11")) == "92"
    assert outcome(tr31.wrap(km, tr31.Header("B", "D0", "T", "B", "00", "E"), bytes(range(16)))) == "93"
    assert outcome(tr31.wrap(km, tr31.Header("B", "S0", "R", "S", "00", "N"), bytes(147))) == "04"


def test_a_signing_key_is_no_data_key(ask: EracomSpeaker, made: tuple[int, str]) -> None:
    raw = b"\x17\x00" + block_of(made[1]).encode()
    field = ((0x8000 | len(raw)).to_bytes(2, "big") + raw).hex()
    assert ask(f"EE0801 00 {field} 00 {'00' * 8} {spec('11' * 8)}")[6:8] in ("93", "94", "98")


def test_without_data_there_is_nothing_to_sign(ask: EracomSpeaker, made: tuple[int, str]) -> None:
    assert ask(f"EEF004 00 {made[1]} DAC0 00") == "EEF00403"
