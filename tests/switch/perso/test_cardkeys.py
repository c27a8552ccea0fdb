"""Key files: written, read, and refused with file, key and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cardroom import profile

from switch.perso.authority import IssuerCertificate
from switch.perso.cardkeys import (
    BureauKey,
    KeyFileError,
    SigningKey,
    Transport,
    TransportedKey,
    missing,
    read_issuer_keys,
    read_keys,
    read_transport,
    resolved,
    roles_of,
    write_issuer_keys,
    write_keys,
    write_transport,
)

KEYS = [BureauKey("KTK", "35", "0A1B2C", b"\x03\x03\0\1"), BureauKey("PTK", "36", "FFFFFF", b"\x11" * 17)]
SENT = [TransportedKey("KTK", "35", "0A1B2C", bytes(16)), TransportedKey("PVK", "07", "0A1B2C", bytes(24))]


def test_keys_come_back(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert read_keys(path) == {}
    write_keys(path, KEYS)
    assert list(read_keys(path).values()) == KEYS
    assert path.stat().st_mode & 0o777 == 0o600
    write_keys(path, KEYS[:1])
    assert list(read_keys(path)) == ["KTK"]
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_transported_keys_come_back(tmp_path: Path) -> None:
    path = tmp_path / "sent.json"
    write_transport(path, "08D7B4", SENT)
    assert read_transport(path) == Transport("sent.json", "08D7B4", tuple(SENT))


@pytest.mark.parametrize("certificate", [None, IssuerCertificate(0x92, b"\1" * 176, b"\2", b"\3")])
def test_issuer_keys_come_back(tmp_path: Path, certificate: IssuerCertificate | None) -> None:
    path = tmp_path / "issuers.json"
    key = SigningKey("RSA", b"\x80" * 144, 3, b"B0336S0RS00N0000")
    write_issuer_keys(path, [(key, certificate)])
    assert read_issuer_keys(path) == {"RSA": (key, certificate)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "a JSON object"),
        ("{", "JSONDecodeError"),
        ('{"a/b": {}}', "a/b: a name"),
        ('{"K": {"type": "35"}}', "K: a name with type, kcv, specifier"),
        ('{"K": {"type": "3", "kcv": "0A1B2C", "specifier": "0101"}}', "K: type: expected"),
        ('{"K": {"type": "35", "kcv": "0a1b2c", "specifier": "0101"}}', "K: kcv: expected"),
        ('{"K": {"type": "35", "kcv": "0A1B2C", "specifier": 1}}', "K: specifier: expected"),
    ],
)
def test_wrong_key_files(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=f"keys.json: .*{why}"):
        read_keys(path)


def changed(change: Callable[[dict[str, object]], object]) -> str:
    told: dict[str, object] = {
        "zmk-kcv": "08D7B4",
        "keys": [{"name": "KTK", "type": "35", "kcv": "0A1B2C", "cryptogram": "00" * 16}],
    }
    change(told)
    return json.dumps(told)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (changed(lambda told: told.pop("zmk-kcv")), "zmk-kcv and keys"),
        (changed(lambda told: told.update(keys={})), "zmk-kcv and keys"),
        (changed(lambda told: told.update(keys=[1])), "key 1: name, type"),
        (changed(lambda told: told["keys"][0].update(cryptogram="00")), "key 1: cryptogram"),  # type: ignore[index]  # as built
        (changed(lambda told: told.update(keys=told["keys"] * 2)), "twice"),  # type: ignore[operator]  # as built
    ],
)
def test_wrong_transport_files(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "sent.json"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=f"sent.json: .*{why}"):
        read_transport(path)


def test_what_a_profile_misses() -> None:
    found = profile()
    assert "pvk" not in roles_of(found)
    assert "pvv-key" not in roles_of(profile(pin_method='"offset"'))
    assert len(missing(found, {}, roles_of(found))) == len(roles_of(found))
    with pytest.raises(KeyFileError, match=r"product VSDC-DEBIT: .*ktk: no key KTK is held"):
        resolved(found, {}, roles_of(found))


def test_nothing_shows_a_key() -> None:
    shown = repr(KEYS) + repr(SENT) + repr(SigningKey("RSA", b"", 3, b"SECRETBLOCK"))
    assert "x11" not in shown
    assert "SECRETBLOCK" not in shown
