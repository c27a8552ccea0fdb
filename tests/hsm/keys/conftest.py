"""Witnessed keys, the published LMKs on both engines, and a repeatable source of bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import shake_256
from pathlib import Path

import pytest

from hsm.crypto import blockcipher
from hsm.keys.masters import Lmk, published_lmk
from hsm.keys.ring import KeyRing

Random = Callable[[int], bytes]
LMK_IDS = {"test-variant": "00", "test-3des-block": "01", "test-aes-block": "02"}


@pytest.fixture(scope="session")
def witnessed() -> Mapping[str, list[dict[str, str]]]:
    """The vectors of protocol-spec/thales/keys.json, by family."""
    path = Path(__file__).parents[3] / "protocol-spec" / "thales" / "keys.json"
    families: dict[str, list[dict[str, str]]] = json.loads(path.read_text(encoding="utf-8"))
    return families


@pytest.fixture(params=[blockcipher.OpenSslCipher, blockcipher.PycryptodomeCipher], ids=["openssl", "pycryptodome"])
def lmks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Lmk]:
    """The three published LMKs under 00, 01 and 02."""
    monkeypatch.setattr(blockcipher, "engine", request.param)
    return {lmk_id: published_lmk(name, lmk_id) for name, lmk_id in LMK_IDS.items()}


@pytest.fixture
def ring(lmks: dict[str, Lmk]) -> KeyRing:
    return KeyRing(lmks)


@pytest.fixture
def random() -> Random:
    """Bytes that look random and are the same in every run."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return shake_256(drawn.to_bytes(8, "big")).digest(count)

    return draw
