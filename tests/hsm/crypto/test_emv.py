"""EMV derivations and cryptograms against pyemv, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pyemv.ac
import pyemv.kd
import pyemv.sm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import emv
from hsm.crypto.blockcipher import cipher
from hsm.crypto.emv import CardKeyOption, EmvInputError
from hsm.crypto.mac import Padding
from hsm.crypto.parity import is_odd, with_odd

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
CIPHER = cipher(KEY)
DATA = st.binary(min_size=1, max_size=64)
PINS = st.text("0123456789", min_size=4, max_size=12)


def exactly(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


@given(st.text("0123456789", min_size=14, max_size=19), st.text("0123456789", min_size=2, max_size=2))
def test_card_keys(pan: str, psn: str) -> None:
    key_a, key_b = (emv.card_key(KEY, pan, psn, option) for option in CardKeyOption)
    assert key_a == with_odd(pyemv.kd.derive_icc_mk_a(KEY, pan, psn))
    assert key_b == with_odd(pyemv.kd.derive_icc_mk_b(KEY, pan, psn))
    assert is_odd(key_a)
    assert (key_a == key_b) == (len(pan) <= 16)


@given(exactly(8), exactly(2), st.sampled_from([(8, 4), (16, 2)]), exactly(16))
def test_session_keys(r: bytes, atc: bytes, tree: tuple[int, int], iv: bytes) -> None:
    assert emv.session_key(KEY, r) == with_odd(pyemv.kd.derive_common_sk(KEY, r))
    assert emv.visa_session_key(KEY, atc) == with_odd(pyemv.kd.derive_visa_sm_sk(KEY, atc))
    assert emv.tree_session_key(KEY, atc, *tree, iv) == with_odd(pyemv.kd.derive_emv2000_tree_sk(KEY, atc, *tree, iv))


@given(DATA, exactly(8), exactly(2), exactly(4), st.binary(max_size=8))
def test_cryptograms(data: bytes, arqc: bytes, arc: bytes, csu: bytes, proprietary: bytes) -> None:
    by_emv = pyemv.ac.generate_ac(KEY, data, pyemv.ac.PaddingType.EMV)
    by_visa = pyemv.ac.generate_ac(KEY, data, pyemv.ac.PaddingType.VISA)
    assert emv.application_cryptogram(CIPHER, data, Padding.BIT) == by_emv
    assert emv.application_cryptogram(CIPHER, data, Padding.ZEROS) == by_visa
    assert emv.arpc_method_1(CIPHER, arqc, arc) == pyemv.ac.generate_arpc_1(KEY, arqc, arc)
    assert emv.arpc_method_2(CIPHER, arqc, csu, proprietary) == pyemv.ac.generate_arpc_2(KEY, arqc, csu, proprietary)


@given(DATA)
def test_secure_messaging(data: bytes) -> None:
    kinds = pyemv.sm.EncryptionType
    assert emv.script_mac(CIPHER, data) == pyemv.sm.generate_command_mac(KEY, data)
    assert emv.script_encipher(CIPHER, data) == pyemv.sm.encrypt_command_data(KEY, data, kinds.EMV)
    by_mastercard = pyemv.sm.encrypt_command_data(KEY, data, kinds.MASTERCARD)
    assert emv.script_encipher_mastercard(CIPHER, data) == by_mastercard
    assert emv.script_encipher_visa(CIPHER, data) == pyemv.sm.encrypt_command_data(KEY, data, kinds.VISA)


@given(PINS, PINS)
def test_visa_pin_blocks(pin: str, current: str) -> None:
    assert emv.visa_pin_block(KEY, pin) == pyemv.sm.format_vis_pin_block(KEY, pin)
    assert emv.visa_pin_block(KEY, pin, current) == pyemv.sm.format_vis_pin_block(KEY, pin, current)


def test_the_mastercard_counter_runs_over() -> None:
    assert emv.mastercard_diversification(b"\xff" * 8, 1) == bytes(8)


def test_what_is_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: emv.card_key(KEY[:8], "4111111111111111", "00"),
        lambda: emv.card_key(KEY, "", "00"),
        lambda: emv.card_key(KEY, "4" * 20, "00"),
        lambda: emv.card_key(KEY, "4111111111111111", "0"),
        lambda: emv.card_key(KEY, "411111111111111A", "00"),
        lambda: emv.session_key(KEY, bytes(7)),
        lambda: emv.session_key(KEY[:8], bytes(8)),
        lambda: emv.diversified_by_atc(bytes(3)),
        lambda: emv.visa_session_key(KEY, bytes(3)),
        lambda: emv.mastercard_diversification(bytes(7), 0),
        lambda: emv.tree_session_key(KEY, bytes(2), 8, 2),
        lambda: emv.tree_session_key(KEY, bytes(3), 8, 4),
        lambda: emv.tree_session_key(KEY, bytes(2), 8, 4, bytes(8)),
        lambda: emv.arpc_method_1(CIPHER, bytes(7), bytes(2)),
        lambda: emv.arpc_method_1(CIPHER, bytes(8), bytes(3)),
        lambda: emv.arpc_method_2(CIPHER, bytes(8), bytes(3)),
        lambda: emv.arpc_method_2(CIPHER, bytes(8), bytes(4), bytes(9)),
        lambda: emv.script_encipher_visa(CIPHER, bytes(256)),
        lambda: emv.visa_pin_block(KEY, "123"),
        lambda: emv.visa_pin_block(KEY, "1234", "12A4"),
        lambda: emv.visa_pin_block(KEY[:8], "1234"),
    ]
    for call in refused:
        with pytest.raises(EmvInputError):
            call()
