"""Rules of the border, one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import key_type
from hsm.operations.border import attributes_of, check_atalla, check_scheme, check_strength, narrowed
from hsm.refusal import InputInvalid, KeyBlockHeaderInvalid, KeyLengthInvalid, KeySchemeInvalid, Refusal

KEYS = [
    ClearKey(bytes(range(1, 9))),
    ClearKey(bytes(range(1, 17))),
    ClearKey(bytes(range(1, 25))),
    ClearKey(bytes(range(16)), Algorithm.AES),
    ClearKey(bytes(range(32)), Algorithm.AES),
]
"""Single, double and triple DES, AES-128, AES-256: each stronger than the one before."""


def view(**settings: str) -> Hsm:
    speaker = make_speaker({name.replace("_", "-"): text for name, text in settings.items()})
    return speaker.appliance.view(None, lambda request: "")


@pytest.mark.parametrize("kek", range(5))
@pytest.mark.parametrize("key", range(5))
def test_no_key_travels_under_a_weaker_one(kek: int, key: int) -> None:
    """Requirement K2 as a matrix: the lower triangle is refused."""
    check_strength(view(), KEYS[kek], KEYS[key])
    strict = view(weaker_kek_allowed="no")
    if kek < key:
        with pytest.raises(KeyLengthInvalid):
            check_strength(strict, KEYS[kek], KEYS[key])
    else:
        check_strength(strict, KEYS[kek], KEYS[key])


@pytest.mark.parametrize("token", ["U" + 32 * "0", "X" + 32 * "0", "T", "Y", 16 * "0", 32 * "0", "RA0072", "Z"])
def test_trusted_formats(token: str) -> None:
    check_scheme(view(), token, enabled_x917=True)
    with pytest.raises(KeySchemeInvalid):
        check_scheme(view(trusted_format_only="yes"), token, enabled_x917=True)


@pytest.mark.parametrize(
    ("token", "refused"), [("X", True), ("Y", True), (48 * "0", True), (16 * "0", False), ("U", False)]
)
def test_x917(token: str, refused: bool) -> None:
    if refused:
        with pytest.raises(KeySchemeInvalid):
            check_scheme(view(), token, enabled_x917=False)
    else:
        check_scheme(view(), token, enabled_x917=False)


def test_atalla_variants_match_types() -> None:
    strict = view(atalla_variant_match="yes")
    check_atalla(strict, "1", key_type("001"))
    check_atalla(strict, "", None)
    for variant, code in (("1", "003"), ("3", "001"), ("9", "001"), ("31", "001")):
        check_atalla(view(), variant, key_type(code))
        with pytest.raises(InputInvalid):
            check_atalla(strict, variant, key_type(code))
    with pytest.raises(InputInvalid):
        check_atalla(view(atalla_variants="no"), "1", key_type("001"))


def test_attributes_come_from_the_request_the_block_or_the_type() -> None:
    plain = KEYS[1]
    asked = BlockAttributes("72", "", "E", "03", "N")
    assert attributes_of(plain, None, asked).algorithm == "T"
    assert attributes_of(plain, key_type("001"), None).usage == "72"
    with pytest.raises(KeyBlockHeaderInvalid):
        attributes_of(plain, None, None)
    own = plain.with_attributes(BlockAttributes("P0", "T", "B", "00", "E"))
    assert attributes_of(own, None, None, "N").exportability == "N"
    assert attributes_of(own, None, asked) == BlockAttributes("72", "T", "E", "03", "N")


ATTRIBUTES = st.builds(
    BlockAttributes,
    st.sampled_from(["P0", "71", "72", "K0", "52", "D0", "21", "M3"]),
    st.just("T"),
    st.sampled_from("BCDEGNVX"),
    st.sampled_from(["00", "01", "c1"]),
    st.sampled_from("ENS"),
)


@given(ATTRIBUTES, ATTRIBUTES, ATTRIBUTES)
def test_narrowing_has_no_way_back(own: BlockAttributes, second: BlockAttributes, third: BlockAttributes) -> None:
    """Whatever two narrowings reach one could have reached, and an equal set is always allowed."""
    assert narrowed(own, own) == own
    try:
        last = narrowed(narrowed(own, second), third)
    except Refusal:
        return
    assert narrowed(own, third) == last
