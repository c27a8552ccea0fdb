"""Keys made for exchange, received and sent, whatever the schemes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker
from support.opened import opened, pair_of

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES, KeyType, Usage
from hsm.operations import exchange
from hsm.refusal import (
    KeyBlockExportabilityInvalid,
    KeyBlockModeInvalid,
    KeyBlockUsageInvalid,
    KeyLengthInvalid,
    KeySchemeInvalid,
    LmkSchemesIncompatible,
)

ZPK, ZAK, TAK = KEY_TYPES["001"], KEY_TYPES["008"], KEY_TYPES["003"]
KEK = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA98765432101F3D5B79A8CE02E6"))
KEK_BYTES = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
DOUBLE_KEK = ClearKey(KEK_BYTES)
AES_KEK = ClearKey(bytes(range(32)), Algorithm.AES)
LENGTHS = {"Z": 8, "0": 8, "U": 16, "X": 16, "T": 24, "Y": 24}

variant = make_speaker().appliance.view(None, str)
blocks = make_speaker(lmks=("00=test-3des-block",)).appliance.view(None, str)
aes_blocks = make_speaker(lmks=("00=test-aes-block",)).appliance.view(None, str)


@given(travels=st.sampled_from("Z0UXTYSR"), kept=st.sampled_from("Z0UT"))
def test_what_is_made_is_one_key_or_is_refused(travels: str, kept: str) -> None:
    bound = travels in ("S", "R")
    lengths = {LENGTHS[scheme] for scheme in (travels, kept) if scheme in LENGTHS and scheme != "0"}
    if len(lengths) > 1:
        with pytest.raises(KeyLengthInvalid):
            exchange.make(variant, DOUBLE_KEK, ZPK, (travels, kept))
        return
    made = exchange.make(variant, DOUBLE_KEK, ZPK, (travels, kept))
    key = opened(made.under_lmk, pair_of("001"))
    assert len(key) == (lengths or {16 if bound else 8}).pop()
    if not bound:
        assert opened(made.under_kek, KEK_BYTES) == key
    received = exchange.receive(variant, DOUBLE_KEK, made.under_kek, ZPK, kept)
    assert received.under_lmk == made.under_lmk
    assert received.parity_was_odd


@pytest.mark.parametrize("kek", [DOUBLE_KEK, KEK, AES_KEK], ids=repr)
@pytest.mark.parametrize("scheme", ["0", "S", "R"])
@pytest.mark.parametrize("key_type", [ZPK, ZAK, TAK], ids=lambda row: row.name)
def test_keys_in_blocks_go_round(kek: ClearKey, scheme: str, key_type: KeyType) -> None:
    made = exchange.make(aes_blocks, kek, key_type, (scheme, "0"))
    assert (made.key.algorithm, made.key.key_bytes) == (kek.algorithm, kek.key_bytes)
    back = exchange.receive(aes_blocks, kek, made.under_kek, key_type, "0")
    assert back.under_lmk[0] == "S"
    key = aes_blocks.typed(back.under_lmk, key_type)
    assert key.cipher.encrypt(bytes(16)) == made.key.cipher.encrypt(bytes(16))
    sent = exchange.send(aes_blocks, kek, back.under_lmk, key, key_type, scheme)
    assert sent[0] == ("R" if scheme == "R" else "S")


def test_an_aes_key_makes_no_mac_of_des() -> None:
    made = exchange.make(aes_blocks, AES_KEK, ZAK, ("0", "0"))
    assert made.key.attributes is not None
    assert (made.key.attributes.usage, made.key.attributes.algorithm) == ("M6", "A")


def test_modes_of_the_key_encrypting_key_are_kept_to() -> None:
    only_in = DOUBLE_KEK.with_attributes(BlockAttributes("52", "T", "D"))
    only_out = DOUBLE_KEK.with_attributes(BlockAttributes("52", "T", "E"))
    made = exchange.make(blocks, only_out, ZPK, ("0", "0"))
    assert exchange.receive(blocks, only_in, made.under_kek, ZPK, "0").parity_was_odd
    with pytest.raises(KeyBlockModeInvalid):
        exchange.make(blocks, only_in, ZPK, ("0", "0"))
    with pytest.raises(KeyBlockModeInvalid):
        exchange.receive(blocks, only_out, made.under_kek, ZPK, "0")


def test_a_block_is_received_as_what_it_says_it_is() -> None:
    made = exchange.make(blocks, DOUBLE_KEK, ZPK, ("S", "0"))
    for hsm in (blocks, variant):
        with pytest.raises(KeyBlockUsageInvalid):
            exchange.receive(hsm, DOUBLE_KEK, made.under_kek, ZAK, "0")


def test_only_blocks_come_under_a_key_block_lmk_and_leave_it() -> None:
    made = exchange.make(variant, DOUBLE_KEK, ZPK, ("U", "U"))
    with pytest.raises(LmkSchemesIncompatible):
        exchange.receive(blocks, DOUBLE_KEK, made.under_kek, ZPK, "0")
    with pytest.raises(KeyBlockExportabilityInvalid):
        exchange.make(blocks, DOUBLE_KEK, ZPK, ("U", "0"))
    with pytest.raises(KeySchemeInvalid):
        exchange.make(blocks, DOUBLE_KEK, ZPK, ("0", "U"))


def test_the_hardened_profile_lets_blocks_cross_alone() -> None:
    hardened = make_speaker(profile="hardened").appliance.view(None, str)
    made = exchange.make(hardened, KEK, ZPK, ("S", "U"))
    assert exchange.receive(hardened, KEK, made.under_kek, ZPK, "U").under_lmk == made.under_lmk
    for schemes in (("U", "U"), ("X", "U"), ("0", "0")):
        with pytest.raises((KeySchemeInvalid, KeyLengthInvalid)):
            exchange.make(hardened, KEK, ZPK, schemes)


def test_keys_of_one_length_need_no_tag() -> None:
    key, token = exchange.make_for_lmk(variant, Usage.CVK.key_type(), "0")
    assert opened(token, pair_of("402")) == key.reveal()
    assert len(token) == 32
