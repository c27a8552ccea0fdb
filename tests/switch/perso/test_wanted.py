"""Secrets are found in every writing, wherever they stand, and none where there is none."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from io import BytesIO
from random import Random
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.wanted import CHUNK_BYTES, Wanted

PANS = [f"97049900{serial:08d}" for serial in range(1, 3_000, 7)]
KEYS = [Random(number).randbytes(8) for number in range(300)]
WANTED = Wanted({"keys": KEYS, "PANs": map(bytes.fromhex, PANS)})
WRITINGS: MappingProxyType[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "bytes": bytes,
        "hexadecimal": lambda raw: raw.hex().upper().encode(),
        "small letters": lambda raw: raw.hex().encode(),
        "in groups": lambda raw: raw.hex(" ", 2).encode(),
        "UTF-16": lambda raw: raw.hex().encode("utf-16-le"),
        "base64": b64encode,
        "base64 of hexadecimal": lambda raw: b64encode(raw.hex().encode()),
        "base64 in names": urlsafe_b64encode,
        "half a byte on": lambda raw: bytes.fromhex(f"d{raw.hex()}f"),
        "hexadecimal, half a byte on": lambda raw: f"a{raw.hex()}b".encode(),
    }
)


def found(content: bytes) -> dict[str, frozenset[bytes]]:
    return WANTED.found_in(BytesIO(content))


@pytest.mark.parametrize("writing", WRITINGS)
@given(
    before=st.binary(max_size=40), after=st.binary(max_size=40), number=st.integers(0, 299), pan=st.sampled_from(PANS)
)
def test_each_writing_anywhere(writing: str, before: bytes, after: bytes, number: int, pan: str) -> None:
    written = WRITINGS[writing]
    content = before + b"\xfe\xff\xfe" + written(KEYS[number]) + b"\xfe\xff\xfe" + written(bytes.fromhex(pan)) + b"\xfe"
    assert found(content + after) == {"keys": {KEYS[number]}, "PANs": {bytes.fromhex(pan)}}


@given(before=st.text("ABCdef0129+/", max_size=9), after=st.text("ABCdef0129+/", max_size=9), pan=st.sampled_from(PANS))
def test_base64_within_other_base64(before: str, after: str, pan: str) -> None:
    text = b64encode(before.encode() + bytes.fromhex(pan) + after.encode())
    assert found(b"x=" + text)["PANs"] == {bytes.fromhex(pan)}


def test_over_the_border_of_what_is_read_at_once() -> None:
    for at in (1, 7, 15):
        content = bytes(CHUNK_BYTES - at) + PANS[5].encode() + bytes(10)
        assert found(content)["PANs"] == {bytes.fromhex(PANS[5])}


def test_nothing_in_what_has_none() -> None:
    noise = Random(1_000_003)
    near = b",".join(f"{int(pan) + 1}".encode() for pan in PANS)
    texts = near + noise.randbytes(1 << 18).hex().encode() + noise.randbytes(1 << 20)
    assert found(texts + b64encode(noise.randbytes(1 << 17))) == {"keys": frozenset(), "PANs": frozenset()}


def test_a_secret_of_4_bytes_is_too_short() -> None:
    with pytest.raises(ValueError, match="more than 4"):
        Wanted({"PINs": [b"1234"]})
