"""Which LMK, which role, which rules, and what the cache keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.lmk import VariantLmk
from hsm.keys.masters import Lmk, published_lmk
from hsm.keys.published import PUBLISHED_PAIRS
from hsm.keys.ring import KeyRing, Rules
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Usage, Wanted, key_type
from hsm.refusal import (
    DestinationKeyParity,
    KeyBlockHeaderInvalid,
    KeyBlockLengthInvalid,
    KeyBlockLmkIdsIncompatible,
    KeyBlockUsageInvalid,
    KeyLengthInvalid,
    KeyMasquerades,
    KeyTypeInvalid,
    LmkInvalid,
    LmkSchemesIncompatible,
    Refusal,
    SourceKeyParity,
)

Random = Callable[[int], bytes]
ZPK = "U1EF828AA8F6B80EB83E19FBC373F3A85"
ZPK_BLOCK = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
EQUAL_PARTS = bytes.fromhex("0123456789ABCDEF0022446688AACCEE")  # the same 56 bits twice, the parity of one half even


class Counting(VariantLmk):
    """The published LMK, counting how often it is asked."""

    opened = 0

    def unwrap(self, token: str, wanted: Wanted) -> ClearKey:
        self.opened += 1
        return super().unwrap(token, wanted)


def counting() -> Counting:
    return Counting("00", PUBLISHED_PAIRS)


def test_a_token_finds_its_lmk(ring: KeyRing) -> None:
    variant, block = ring.key(ZPK, Usage.ZPK), ring.key(ZPK_BLOCK, Usage.ZPK)
    assert ring.key(ZPK, Usage.ZPK, "00").reveal() == variant.reveal()
    assert ring.key(ZPK_BLOCK, Usage.ZPK, "01").reveal() == block.reveal()
    assert ring.typed(ZPK_BLOCK, None).attributes == BlockAttributes("P0", "T", "B", "00", "E")
    assert ring.lmk(None) is ring.lmk("00")
    assert ring.lmk_of(ZPK_BLOCK) is ring.lmk("01")


@pytest.mark.parametrize(
    ("token", "lmk_id", "reason"),
    [
        (ZPK, "03", LmkInvalid),
        (ZPK, "", LmkInvalid),
        (ZPK, "1", LmkInvalid),
        (ZPK, "01", LmkSchemesIncompatible),
        (ZPK_BLOCK, "00", LmkSchemesIncompatible),
        (ZPK_BLOCK, "02", KeyBlockLmkIdsIncompatible),
        (ZPK_BLOCK, "03", LmkInvalid),
        (ZPK_BLOCK[:15] + "03" + ZPK_BLOCK[17:], None, LmkInvalid),
        (ZPK_BLOCK[:15] + "FF" + ZPK_BLOCK[17:], "01", KeyBlockLmkIdsIncompatible),
        (ZPK_BLOCK[:16], None, KeyBlockHeaderInvalid),
        ("S", "01", KeyBlockHeaderInvalid),
    ],
)
def test_lmks_that_do_not_go_with_the_token(
    ring: KeyRing, token: str, lmk_id: str | None, reason: type[Refusal]
) -> None:
    for _ in range(2):
        with pytest.raises(reason):
            ring.key(token, Usage.ZPK, lmk_id)


def test_the_default_lmk_may_be_another(lmks: dict[str, Lmk]) -> None:
    moved = {"04": published_lmk("test-variant", "04"), "01": lmks["01"]}
    assert KeyRing(moved, default_id="04").key(ZPK, Usage.ZPK).key_bytes == 16
    with pytest.raises(LmkInvalid):
        KeyRing(moved).key(ZPK, Usage.ZPK)


def test_an_lmk_stands_under_its_own_identifier() -> None:
    with pytest.raises(ValueError, match="identifier"):
        KeyRing({"01": counting()})


def test_wrong_parity_is_told_by_the_role_of_the_key(ring: KeyRing) -> None:
    for _ in range(2):
        with pytest.raises(SourceKeyParity):
            ring.key(ZPK, Usage.TPK)
        with pytest.raises(DestinationKeyParity):
            ring.destination(ZPK, Usage.TPK)
        with pytest.raises(SourceKeyParity):
            ring.typed(ZPK, key_type("002"))
        with pytest.raises(DestinationKeyParity):
            ring.typed(ZPK, key_type("002"), parity=DestinationKeyParity)
    assert ring.destination(ZPK, Usage.ZPK).reveal() == ring.key(ZPK, Usage.ZPK).reveal()


def test_a_cached_key_does_not_serve_another_use(ring: KeyRing) -> None:
    ring.key(ZPK_BLOCK, Usage.ZPK)
    with pytest.raises(KeyBlockUsageInvalid):
        ring.key(ZPK_BLOCK, Usage.PVK_VISA)
    with pytest.raises(KeyTypeInvalid):
        ring.typed(ZPK, None)


def test_separation_of_type_002(lmks: dict[str, Lmk], random: Random) -> None:
    apart, together = KeyRing(lmks, Rules(separate_002=True)), KeyRing(lmks)
    pvk = lmks["00"].wrap(ClearKey(KEY), key_type("002"), "U", None, random)
    tmk = lmks["00"].wrap(ClearKey(KEY), key_type("80D"), "U", None, random)
    assert together.key(pvk, Usage.TMK).reveal() == apart.key(tmk, Usage.TMK).reveal() == KEY
    assert apart.key(pvk, Usage.PVK_VISA).reveal() == KEY
    with pytest.raises(SourceKeyParity):
        apart.key(pvk, Usage.TMK)
    with pytest.raises(SourceKeyParity):
        together.key(tmk, Usage.TMK)
    tmk_block = lmks["02"].wrap(ClearKey(KEY), key_type("80D"), "S", BlockAttributes("51", "T", "B"), random)
    assert together.typed(tmk_block, key_type("002")).reveal() == KEY
    with pytest.raises(KeyBlockUsageInvalid):
        apart.typed(tmk_block, key_type("002"))


def test_single_des_and_keys_in_disguise(lmks: dict[str, Lmk], random: Random) -> None:
    strict = KeyRing(lmks, Rules(forbid_single_des=True, forbid_masquerade=True))
    lax = KeyRing(lmks)
    row = key_type("001")
    single, double = ClearKey(KEY[:8]), ClearKey(KEY[:8] * 2)
    triple = ClearKey(KEY + KEY[:8])
    for key, scheme, reason in (
        (single, "Z", KeyLengthInvalid),
        (double, "U", KeyMasquerades),
        (double, "X", KeyMasquerades),
        (triple, "T", KeyMasquerades),
    ):
        token = lmks["00"].wrap(key, row, scheme, None, random)
        assert lax.key(token, Usage.ZPK).reveal() == key.reveal()
        with pytest.raises(reason):
            strict.key(token, Usage.ZPK)
        with pytest.raises(reason):
            strict.typed(token, row)
    for key, letter, block_reason in ((single, "D", KeyBlockLengthInvalid), (double, "T", KeyMasquerades)):
        token = lmks["02"].wrap(key, row, "S", BlockAttributes("72", letter, "B"), random)
        assert lax.key(token, Usage.ZPK).reveal() == key.reveal()
        with pytest.raises(block_reason):
            strict.key(token, Usage.ZPK)
    with pytest.raises(KeyMasquerades):
        strict.allow(ClearKey(EQUAL_PARTS))
    strict.allow(ClearKey(KEY[:8] * 2, Algorithm.AES))
    strict.allow(ClearKey(KEY))


def test_a_key_is_opened_once(random: Random) -> None:
    lmk = counting()
    ring = KeyRing({"00": lmk})
    first = ring.key(ZPK, Usage.ZPK, "00")
    assert all(ring.key(ZPK, Usage.ZPK, "00") is first for _ in range(10))
    assert ring.destination(ZPK, Usage.ZPK, "00") is first
    assert lmk.opened == 1
    ring.clear()
    assert ring.key(ZPK, Usage.ZPK, "00") is not first
    assert lmk.opened == 2


def test_the_cache_is_bounded_and_drops_the_least_recently_used() -> None:
    lmk = counting()
    ring = KeyRing({"00": lmk}, cached_keys_max=2)
    tokens = [lmk.wrap(ClearKey(bytes([odd]) * 16), key_type("001"), "U", None, bytes) for odd in (0x01, 0x02, 0x04)]
    for token in (tokens[0], tokens[1], tokens[0], tokens[2], tokens[0]):
        ring.key(token, Usage.ZPK, "00")
    assert lmk.opened == 3
    ring.key(tokens[1], Usage.ZPK, "00")
    assert lmk.opened == 4


def test_without_a_cache_nothing_is_kept() -> None:
    lmk = counting()
    ring = KeyRing({"00": lmk}, Rules(cache=False))
    for count in (1, 2, 3):
        ring.key(ZPK, Usage.ZPK)
        assert lmk.opened == count
    ring.clear()


def test_a_refusal_is_not_kept() -> None:
    lmk = counting()
    ring = KeyRing({"00": lmk})
    for count in (1, 2, 3):
        with pytest.raises(SourceKeyParity):
            ring.key(ZPK, Usage.ZAK)
        assert lmk.opened == count


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    st.text(alphabet=st.sampled_from("0123456789ABCDEFKRSTUXYZPN \x00é\u0663"), max_size=100),
    st.sampled_from(list(Usage)),
    st.sampled_from([None, "00", "01", "02", "03", ""]),
)
def test_any_text_is_a_key_or_a_refusal_without_words(
    ring: KeyRing, token: str, usage: Usage, lmk_id: str | None
) -> None:
    said: tuple[object, ...] = ()
    try:
        ring.key(token, usage, lmk_id)
    except Refusal as refusal:
        said = refusal.args
    assert not said
