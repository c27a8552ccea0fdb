"""Key-block LMKs against blocks of real devices; damage and wrong use are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.keyblock import Header, OptionalBlock
from hsm.keys.blocklmk import KeyBlockLmk, check_attributes, default_attributes
from hsm.keys.checkvalue import check_value
from hsm.keys.generate import form, random_key
from hsm.keys.lmk import LmkUse, ParityWrong
from hsm.keys.masters import PUBLISHED_NAMES, Lmk, published_lmk
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import ANY_IN_BLOCK, KEY_TYPES, Usage, key_type, wanted
from hsm.refusal import (
    KeyBlockAlgorithmInvalid,
    KeyBlockAuthenticationFailed,
    KeyBlockExportabilityInvalid,
    KeyBlockHeaderInvalid,
    KeyBlockLengthInvalid,
    KeyBlockModeInvalid,
    KeyBlockOptionalInvalid,
    KeyBlockUsageInvalid,
    KeyBlockVersionInvalid,
    KeySchemeInvalid,
    LmkSchemesIncompatible,
    Refusal,
)

Random = Callable[[int], bytes]
Vectors = Mapping[str, list[dict[str, str]]]
ZPK = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
BY_NAME = dict(zip(PUBLISHED_NAMES, ("00", "01", "02"), strict=True))


def block(lmks: dict[str, Lmk], lmk_id: str) -> KeyBlockLmk:
    lmk = lmks[lmk_id]
    assert isinstance(lmk, KeyBlockLmk)
    return lmk


def test_witnessed_blocks_open_as_what_they_are(lmks: dict[str, Lmk], witnessed: Vectors) -> None:
    assert len(witnessed["blocks"]) == 14
    for vector in witnessed["blocks"]:
        lmk = block(lmks, BY_NAME[vector["lmk"]])
        key = lmk.unwrap(vector["token"], wanted(Usage[vector["usage"]]))
        assert key.attributes is not None
        assert key.attributes.usage == vector["token"][6:8]
        if vector.get("check_value"):
            assert check_value(key) == vector["check_value"], vector["id"]
        if vector.get("clear"):
            assert key.reveal().hex().upper() == vector["clear"], vector["id"]
        assert lmk.unwrap(vector["token"], ANY_IN_BLOCK).reveal() == key.reveal()


def test_witnessed_component_blocks_form_the_witnessed_key(lmks: dict[str, Lmk], witnessed: Vectors) -> None:
    (vector,) = witnessed["formed_blocks"]
    lmk = block(lmks, "01")
    components = [lmk.unwrap(token, wanted(key_type("000"))) for token in vector["components"]]
    key = form(components, distinct=True)
    assert key.reveal() == lmk.unwrap(vector["token"], wanted(Usage.ZMK)).reveal()
    assert check_value(key) == vector["check_value"]
    # A component is not the key: no command may use one in its place.
    with pytest.raises(KeyBlockVersionInvalid):
        lmk.unwrap(vector["components"][0], wanted(Usage.ZMK))


def test_check_values_and_kinds(lmks: dict[str, Lmk], witnessed: Vectors) -> None:
    for vector in witnessed["lmks"]:
        assert lmks[BY_NAME[vector["name"]]].check_value == vector["check_value"]
    assert [lmks[lmk_id].kind for lmk_id in ("01", "02")] == ["3des-block", "aes-block"]
    assert all(lmk.is_test for lmk in lmks.values())
    assert not KeyBlockLmk("00", bytes(range(24)), Algorithm.TDES).is_test
    assert repr(lmks["02"]) == "<aes-block LMK 02 test-aes-block>"


@pytest.mark.parametrize("lmk_id", ["01", "02"])
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_block_is_opened_again_with_its_attributes(
    lmks: dict[str, Lmk], random: Random, lmk_id: str, scale: int
) -> None:
    lmk = block(lmks, lmk_id)
    key = random_key(Algorithm.TDES, 8 * scale, random)
    attributes = BlockAttributes(
        "72", "D" if scale == 1 else "T", "E", "07", "S", (OptionalBlock("KS", "00112233445566778899"),)
    )
    token = lmk.wrap(key, key_type("001"), "S", attributes, random)
    opened = lmk.unwrap(token, wanted(Usage.ZPK))
    assert opened.reveal() == key.reveal()
    assert opened.attributes == attributes
    assert token[15:17] == lmk_id


def test_no_change_of_one_bit_goes_unnoticed(lmks: dict[str, Lmk], random: Random) -> None:
    aes = block(lmks, "02")
    aes_zpk = aes.wrap(ClearKey(KEY), key_type("001"), "S", BlockAttributes("72", "T", "B"), random)
    for lmk, token in ((block(lmks, "01"), ZPK), (aes, aes_zpk)):
        for at in range(1, len(token)):
            for bit in range(7):
                damaged = token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
                with pytest.raises(Refusal):
                    lmk.unwrap(damaged, ANY_IN_BLOCK)
        for cut in range(1, len(token)):
            with pytest.raises(Refusal):
                lmk.unwrap(token[:cut], ANY_IN_BLOCK)
        with pytest.raises(KeyBlockLengthInvalid):
            lmk.unwrap(token + "00", ANY_IN_BLOCK)


@pytest.mark.parametrize(
    ("place", "text"), [(6, "71"), (8, "D"), (9, "E"), (10, "01"), (12, "N"), (15, "02"), (17, "0"), (-1, "8")]
)
def test_a_changed_header_fails_authentication_before_anything_it_says(
    lmks: dict[str, Lmk], place: int, text: str
) -> None:
    characters = list(ZPK)
    characters[place : place + len(text) or None] = text
    with pytest.raises(KeyBlockAuthenticationFailed):
        block(lmks, "01").unwrap("".join(characters), wanted(Usage.MK_AC))


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_a_key_of_one_type_never_opens_as_another(lmks: dict[str, Lmk], random: Random, lmk_id: str) -> None:
    lmk = block(lmks, lmk_id)
    rows = [row for row in KEY_TYPES.values() if row.des_bytes and row.block_usages]
    for made_as in rows:
        token = lmk.wrap(ClearKey(KEY), made_as, "S", default_attributes(made_as, ClearKey(KEY)), random)
        for usage in Usage:
            allowed = made_as.block_usages[0] in usage.value[2]
            try:
                lmk.unwrap(token, wanted(usage))
            except (KeyBlockUsageInvalid, KeyBlockAlgorithmInvalid):
                assert not allowed
            else:
                assert allowed


def test_usage_algorithm_mode_length_and_parity_are_checked(lmks: dict[str, Lmk], random: Random) -> None:
    lmk = block(lmks, "02")

    def made(usage: str, algorithm: str, mode: str, key: ClearKey) -> str:
        return lmk.wrap(key, None, "S", BlockAttributes(usage, algorithm, mode), random)

    des, aes = ClearKey(KEY), ClearKey(KEY, Algorithm.AES)
    for token, usage, reason in (
        (made("72", "T", "B", des), Usage.TPK, KeyBlockUsageInvalid),
        (made("C0", "A", "C", aes), Usage.CVK, KeyBlockAlgorithmInvalid),
        (made("C0", "T", "B", des), Usage.CVK, KeyBlockModeInvalid),
        (made("P0", "T", "X", des), Usage.ZPK, KeyBlockModeInvalid),
        (made("61", "H", "C", ClearKey(KEY, None)), Usage.TAK, KeyBlockUsageInvalid),
        (made("B0", "T", "X", ClearKey(KEY + KEY[:8])), Usage.BDK, KeyBlockLengthInvalid),
        (made("P0", "T", "B", ClearKey(bytes(16))), Usage.ZPK, ParityWrong),
    ):
        with pytest.raises(reason):
            lmk.unwrap(token, wanted(usage))
    hmac_key = lmk.unwrap(made("61", "H", "C", ClearKey(KEY, None)), wanted(Usage.HMAC))
    assert (hmac_key.algorithm, hmac_key.reveal()) == (None, KEY)


def test_a_witnessed_block_with_a_key_of_even_parity_is_refused(witnessed: Vectors) -> None:
    # EFTLab's sample key F03C141B... is of even parity; here wrapped anew, since it came under another LMK.
    lmk = published_lmk("test-3des-block", "01")
    key = ClearKey(bytes.fromhex("F03C141BEC83D26B169BDCD5B22AAF8F"))
    token = lmk.wrap(key, None, "S", BlockAttributes("P0", "T", "E"), bytes)
    with pytest.raises(ParityWrong):
        lmk.unwrap(token, ANY_IN_BLOCK)


@pytest.mark.parametrize(("algorithm", "length"), [("D", 16), ("T", 8), ("T", 32), ("A", 8), ("A", 17), ("T", 17)])
def test_a_block_whose_key_is_not_of_its_algorithms_length(
    lmks: dict[str, Lmk], random: Random, algorithm: str, length: int
) -> None:
    lmk = block(lmks, "02")
    header = Header("1", "P0", algorithm, "B", last="02")
    token = "S" + BlockProtector(lmk.material(), "1").wrap(header, bytes(length), random)
    with pytest.raises(KeyBlockLengthInvalid):
        lmk.unwrap(token, ANY_IN_BLOCK)


def test_a_block_of_no_symmetric_key(lmks: dict[str, Lmk], random: Random) -> None:
    lmk = block(lmks, "02")
    for algorithm in "RES":
        header = Header("1", "P0", algorithm, "B", last="02")
        token = "S" + BlockProtector(lmk.material(), "1").wrap(header, bytes(16), random)
        with pytest.raises(KeyBlockAlgorithmInvalid):
            lmk.unwrap(token, ANY_IN_BLOCK)


def test_what_lies_under_another_sort_of_lmk(lmks: dict[str, Lmk], random: Random) -> None:
    tdes, aes = block(lmks, "01"), block(lmks, "02")
    aes_zpk = aes.wrap(ClearKey(KEY), key_type("001"), "S", BlockAttributes("72", "T", "B"), random)
    for lmk, token in ((tdes, "U" + "0" * 32), (tdes, "0" * 16), (aes, ZPK), (tdes, aes_zpk), (tdes, "")):
        with pytest.raises(LmkSchemesIncompatible):
            lmk.unwrap(token, wanted(Usage.ZPK))
    with pytest.raises(KeySchemeInvalid):
        tdes.unwrap("R" + ZPK[1:], wanted(Usage.ZPK))
    with pytest.raises(KeyBlockHeaderInvalid):
        tdes.unwrap("S9" + ZPK[2:], wanted(Usage.ZPK))
    other = KeyBlockLmk("01", bytes(range(24)), Algorithm.TDES)
    with pytest.raises(KeyBlockAuthenticationFailed):
        other.unwrap(ZPK, wanted(Usage.ZPK))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"usage": "71"}, KeyBlockUsageInvalid),
        ({"algorithm": "A"}, KeyBlockAlgorithmInvalid),
        ({"algorithm": "D"}, KeyBlockAlgorithmInvalid),
        ({"mode": "G"}, KeyBlockModeInvalid),
        ({"mode": ""}, KeyBlockModeInvalid),
        ({"key_version": "0"}, KeyBlockVersionInvalid),
        ({"key_version": "c0"}, KeyBlockVersionInvalid),
        ({"exportability": "X"}, KeyBlockExportabilityInvalid),
        ({"exportability": ""}, KeyBlockExportabilityInvalid),
        ({"optional": (OptionalBlock("k", "00"),)}, KeyBlockOptionalInvalid),
    ],
)
def test_attributes_that_do_not_go_with_the_key(
    lmks: dict[str, Lmk], random: Random, change: dict[str, str], reason: type[Refusal]
) -> None:
    attributes = replace(BlockAttributes("72", "T", "B"), **change)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(reason):
        block(lmks, "02").wrap(ClearKey(KEY), key_type("001"), "S", attributes, random)


def test_what_a_block_lmk_does_not_write(lmks: dict[str, Lmk], random: Random) -> None:
    lmk, row, attributes = block(lmks, "01"), key_type("001"), BlockAttributes("72", "T", "B")
    for scheme in ("", "U", "R", "0"):
        with pytest.raises(KeySchemeInvalid):
            lmk.wrap(ClearKey(KEY), row, scheme, attributes, random)
    with pytest.raises(KeyBlockHeaderInvalid):
        lmk.wrap(ClearKey(KEY), row, "S", None, random)
    aes = ClearKey(KEY, Algorithm.AES)
    with pytest.raises(KeyBlockAlgorithmInvalid):
        lmk.wrap(aes, row, "S", replace(attributes, algorithm="A"), random)
    with pytest.raises(KeyBlockUsageInvalid):
        default_attributes(key_type("105"), aes)
    with pytest.raises(KeyBlockLengthInvalid):
        check_attributes(BlockAttributes("C0", "T", "C"), ClearKey(KEY[:8] + KEY), wanted(Usage.CVK))


def test_a_mask_hides_the_length_of_a_key(random: Random) -> None:
    lmk = published_lmk("test-aes-block", "02", mask_bytes=32)
    lengths = set()
    for count in (16, 24, 32):
        key = random_key(Algorithm.AES, count, random)
        token = lmk.wrap(key, key_type("001"), "S", BlockAttributes("P0", "A", "B"), random)
        lengths.add(len(token))
        assert lmk.unwrap(token, wanted(Usage.ZPK)).reveal() == key.reveal()
    assert len(lengths) == 1


def test_a_decimalisation_table_captured_under_the_3des_lmk(lmks: dict[str, Lmk]) -> None:
    # EA exchange of a payShield 9000 (softwaregroup-bg/ut-codec-payshield @4063d5b): 709F26B22464E96A is 0123456789012345.
    table = block(lmks, "01").cipher_for(LmkUse.DECIMALISATION_TABLE)
    assert table.decrypt(bytes.fromhex("709F26B22464E96A")).hex() == "0123456789012345"


@pytest.mark.parametrize("lmk_id", ["01", "02"])
def test_every_use_has_its_own_cipher(lmks: dict[str, Lmk], lmk_id: str) -> None:
    lmk = block(lmks, lmk_id)
    assert len({lmk.cipher_for(use).encrypt(bytes(16)) for use in LmkUse}) == len(LmkUse)
    assert lmk.cipher_for(LmkUse.PIN) is lmk.cipher_for(LmkUse.PIN)


@pytest.mark.parametrize(("length", "algorithm"), [(16, Algorithm.TDES), (24, Algorithm.AES), (32, Algorithm.TDES)])
def test_other_lengths_make_no_lmk(length: int, algorithm: Algorithm) -> None:
    with pytest.raises(ValueError, match="key-block LMK"):
        KeyBlockLmk("00", bytes(length), algorithm)
