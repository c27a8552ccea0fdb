"""Keys between zones: witnessed exchanges, an independent maker of TR-31 blocks, and every refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import with_odd
from hsm.keys import transport
from hsm.keys.checkvalue import CheckValue, check_value, pair_check_values
from hsm.keys.masters import PUBLISHED_NAMES
from hsm.keys.ring import KeyRing
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Usage, key_type, wanted
from hsm.refusal import (
    InputInvalid,
    KeyBlockAlgorithmInvalid,
    KeyBlockAuthenticationFailed,
    KeyBlockExportabilityInvalid,
    KeyBlockHeaderInvalid,
    KeyLengthInvalid,
    KeySchemeInvalid,
    Refusal,
)

# psec takes triple DES from where pyca has it no longer.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

Random = Callable[[int], bytes]
Vectors = Mapping[str, list[dict[str, str]]]
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
ZMK = ClearKey(bytes.fromhex("1C587F1C13924FEF57A1B6D3209E4C8A"))
AES_ZMK = ClearKey(bytes(range(32)), Algorithm.AES)
ATTRIBUTES = BlockAttributes("72", "T", "E", "00", "E")
BY_NAME = dict(zip(PUBLISHED_NAMES, ("00", "01", "02"), strict=True))


def scheme_of(token: str) -> str:
    return token[0] if token[0] in "UTXYSR" else ""


def test_witnessed_exchanges_under_a_variant_lmk(ring: KeyRing, random: Random, witnessed: Vectors) -> None:
    assert len(witnessed["transports"]) == 15
    for vector in witnessed["transports"]:
        row = key_type(vector["key_type"])
        kek = ring.typed(vector["kek"], key_type(vector["kek_type"]))
        key = ring.typed(vector["under_lmk"], row)
        under_kek, atalla = vector["under_kek"], vector["atalla"]
        assert transport.wrap(kek, key, scheme_of(under_kek), random, atalla=atalla) == under_kek, vector["id"]
        imported = transport.unwrap(kek, under_kek, atalla)
        assert imported.parity_was_odd
        scheme = scheme_of(vector["under_lmk"])
        assert ring.lmk("00").wrap(imported.key, row, scheme, None, random) == vector["under_lmk"], vector["id"]
        shown = vector["check_value"]
        full = pair_check_values(key) if len(shown) == 12 else check_value(key, CheckValue.FULL)
        assert full.startswith(shown), vector["id"]


def test_a_witnessed_import_of_even_parity_is_made_odd_and_told(witnessed: Vectors) -> None:
    (vector,) = witnessed["even_parity_imports"]
    imported = transport.unwrap(ClearKey(bytes.fromhex(vector["kek_clear"])), vector["under_kek"])
    assert not imported.parity_was_odd
    assert imported.key.reveal() == with_odd(bytes.fromhex(vector["clear_before_forcing"]))
    assert check_value(imported.key) == vector["check_value"]


def test_witnessed_blocks_between_zones(ring: KeyRing, random: Random, witnessed: Vectors) -> None:
    assert len(witnessed["block_transports"]) == 2
    for vector in witnessed["block_transports"]:
        lmk_id = BY_NAME[vector["lmk"]]
        lmk = ring.lmk(lmk_id)
        kek = lmk.unwrap(vector["kek"], wanted(Usage[vector["kek_usage"]]))
        key = lmk.unwrap(vector["under_lmk"], wanted(Usage[vector["usage"]]))
        arrived = transport.unwrap(kek, vector["under_kek"]).key
        assert arrived.reveal() == key.reveal(), vector["id"]
        assert check_value(key).startswith(vector.get("check_value", "")), vector["id"]
        # Our own block is of the same form: same header, same length, and it opens to the same key.
        assert arrived.attributes is not None
        made = transport.wrap(kek, key, vector["under_kek"][0], random, attributes=arrived.attributes)
        assert (made[:17], len(made)) == (vector["under_kek"][:17], len(vector["under_kek"]))
        assert transport.unwrap(kek, made).key.reveal() == key.reveal()


@pytest.mark.parametrize("kek_bytes", [16, 24])
@pytest.mark.parametrize(("version", "psec_algorithm"), [("A", "T"), ("B", "T"), ("C", "T")])
def test_tr31_under_des_keys_agrees_with_psec(
    kek_bytes: int, version: str, psec_algorithm: str, random: Random
) -> None:
    kbpk = with_odd(random(kek_bytes))
    _agrees_with_psec(ClearKey(kbpk), kbpk, version, psec_algorithm, random)


@pytest.mark.parametrize("kek_bytes", [16, 24, 32])
@pytest.mark.parametrize("algorithm", ["T", "A"])
def test_tr31_under_aes_keys_agrees_with_psec(kek_bytes: int, algorithm: str, random: Random) -> None:
    kbpk = random(kek_bytes)
    _agrees_with_psec(ClearKey(kbpk, Algorithm.AES), kbpk, "D", algorithm, random)


def _agrees_with_psec(kek: ClearKey, kbpk: bytes, version: str, algorithm: str, random: Random) -> None:
    theirs = psec.tr31.wrap(kbpk, psec.tr31.Header(version, "P0", algorithm, "E", "03", "N"), KEY)
    key = transport.unwrap(kek, "R" + theirs).key
    assert key.reveal() == KEY
    assert key.attributes == BlockAttributes("P0", algorithm, "E", "03", "N")
    ours = transport.wrap(kek, key, "R", random, version=version)
    header, clear = psec.tr31.unwrap(kbpk, ours[1:])
    assert clear == KEY
    assert (header.version_id, header.key_usage, header.mode_of_use, header.version_num) == (version, "P0", "E", "03")


@given(
    st.sampled_from([8, 16, 24]),
    st.sampled_from([8, 16, 24]),
    st.sampled_from(["", "1", "9", "10", "31"]),
    st.binary(min_size=24, max_size=24),
    st.binary(min_size=24, max_size=24),
)
def test_what_goes_out_comes_in(kek_bytes: int, key_bytes: int, atalla: str, kek_draw: bytes, key_draw: bytes) -> None:
    kek, key = ClearKey(kek_draw[:kek_bytes]), ClearKey(with_odd(key_draw[:key_bytes]))
    for scheme in {8: ("", "Z"), 16: ("", "U", "X"), 24: ("0", "T", "Y")}[key_bytes]:
        token = transport.wrap(kek, key, scheme, bytes, atalla=atalla)
        imported = transport.unwrap(kek, token, atalla)
        assert imported.parity_was_odd
        assert imported.key.reveal() == key.reveal()


def test_the_scheme_is_part_of_the_protection() -> None:
    token = transport.wrap(ZMK, ClearKey(KEY), "U", bytes)
    assert transport.unwrap(ZMK, "X" + token[1:]).key.reveal() != KEY
    assert transport.unwrap(ZMK, token, "1").key.reveal() != KEY


@pytest.mark.parametrize(("variant", "byte"), [("", 0), ("0", 0), ("1", 8), ("9", 72), ("10", 80), ("31", 248)])
def test_atalla_variants(variant: str, byte: int) -> None:
    assert transport.atalla_byte(variant) == byte


@pytest.mark.parametrize("variant", ["32", "99", "05", "00", "100", "A", "-1", "+1", " 1", "1_0", "\u0661"])
def test_atalla_variants_that_are_none(variant: str) -> None:
    with pytest.raises(InputInvalid):
        transport.atalla_byte(variant)


@pytest.mark.parametrize(
    ("kek", "scheme", "options", "reason"),
    [
        (ZMK, "V", {}, KeySchemeInvalid),
        (ZMK, "T", {}, KeyLengthInvalid),
        (AES_ZMK, "U", {}, KeySchemeInvalid),
        (ZMK, "S", {"atalla": "1", "attributes": ATTRIBUTES}, InputInvalid),
        (ZMK, "S", {}, KeyBlockHeaderInvalid),
        (ZMK, "R", {"attributes": ATTRIBUTES, "version": "D"}, KeySchemeInvalid),
        (AES_ZMK, "R", {"attributes": ATTRIBUTES, "version": "B"}, KeySchemeInvalid),
        (ZMK, "R", {"attributes": ATTRIBUTES, "version": "F"}, KeySchemeInvalid),
        (ClearKey(KEY[:8]), "S", {"attributes": ATTRIBUTES}, KeyLengthInvalid),
        (ClearKey(KEY, None), "S", {"attributes": ATTRIBUTES}, KeySchemeInvalid),
        (ClearKey(KEY, None), "U", {}, KeySchemeInvalid),
    ],
)
def test_what_is_not_written(kek: ClearKey, scheme: str, options: dict[str, str], reason: type[Refusal]) -> None:
    with pytest.raises(reason):
        transport.wrap(kek, ClearKey(KEY), scheme, bytes, **options)  # type: ignore[arg-type]  # options by name


def test_an_aes_key_does_not_travel_under_a_des_key_nor_without_a_block() -> None:
    key = ClearKey(KEY, Algorithm.AES, BlockAttributes("P0", "A", "E"))
    for scheme in ("S", "R"):
        with pytest.raises(KeyBlockAlgorithmInvalid):
            transport.wrap(ZMK, key, scheme, bytes)
    with pytest.raises(KeySchemeInvalid):
        transport.wrap(ZMK, key, "U", bytes)


def test_blocks_are_refused_under_a_key_of_another_algorithm_or_changed() -> None:
    key = ClearKey(KEY, Algorithm.TDES, ATTRIBUTES)
    for scheme in ("S", "R"):
        for kek, other in ((ZMK, AES_ZMK), (AES_ZMK, ZMK)):
            token = transport.wrap(kek, key, scheme, bytes)
            with pytest.raises(KeyBlockAlgorithmInvalid):
                transport.unwrap(other, token)
            for at in range(1, len(token)):
                with pytest.raises(Refusal):
                    transport.unwrap(kek, token[:at] + ("1" if token[at] == "0" else "0") + token[at + 1 :])
            with pytest.raises(InputInvalid):
                transport.unwrap(kek, token, "1")
    wrong = ClearKey(KEY)
    with pytest.raises(KeyBlockAuthenticationFailed):
        transport.unwrap(wrong, transport.wrap(ZMK, key, "S", bytes))


def test_thales_usages_become_those_of_x9_143_in_tr31_only() -> None:
    key = ClearKey(KEY, Algorithm.TDES, ATTRIBUTES)
    assert transport.wrap(ZMK, key, "R", bytes)[6:8] == "P0"
    assert transport.wrap(ZMK, key, "S", bytes)[6:8] == "72"


def test_the_lmk_identifier_is_not_told_to_another_zone() -> None:
    key = ClearKey(KEY, Algorithm.TDES, ATTRIBUTES)
    assert transport.wrap(ZMK, key, "S", bytes)[15:17] == "FF"
    assert transport.wrap(ZMK, key, "R", bytes)[15:17] == "00"


def test_a_mask_hides_the_length(random: Random) -> None:
    lengths = {
        len(transport.wrap(AES_ZMK, ClearKey(random(count), Algorithm.AES), "R", random, attributes=aes, mask_bytes=32))
        for aes in (BlockAttributes("P0", "A", "E"),)
        for count in (16, 24, 32)
    }
    assert len(lengths) == 1


@pytest.mark.parametrize("now", "SEN")
@pytest.mark.parametrize("then", ["S", "E", "N", "", "X", "SE"])
def test_exportability_is_only_tightened(now: str, then: str) -> None:
    attributes = replace(ATTRIBUTES, exportability=now)
    if then in ("S", "E", "N") and "SEN".index(then) >= "SEN".index(now):
        assert transport.tightened(attributes, then) == replace(attributes, exportability=then)
    else:
        with pytest.raises(KeyBlockExportabilityInvalid):
            transport.tightened(attributes, then)


@given(st.text(alphabet=st.sampled_from("0123456789ABCDEFKRSTUXYZPN \x00é\u0663"), max_size=100), st.booleans())
def test_any_text_is_a_key_or_a_refusal(token: str, aes: bool) -> None:
    said: tuple[object, ...] = ()
    try:
        transport.unwrap(AES_ZMK if aes else ZMK, token)
    except Refusal as refusal:
        said = refusal.args
    assert not said
