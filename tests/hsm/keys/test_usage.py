"""The key type table against the codes that public lists agree on."""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import (
    ANY_IN_BLOCK,
    KEY_TYPES,
    Deed,
    Usage,
    key_type,
    key_type_of_pair,
    require,
    wanted,
)
from hsm.refusal import KeyBlockModeInvalid, KeyTypeCodeInvalid


@pytest.mark.parametrize(
    ("code", "name", "pair", "variant"),
    [
        ("000", "ZMK", "04-05", 0),
        ("100", "ZMK component", "04-05", 1),
        ("200", "KML", "04-05", 2),
        ("001", "ZPK", "06-07", 0),
        ("002", "TMK, TPK, PVK", "14-15", 0),
        ("402", "CVK, CSCK", "14-15", 4),
        ("003", "TAK", "16-17", 0),
        ("006", "WWK", "22-23", 0),
        ("008", "ZAK", "26-27", 0),
        ("009", "BDK-1", "28-29", 0),
        ("209", "MK-SMI", "28-29", 2),
        ("00A", "ZEK", "30-31", 0),
        ("00B", "DEK", "32-33", 0),
        ("30B", "TEK", "32-33", 3),
        ("00C", "RSA private key", "34-35", 0),
        ("10C", "HMAC key", "34-35", 1),
        ("70D", "TPK", "36-37", 7),
        ("80D", "TMK", "36-37", 8),
        ("90D", "TKR", "36-37", 9),
        ("507", "SK-DEK", "24-25", 5),
        ("905", "OBKM", "20-21", 9),
        ("606", "OBKM", "22-23", 6),
    ],
)
def test_a_code_says_pair_and_variant(code: str, name: str, pair: str, variant: int) -> None:
    row = key_type(code)
    assert (row.code, row.name, row.pair_name, row.variant) == (code, name, pair, variant)


def test_every_code_is_there_once() -> None:
    assert len(KEY_TYPES) == 51
    assert len({(row.pair, row.variant) for row in KEY_TYPES.values()}) == 51


@pytest.mark.parametrize("code", ["", "0", "FFF", "999", "00G", "0a1", "00a", "\u0660\u0660\u0661", "0010"])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(KeyTypeCodeInvalid):
        key_type(code)
    with pytest.raises(KeyTypeCodeInvalid):
        key_type_of_pair(code)


@pytest.mark.parametrize(
    ("code", "pair", "variant"),
    [
        ("00", 2, 0),
        ("01", 3, 0),
        ("02", 7, 0),
        ("03", 8, 0),
        ("04", 9, 0),
        ("05", 10, 0),
        ("0A", 15, 0),
        ("0B", 16, 0),
        ("0C", 17, 0),
        ("0E", 19, 0),
        ("10", 2, 1),
        ("42", 7, 4),
    ],
)
def test_pair_codes(code: str, pair: int, variant: int) -> None:
    row = key_type_of_pair(code)
    assert (row.pair, row.variant) == (pair, variant)


@pytest.mark.parametrize("code", ["FF", "F2", "20", "0F", "43", "11"])
def test_other_pair_codes_are_refused(code: str) -> None:
    with pytest.raises(KeyTypeCodeInvalid):
        key_type_of_pair(code)


def test_separation_of_type_002_moves_terminal_keys_and_leaves_pin_verification_keys() -> None:
    for usage in Usage:
        shared, separate = usage.key_type().code, usage.key_type(True).code
        moved = {Usage.TPK: "70D", Usage.TMK: "80D", Usage.TKR: "90D"}.get(usage)
        assert separate == (moved or shared)
        assert (shared == "002") == (moved is not None or usage.name.startswith("PVK"))
    together, apart = (wanted(key_type("002"), separate).block_usages for separate in (False, True))
    assert together is not None
    assert apart is not None
    assert "51" in together
    assert apart == {"V0", "V1", "V2"}


def test_no_usage_is_an_alias_of_another() -> None:
    assert len(Usage) == len(Usage.__members__) == 33


def test_the_use_of_a_type_is_among_the_types_block_usages() -> None:
    for usage in Usage:
        asked = wanted(usage)
        assert asked.block_usages is not None
        assert asked.block_usages <= set(usage.key_type().block_usages) | {"73", "P0"}
        assert asked.modes <= usage.key_type().modes
        assert asked.components is (usage is Usage.ZMK_COMPONENT)
    assert wanted(None) is ANY_IN_BLOCK


@pytest.mark.parametrize(
    ("mode", "allowed"),
    [
        ("N", set(Deed)),
        ("B", {Deed.ENCRYPT, Deed.DECRYPT}),
        ("E", {Deed.ENCRYPT}),
        ("D", {Deed.DECRYPT}),
        ("C", {Deed.GENERATE, Deed.VERIFY}),
        ("G", {Deed.GENERATE}),
        ("V", {Deed.VERIFY}),
        ("X", {Deed.DERIVE}),
        ("S", {Deed.SIGN}),
    ],
)
def test_a_mode_of_use_allows_its_deeds_and_no_other(mode: str, allowed: set[Deed]) -> None:
    key = ClearKey(bytes(16), Algorithm.TDES, BlockAttributes("C0", "T", mode))
    for deed in Deed:
        if deed in allowed:
            require(key, deed)
        else:
            with pytest.raises(KeyBlockModeInvalid):
                require(key, deed)
        require(key.with_attributes(None), deed)
