"""Hashes against the library's, in parts as in one piece, and what is refused."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import make_eracom, spec

ASK = make_eracom()
HASHES = {"00": "sha1", "19": "sha224", "1A": "sha256", "1E": "sha384", "20": "md5"}
NONE = "00" * 8


@pytest.mark.parametrize(("code", "name"), [*HASHES.items(), ("25", "sha224"), ("26", "sha256"), ("32", "md5")])
@given(st.binary(max_size=300))
def test_in_one_piece(code: str, name: str, data: bytes) -> None:
    value = hashlib.new(name, data).hexdigest().upper()
    bits = f"{8 * len(data):016X}"
    assert ASK(f"EE9008 00 {code} 00 {NONE} 00 {spec(data.hex())}") == f"EE900800{bits}{spec(value)}"


@pytest.mark.parametrize(("code", "name"), HASHES.items())
@given(st.binary(max_size=400), st.integers(1, 3), st.integers(0, 3))
def test_parts_make_the_whole(code: str, name: str, tail: bytes, first: int, second: int) -> None:
    size = 128 if name == "sha384" else 64
    parts = [bytes([7]) * size * first, bytes([9]) * size * second]
    bits, chaining = NONE, "00"
    for mode, part in (("01", parts[0]), ("02", parts[1]), ("03", tail)):
        if mode == "02" and not part:
            continue
        reply = ASK(f"EE9008 00 {code} {mode} {bits} {chaining} {spec(part.hex())}")
        assert reply[:8] == "EE900800"
        bits, chaining = reply[8:24], reply[24:]
    message = b"".join(parts) + tail
    assert (bits, chaining) == (f"{8 * len(message):016X}", spec(hashlib.new(name, message).hexdigest().upper()))


@given(st.binary(max_size=200))
def test_md5_has_a_function_of_its_own(tail: bytes) -> None:
    begin = b"7" * 64
    first = ASK(f"EE9007 00 01 {NONE} {'00' * 16} 40{begin.hex()}")
    assert first[:24] == "EE900700" + f"{512:016X}"
    last = ASK(f"EE9007 00 03 {first[8:]} {spec(tail.hex())}")
    assert last[24:] == hashlib.md5(begin + tail, usedforsecurity=False).hexdigest().upper()
    whole = ASK(f"EE9007 00 00 {NONE} {'00' * 16} {spec(tail.hex())}")
    assert whole[24:] == hashlib.md5(tail, usedforsecurity=False).hexdigest().upper()


BLOCK = "40" + "AA" * 64
STATE = "14" + "11" * 20


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (f"EE9008 00 01 00 {NONE} 00 00", "51"),
        (f"EE9008 00 FF 00 {NONE} 00 00", "51"),
        (f"EE9008 00 00 04 {NONE} 00 00", "04"),
        (f"EE9008 01 00 00 {NONE} 00 00", "24"),
        (f"EE9008 00 00 00 {512:016X} 00 00", "0C"),  # what begins has nothing before it
        (f"EE9008 00 00 01 {512:016X} 00 {BLOCK}", "0C"),
        (f"EE9008 00 00 02 {NONE} {STATE} {BLOCK}", "0C"),  # what goes on has
        (f"EE9008 00 00 03 {NONE} {STATE} {BLOCK}", "0C"),
        (f"EE9008 00 00 03 {504:016X} {STATE} {BLOCK}", "0C"),  # and it was whole blocks
        (f"EE9008 00 1E 03 {512:016X} 40{'11' * 64} {BLOCK}", "0C"),
        (f"EE9008 00 00 03 {'F' * 13}E00 {STATE} {BLOCK}", "0C"),  # too many bits
        (f"EE9008 00 00 03 {512:016X} 13{'11' * 19} {BLOCK}", "04"),
        (f"EE9008 00 1A 03 {512:016X} {STATE} {BLOCK}", "04"),
        (f"EE9008 00 00 01 {NONE} 00 3F{'AA' * 63}", "03"),
        (f"EE9008 00 00 01 {NONE} 00 00", "03"),
        (f"EE9008 00 00 02 {512:016X} {STATE} 00", "03"),
        (f"EE9008 00 00 00 {NONE} 41{'11' * 65} 00", "03"),
        (f"EE9008 00 00 00 {NONE} 00 01", "03"),
        (f"EE9008 00 00 00 {NONE} 00 00 00", "03"),
        (f"EE9007 00 00 {NONE} {'00' * 15} 00", "03"),
        (f"EE9007 00 04 {NONE} {'00' * 16} 00", "04"),
        (f"EE9007 00 02 {NONE} {'00' * 16} {BLOCK}", "0C"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    assert ASK(request_hex) == request_hex[:6] + code
