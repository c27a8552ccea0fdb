"""The variant LMK against keys that other implementations and a manual published."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from Crypto.Cipher import DES3

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.checkvalue import CheckValue, check_value
from hsm.keys.lmk import LmkUse, ParityWrong, VariantLmk
from hsm.keys.masters import Lmk, LmkForm, material_of, new_material
from hsm.keys.published import PUBLISHED_PAIRS
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KEY_TYPES, Usage, key_type, wanted
from hsm.refusal import (
    InputInvalid,
    KeyLengthInvalid,
    KeySchemeInvalid,
    KeyTypeInvalid,
    LmkSchemesIncompatible,
)

Random = Callable[[int], bytes]
Vectors = Mapping[str, list[dict[str, str]]]
ZPK_TOKEN = "U1EF828AA8F6B80EB83E19FBC373F3A85"
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@pytest.fixture
def lmk(lmks: dict[str, Lmk]) -> VariantLmk:
    published = lmks["00"]
    assert isinstance(published, VariantLmk)
    return published


def new_lmk(random: Random, step: int = 16) -> VariantLmk:
    pairs = new_material("variant", random)
    if step == 24:
        pairs = b"".join(pairs[at : at + 16] + pairs[at : at + 8][::-1] for at in range(0, 320, 16))
    return VariantLmk("07", [pairs[at : at + step] for at in range(0, len(pairs), step)])


def test_witnessed_check_values(lmk: VariantLmk, witnessed: Vectors) -> None:
    for vector in witnessed["check_values"]:
        key = lmk.unwrap(vector["token"], wanted(key_type(vector["key_type"])))
        assert check_value(key, CheckValue.FULL).startswith(vector["check_value"]), vector["id"]


def test_witnessed_keys_are_made_and_opened(lmk: VariantLmk, witnessed: Vectors, random: Random) -> None:
    assert len(witnessed["wraps"]) == 12
    for vector in witnessed["wraps"]:
        row = key_type(vector["key_type"])
        key = ClearKey(bytes.fromhex(vector["clear"]))
        assert lmk.wrap(key, row, vector["scheme"], None, random) == vector["token"], vector["id"]
        if vector["check_value"]:
            assert check_value(key, CheckValue.FULL).startswith(vector["check_value"]), vector["id"]
        assert lmk.unwrap(vector["token"], wanted(row)).reveal() == key.reveal(), vector["id"]


def test_a_witnessed_change_of_scheme(lmk: VariantLmk, witnessed: Vectors, random: Random) -> None:
    for vector in witnessed["rewraps"]:
        row = key_type(vector["key_type"])
        key = lmk.unwrap(vector["token"], wanted(row))
        assert lmk.wrap(key, row, vector["scheme"], None, random) == vector["rewrapped"]
        assert lmk.unwrap(vector["rewrapped"], wanted(row)).reveal() == key.reveal()


def test_a_witnessed_key_moves_from_an_old_lmk(lmk: VariantLmk, witnessed: Mapping[str, Mapping[str, str]]) -> None:
    vector = witnessed["old_lmk"]
    pairs = list(PUBLISHED_PAIRS)
    pairs[7] = bytes.fromhex(vector["pair_14_15"])
    old = VariantLmk("00", pairs, "old")
    row = key_type(vector["key_type"])
    key = old.unwrap(vector["old_token"], wanted(row))
    assert lmk.wrap(key, row, "U", None, bytes) == vector["new_token"]
    assert not old.is_test


def test_the_published_set_is_known_and_its_check_value_is_the_recorded_one(lmk: VariantLmk, random: Random) -> None:
    assert (lmk.kind, lmk.is_test, lmk.check_value) == ("variant", True, "2686040000000000")
    other = new_lmk(random)
    assert not other.is_test
    assert other.check_value[6:] == "0000000000"
    assert len({other.check_value, lmk.check_value, new_lmk(random).check_value}) == 3


def test_the_check_value_depends_on_every_pair_and_their_order(random: Random) -> None:
    pairs = [new_material("variant", random)[at : at + 16] for at in range(0, 320, 16)]
    values = {VariantLmk("00", pairs).check_value, VariantLmk("00", [pairs[1], pairs[0], *pairs[2:]]).check_value}
    for place in range(20):
        changed = [*pairs[:place], bytes([pairs[place][0] ^ 0x10]) + pairs[place][1:], *pairs[place + 1 :]]
        values.add(VariantLmk("00", changed).check_value)
    assert len(values) == 22


@pytest.mark.parametrize("step", [16, 24])
def test_a_key_of_one_type_never_opens_as_another(step: int, random: Random) -> None:
    lmk = new_lmk(random, step)
    rows = [row for row in KEY_TYPES.values() if row.des_bytes]
    for made_as in rows:
        token = lmk.wrap(ClearKey(KEY), made_as, "U", None, random)
        for opened_as in rows:
            if opened_as is made_as:
                assert lmk.unwrap(token, wanted(opened_as)).reveal() == KEY
            else:
                with pytest.raises(ParityWrong):
                    lmk.unwrap(token, wanted(opened_as))


def test_halves_do_not_change_places(lmk: VariantLmk, random: Random) -> None:
    row = key_type("001")
    token = lmk.wrap(ClearKey(KEY), row, "U", None, random)
    for spliced in ("U" + token[17:] + token[1:17], "U" + token[1:17] * 2, "U" + token[17:] * 2):
        with pytest.raises(ParityWrong):
            lmk.unwrap(spliced, wanted(row))


def test_with_separation_a_pvk_is_no_tmk(random: Random) -> None:
    lmk = new_lmk(random)
    pvk = lmk.wrap(ClearKey(KEY), Usage.PVK.key_type(True), "U", None, random)
    assert lmk.unwrap(pvk, wanted(Usage.TMK)).reveal() == KEY
    with pytest.raises(ParityWrong):
        lmk.unwrap(pvk, wanted(Usage.TMK, separate_002=True))
    assert lmk.unwrap(pvk, wanted(Usage.PVK_IBM, separate_002=True)).reveal() == KEY


@pytest.mark.parametrize("code", ["000", "001", "402", "509"])
def test_a_three_key_lmk_by_hand(code: str, random: Random) -> None:
    """pycryptodome with the variants put in by hand: the key type's into byte 0, the part's into byte 8."""
    triple = KEY + bytes.fromhex("89ABCDEF01234567")
    pairs = [bytes(part) for part in zip(*[iter(material_of(LmkForm.VARIANT_3KEY, random))] * 24, strict=True)]
    lmk = VariantLmk("07", pairs)
    row = key_type(code)
    assert row is not None
    key_variant = {"0": 0x00, "4": 0xDE, "5": 0x2B}[code[0]]
    for content, scheme, variants in ((KEY, "U", (0xA6, 0x5A)), (triple, "T", (0x6A, 0xDE, 0x2B))):
        if len(content) not in row.des_bytes:
            continue
        parts = []
        for at, variant in enumerate(variants):
            under = bytearray(pairs[row.pair])
            under[0] ^= key_variant
            under[8] ^= variant
            parts.append(DES3.new(bytes(under), DES3.MODE_ECB).encrypt(content[8 * at : 8 * at + 8]))
        token = scheme + b"".join(parts).hex().upper()
        assert lmk.wrap(ClearKey(content), row, scheme, None, random) == token
        assert lmk.unwrap(token, wanted(row)).reveal() == content


@pytest.mark.parametrize("row", [key_type("001"), None])
def test_a_key_block_is_no_key_of_this_lmk(lmk: VariantLmk, row: None) -> None:
    for token in ("S00072P0TB00E0001", "RB0080K0TN00N0000"):
        with pytest.raises(LmkSchemesIncompatible):
            lmk.unwrap(token, wanted(row))


def test_a_type_is_needed_and_must_be_a_block_ciphers(lmk: VariantLmk) -> None:
    for asked in (None, key_type("00C"), key_type("10C")):
        with pytest.raises(KeyTypeInvalid):
            lmk.unwrap(ZPK_TOKEN, wanted(asked))
        with pytest.raises(KeyTypeInvalid):
            lmk.wrap(ClearKey(KEY), asked, "U", None, bytes)


def test_lengths_are_the_types(lmk: VariantLmk) -> None:
    for token in ("0" * 16, "T" + "0" * 48):
        with pytest.raises(KeyLengthInvalid):
            lmk.unwrap(token, wanted(Usage.CVK))
    with pytest.raises(KeyLengthInvalid):
        lmk.wrap(ClearKey(KEY[:8]), key_type("009"), "Z", None, bytes)


def test_malformed_tokens(lmk: VariantLmk) -> None:
    for token in ("", "U", "0" * 17, "U" + "0G" * 16, "U" + "0" * 30 + " 0"):
        with pytest.raises(InputInvalid):
            lmk.unwrap(token, wanted(Usage.ZPK))
    with pytest.raises(KeySchemeInvalid):
        lmk.unwrap("V" + "0" * 32, wanted(Usage.ZPK))


def test_an_aes_key_has_no_variant_form(lmk: VariantLmk) -> None:
    with pytest.raises(KeySchemeInvalid):
        lmk.wrap(ClearKey(KEY, Algorithm.AES), key_type("001"), "U", None, bytes)


def test_other_uses_have_their_own_pairs(lmk: VariantLmk) -> None:
    pin = lmk.cipher_for(LmkUse.PIN)
    assert pin is lmk.cipher_for(LmkUse.PIN)
    by_hand = ClearKey(bytes.fromhex("20202020202020203131313131313131")).cipher
    assert pin.encrypt(bytes(8)) == by_hand.encrypt(bytes(8))


@pytest.mark.parametrize(
    "pairs", [[], [bytes(16)] * 19, [bytes(16)] * 21, [bytes(8)] * 20, [bytes(16), bytes(24)] * 10]
)
def test_twenty_pairs_of_one_length(pairs: list[bytes]) -> None:
    with pytest.raises(ValueError, match="20 pairs"):
        VariantLmk("00", pairs)


def test_an_lmk_is_not_shown(lmk: VariantLmk) -> None:
    assert repr(lmk) == "<variant LMK 00 test-variant>"
