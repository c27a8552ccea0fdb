"""Key blocks of every version: round trips, damage, and psec as the other side."""

from __future__ import annotations

import os
import pickle

import psec.tr31
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import blockprotector
from hsm.crypto.blockcipher import Engine
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.keyblock import (
    AuthenticationFailed,
    Header,
    HeaderInvalid,
    KeyBlockError,
    LengthInvalid,
    OptionalBlock,
    OptionalBlockInvalid,
    ProtectionKeyUnsuitable,
)

KEY = bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")
KS = OptionalBlock("KS", "00604B120F9292800000")
KBPKS = [(version, length) for version, how in blockprotector.VERSIONS.items() for length in how.kbpk_bytes]


def kbpk_of(length: int) -> bytes:
    return bytes(range(0x31, 0x31 + length))


def header_of(version: str, *optional: OptionalBlock) -> Header:
    return Header(version, "P0", "T", "E", optional=optional)


@given(
    st.sampled_from(KBPKS),
    st.binary(min_size=1, max_size=200),
    st.integers(0, 64),
    st.lists(
        st.builds(OptionalBlock, st.sampled_from(["KS", "TS", "10"]), st.text("0123ABC ", max_size=300)), max_size=3
    ),
)
def test_round_trip(how: tuple[str, int], key: bytes, mask: int, optional: list[OptionalBlock]) -> None:
    version, length = how
    header = header_of(version, *optional)
    block = blockprotector.wrap(kbpk_of(length), header, key, os.urandom, mask)
    assert int(block[1:5]) == len(block)
    assert blockprotector.unwrap(kbpk_of(length), block) == (header, key)


@pytest.mark.parametrize(("version", "length"), KBPKS)
def test_every_changed_bit_is_refused(engine: Engine, version: str, length: int) -> None:
    protector = BlockProtector(kbpk_of(length), "ABCDE01")
    block = protector.wrap(header_of(version, KS), KEY, os.urandom)
    for at, character in enumerate(block):
        for bit in range(7):
            damaged = block[:at] + chr(ord(character) ^ 1 << bit) + block[at + 1 :]
            with pytest.raises(KeyBlockError):
                protector.unwrap(damaged)


@pytest.mark.parametrize(("version", "length"), KBPKS)
def test_every_cut_and_another_key_are_refused(version: str, length: int) -> None:
    protector = BlockProtector(kbpk_of(length), version)
    block = protector.wrap(header_of(version), KEY, os.urandom)
    for end in range(len(block)):
        with pytest.raises(KeyBlockError):
            protector.unwrap(block[:end])
        with pytest.raises(KeyBlockError):
            protector.unwrap(f"{block[0]}{end:04}{block[5:end]}")
    with pytest.raises(LengthInvalid):
        protector.unwrap(block + "00")
    with pytest.raises(AuthenticationFailed):
        BlockProtector(bytes(length - 1) + b"\x08", version).unwrap(block)


@given(st.sampled_from([how for how in KBPKS if how[0] in "ABCD"]), st.sampled_from([8, 16, 24, 32]), st.booleans())
def test_psec_is_the_other_side(how: tuple[str, int], key_bytes: int, with_optional: bool) -> None:
    version, length = how
    kbpk, key = kbpk_of(length), os.urandom(key_bytes)
    header = header_of(version, *[KS] * with_optional)
    theirs, opened = psec.tr31.unwrap(kbpk, blockprotector.wrap(kbpk, header, key, os.urandom))
    assert opened == key
    assert dict(theirs.blocks) == ({"KS": KS.content} if with_optional else {})
    made = psec.tr31.Header(version, "P0", "T", "E", "00", "N")
    if with_optional:
        made.blocks["KS"] = KS.content
    assert blockprotector.unwrap(kbpk, psec.tr31.wrap(kbpk, made, key)) == (header, key)


@pytest.mark.parametrize(("version", "length"), KBPKS)
def test_masking_hides_the_length(version: str, length: int) -> None:
    protector = BlockProtector(kbpk_of(length), version)
    sizes = {len(protector.wrap(header_of(version), bytes(n), os.urandom, mask_length=32)) for n in (8, 16, 24, 32)}
    assert len(sizes) == 1


def test_a_published_block_is_rebuilt() -> None:
    """BP-Tools' AES block with its padding given (softwaregroup and CryptoCarver test files)."""
    lmk = bytes.fromhex("9B71333A13F9FAE72F9D0E2DAB4AD6784718012F9244033F3F26A2DE0C8AA11A")
    padding = bytes.fromhex("23D4C749F32D15DF992467829C1E")
    key = bytes.fromhex("F039121BEC83D26B169BDCD5B22AAF8F")
    block = blockprotector.wrap(lmk, Header("1", "P0", "T", "E", exportability="E"), key, lambda count: padding[:count])
    assert block == ("10096P0TE00E0000CF29A901B5B5DA7028693D4BE058A7B366D3CD2F5862D94E97BCD6D9F28B414A377052CE7A04D821")


def test_a_protector_opens_its_versions_alone() -> None:
    block = blockprotector.wrap(kbpk_of(16), header_of("A"), KEY, os.urandom)
    with pytest.raises(HeaderInvalid):
        BlockProtector(kbpk_of(16), "BCDE01").unwrap(block)
    with pytest.raises(HeaderInvalid):
        BlockProtector(kbpk_of(16), "ABCDE01").wrap(header_of("F"), KEY, os.urandom)


@pytest.mark.parametrize(("version", "length"), [("0", 8), ("B", 8), ("D", 8), ("A", 32), ("1", 17), ("A", 0)])
def test_unsuitable_protection_keys(version: str, length: int) -> None:
    with pytest.raises(ProtectionKeyUnsuitable):
        blockprotector.wrap(bytes(length), header_of(version), KEY, os.urandom)


def test_lengths_of_keys() -> None:
    for key, mask in ((b"", 0), (bytes(4097), 0), (KEY, 4097), (KEY, -1), (bytes(4096), 5000)):
        with pytest.raises(LengthInvalid):
            blockprotector.wrap(kbpk_of(16), header_of("B"), key, os.urandom, mask)


def test_an_authentic_block_with_a_false_length_is_refused() -> None:
    """The sender itself may be wrong: more bits than there are, no bits, or not whole bytes."""
    for bits in (0, 7, 129, 0xFFF8):
        kbek_mac = BlockProtector(kbpk_of(16), "B")
        version = blockprotector.VERSIONS["B"]
        header = header_of("B").build(8, 2 * (24 + 8))
        enc, mac = kbek_mac._derived("B")
        sealed = version.seal(enc, mac, header.encode("ascii"), bits.to_bytes(2, "big") + bytes(22))
        with pytest.raises(LengthInvalid):
            kbek_mac.unwrap(header + b"".join(sealed).hex().upper())


def test_optional_blocks_fill_whole_cipher_blocks() -> None:
    text = "B0120P0TE00N0100KS081234"
    with pytest.raises(AuthenticationFailed):
        blockprotector.unwrap(kbpk_of(16), f"B{len(text) + 64:04}{text[5:]}{'0' * 64}")
    text = "B0120P0TE00N0100KS07123"
    with pytest.raises(OptionalBlockInvalid):
        blockprotector.unwrap(kbpk_of(16), f"B{len(text) + 64:04}{text[5:]}{'0' * 64}")


def test_a_protector_has_no_text_and_no_copy() -> None:
    protector = BlockProtector(KEY, "B")
    assert repr(protector) == "<block protector for versions B>"
    with pytest.raises(TypeError):
        pickle.dumps(protector)
