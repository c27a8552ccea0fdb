"""Data enciphered, deciphered and moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import ClearKey
from hsm.operations.encipher import CipherMode, decipher, encipher, reencipher
from hsm.refusal import CommandDisabled, DataFormatInvalid, DataLengthInvalid, InputInvalid

DES = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
AES = ClearKey(bytes(range(32)), Algorithm.AES)


def view(**settings: str) -> Hsm:
    chosen = {name.replace("_", "-"): value for name, value in settings.items()}
    return make_speaker(chosen).appliance.view(None, lambda request: "")


HSM = view()


@given(
    modes=st.tuples(st.sampled_from(CipherMode), st.sampled_from(CipherMode)),
    keys=st.tuples(st.sampled_from((DES, AES)), st.sampled_from((DES, AES))),
    clear=st.binary(min_size=16, max_size=64).map(lambda data: data[: len(data) // 16 * 16]),
)
def test_round_trips(modes: tuple[CipherMode, CipherMode], keys: tuple[ClearKey, ClearKey], clear: bytes) -> None:
    ivs = [bytes(key.cipher.block_bytes) if mode.needs_iv else None for key, mode in zip(keys, modes, strict=True)]
    first, second = zip(keys, modes, ivs, strict=True)
    enciphered, following = encipher(HSM, first[0], first[1], clear, first[2])
    assert (following is None) is (first[1] is CipherMode.ECB)
    assert decipher(HSM, first[0], first[1], enciphered, first[2]) == (clear, following)
    moved = reencipher(HSM, first, second, enciphered)
    assert decipher(HSM, second[0], second[1], moved, second[2])[0] == clear


@pytest.mark.parametrize("mode", CipherMode)
@pytest.mark.parametrize("key", [DES, AES])
def test_lengths(key: ClearKey, mode: CipherMode) -> None:
    iv = bytes(key.cipher.block_bytes) if mode.needs_iv else None
    for data in (b"", b"1234567"):
        with pytest.raises(DataLengthInvalid):
            encipher(HSM, key, mode, data, iv)
        with pytest.raises(DataLengthInvalid):
            decipher(HSM, key, mode, data, iv)
    if mode.needs_iv:
        for wrong in (None, bytes(4)):
            with pytest.raises(InputInvalid):
                encipher(HSM, key, mode, bytes(16), wrong)


def test_the_setting() -> None:
    text, binary = b"Any text", b"Any tex\x00"
    only_text, nothing = view(data_encryption="ascii"), view(data_encryption="none")
    enciphered = [encipher(HSM, DES, CipherMode.ECB, data, None)[0] for data in (text, binary)]
    assert decipher(only_text, DES, CipherMode.ECB, enciphered[0], None)[0] == text
    there = (DES, CipherMode.ECB, None)
    for data, hidden in zip((text, binary), enciphered, strict=True):
        for hsm, refusal in ((nothing, CommandDisabled), (only_text, DataFormatInvalid)):
            if hsm is only_text and data is text:
                continue
            with pytest.raises(refusal):
                encipher(hsm, DES, CipherMode.ECB, data, None)
            with pytest.raises(refusal):
                decipher(hsm, DES, CipherMode.ECB, hidden, None)
            with pytest.raises(refusal):
                reencipher(hsm, there, there, hidden)
