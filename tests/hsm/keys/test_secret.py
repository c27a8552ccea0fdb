"""A secret has no text and leaves by one door only."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey, ClearPin

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PIN = "92837465"
SECRETS: list[Callable[[], object]] = [
    lambda: ClearKey(KEY),
    lambda: ClearKey(KEY, Algorithm.AES),
    lambda: ClearKey(KEY, None),
    lambda: ClearPin(PIN),
]


@pytest.mark.parametrize("make", SECRETS)
def test_no_text_shows_the_content(make: Callable[[], object]) -> None:
    secret = make()
    for text in (repr(secret), str(secret), f"{secret}", "%r %s" % (secret, secret), f"{[secret]}"):  # noqa: UP031  # the old way must be as mute
        assert KEY.hex() not in text.lower()
        assert "0123" not in text
        assert PIN not in text


@pytest.mark.parametrize("make", SECRETS)
@pytest.mark.parametrize(
    "deed",
    [
        hash,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        bytes,
        lambda secret: secret == secret,  # even with itself
        lambda secret: secret != 1,
        lambda secret: secret in (1, 2),
    ],
)
def test_what_python_would_do_unasked_is_refused(make: Callable[[], object], deed: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        deed(make())


@pytest.mark.parametrize("make", SECRETS)
def test_a_secret_is_not_changed(make: Callable[[], object]) -> None:
    secret = make()
    with pytest.raises(AttributeError):
        secret.cipher = None  # type: ignore[attr-defined]  # that is the point
    with pytest.raises(AttributeError):
        del secret.length  # type: ignore[attr-defined]  # that is the point
    with pytest.raises(AttributeError):
        _ = secret.nothing  # type: ignore[attr-defined]  # that is the point


def test_a_key_tells_its_facts_and_makes_its_cipher_once() -> None:
    attributes = BlockAttributes("P0", "T", "E")
    key = ClearKey(KEY, Algorithm.TDES, attributes)
    assert (key.algorithm, key.key_bytes, key.attributes) == (Algorithm.TDES, 16, attributes)
    assert key.cipher is key.cipher
    assert key.reveal() == KEY
    assert ClearKey(KEY[:8]).algorithm is Algorithm.DES
    # FIPS 81's example key: what DES makes of zeros under it is published in many places as D5D44FF720683D0D.
    assert ClearKey(KEY[:8]).cipher.encrypt(bytes(8)).hex() == "d5d44ff720683d0d"
    assert key.with_attributes(None).attributes is None


def test_an_hmac_key_has_no_cipher() -> None:
    with pytest.raises(TypeError):
        _ = ClearKey(KEY, None).cipher


def test_a_pin_tells_its_length() -> None:
    pin = ClearPin(PIN)
    assert (pin.length, pin.reveal()) == (8, PIN)
