"""Components typed, shown, split and on cards."""

from __future__ import annotations

import json
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import is_odd
from hsm.keys import keyparts
from hsm.keys.generate import ALGORITHMS, form, random_key
from hsm.keys.keyparts import Share
from hsm.keys.secret import ClearKey
from hsm.refusal import ComponentCountInvalid, InputInvalid, KeyUnsound

sizes = st.sampled_from(sorted(ALGORITHMS))


def made(size: str, seed: int) -> ClearKey:
    return random_key(*ALGORITHMS[size], Random(seed).randbytes)


@given(sizes, st.integers(2, 9), st.integers())
def test_components_form_their_key_and_fewer_do_not(size: str, count: int, seed: int) -> None:
    key = made(size, seed)
    parts = keyparts.split(key, count, Random(seed + 1).randbytes)
    assert len(parts) == count
    assert form(parts, distinct=True).reveal() == key.reveal()
    for fewer in combinations(parts, count - 1):
        assert form(fewer, distinct=True, least=1).reveal() != key.reveal()
    if key.algorithm is not Algorithm.AES:
        assert all(is_odd(part.reveal()) for part in parts)


@given(st.integers(2, 9), st.integers())
def test_components_are_an_exclusive_or_of_integers(count: int, seed: int) -> None:
    """By other means: AES components, which have no parity."""
    key, total = made("A3", seed), 0
    for part in keyparts.split(key, count, Random(seed + 1).randbytes):
        total ^= int.from_bytes(part.reveal(), "big")
    assert total == int.from_bytes(key.reveal(), "big")


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_key_is_split_among_two_to_nine(count: int) -> None:
    with pytest.raises(ComponentCountInvalid):
        keyparts.split(made("T2", 1), count, Random(1).randbytes)


def test_parity_of_a_typed_component_is_made_odd() -> None:
    assert keyparts.typed("0123456789ABCDEF", Algorithm.DES).parity_was_odd
    even = keyparts.typed("00" * 7 + "02", Algorithm.DES)
    assert not even.parity_was_odd
    assert even.component.reveal().hex() == "01" * 7 + "02"
    assert keyparts.typed("00" * 15 + "02", Algorithm.AES).component.reveal().hex() == "00" * 15 + "02"


@pytest.mark.parametrize(
    ("text", "algorithm", "why"),
    [
        ("00" * 16, Algorithm.TDES, KeyUnsound),
        ("01" * 16, Algorithm.TDES, KeyUnsound),
        ("00" * 32, Algorithm.AES, KeyUnsound),
        ("02" * 8, Algorithm.AES, InputInvalid),
        ("02" * 12, Algorithm.TDES, InputInvalid),
        ("0" * 15 + "G", Algorithm.DES, InputInvalid),
    ],
)
def test_what_is_no_component(text: str, algorithm: Algorithm, why: type[Exception]) -> None:
    with pytest.raises(why):
        keyparts.typed(text, algorithm)


@given(st.binary(min_size=16, max_size=32))
def test_what_is_shown_can_be_typed(content: bytes) -> None:
    shown = keyparts.on_paper(ClearKey(content, Algorithm.AES))
    assert bytes.fromhex(shown) == content


def test_halves_and_thirds() -> None:
    parts = [made("D1", seed) for seed in range(3)]
    assert keyparts.joined(parts[:2]).reveal() == parts[0].reveal() + parts[1].reveal()
    assert keyparts.joined(parts).key_bytes == 24
    for wrong in ([], parts[:1], [made("T2", 1), parts[0]]):
        with pytest.raises(ComponentCountInvalid):
            keyparts.joined(wrong)


@given(sizes, st.integers(1, 9), st.sampled_from(["001", "72", "P0"]), st.integers())
def test_a_card_gives_back_what_was_put_on_it(size: str, number: int, purpose: str, seed: int) -> None:
    share = Share("00ff", number, 9, purpose, made(size, seed))
    again = keyparts.from_card(keyparts.to_card(share))
    assert (again.series, again.number, again.count, again.purpose) == ("00ff", number, 9, purpose)
    assert again.component.reveal() == share.component.reveal()
    assert again.component.algorithm is share.component.algorithm
    assert share.component.reveal().hex() not in repr(share)


GOOD = json.loads(keyparts.to_card(Share("00ff", 1, 2, "001", made("T2", 1))))


@pytest.mark.parametrize(
    "changed",
    [
        {"what": "LMK component"},
        {"number": 3},
        {"number": 0},
        {"number": "1"},
        {"count": 10},
        {"algorithm": "RSA"},
        {"component": "0123"},
        {"component": "xy"},
        {"component": 7},
        {"component": None},
    ],
)
def test_what_else_a_card_may_hold(changed: dict[str, object]) -> None:
    with pytest.raises(InputInvalid):
        keyparts.from_card(json.dumps(GOOD | changed).encode())
    for name in GOOD:
        with pytest.raises(InputInvalid):
            keyparts.from_card(json.dumps({key: value for key, value in GOOD.items() if key != name}).encode())


@given(st.binary(max_size=60))
def test_nonsense_on_a_card(content: bytes) -> None:
    for each in (content, b"[" * 60_000, b"[]", b"null"):
        with pytest.raises(InputInvalid):
            keyparts.from_card(each)
