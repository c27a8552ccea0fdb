"""Data blocks enciphered, deciphered and translated, against psec."""

from __future__ import annotations

import pytest
from psec import aes, des
from support.partner import ZONES_AND_FORMS, Ask, Zone, aes_key, des_key, named

CLEAR = b"What is told between the hosts, in blocks of sixteen bytes each."
BINARY = bytes(range(64))
ECB, CBC = "00", "01"


def enciphered(algorithm: str, mode: str, key: bytes, text: bytes, iv: bytes) -> bytes:
    if algorithm == "A":
        return bytes(aes.encrypt_aes_ecb(key, text) if mode == ECB else aes.encrypt_aes_cbc(key, iv, text))
    return bytes(des.encrypt_tdes_ecb(key, text) if mode == ECB else des.encrypt_tdes_cbc(key, iv, text))


def data_key(ask: Ask, zone: Zone, code: str, algorithm: str, length: int, name: str = "ZEK") -> tuple[bytes, str]:
    key = aes_key(name, length) if algorithm == "A" else des_key(name, length)
    return key, zone.bring(ask, code, key, "D0", algorithm=algorithm)


def hexed(value: bytes) -> str:
    return value.hex().upper()


@pytest.mark.parametrize("mode", [ECB, CBC])
@pytest.mark.parametrize("code", ["00A", "00B", "30B"])
@pytest.mark.parametrize(("zone", "algorithm", "length"), ZONES_AND_FORMS, ids=named)
def test_blocks(ask: Ask, zone: Zone, code: str, algorithm: str, length: int, mode: str) -> None:
    key, token = data_key(ask, zone, code, algorithm, length)
    iv = bytes(range(16 if algorithm == "A" else 8)) if mode == CBC else b""
    kind = "FFF" if zone.in_blocks else code
    for text in (CLEAR, BINARY, CLEAR[:16]):
        done = enciphered(algorithm, mode, key, text, iv)
        next_iv = hexed(done[-len(iv) :]) if iv else ""
        led, led_done = f"{2 * len(text):04X}{hexed(text)}", f"{2 * len(done):04X}{hexed(done)}"
        raw, raw_done = f"{len(text):04X}{text.decode('latin-1')}", f"{len(done):04X}{done.decode('latin-1')}"
        head = f"{kind}{token}{hexed(iv)}"
        assert ask(f"M0{mode}11{head}{led}") == f"M100{next_iv}{led_done}"
        assert ask(f"M0{mode}00{head}{raw}") == f"M100{next_iv}{raw_done}"
        assert ask(f"M2{mode}11{head}{led_done}") == f"M300{next_iv}{led}"
        assert ask(f"M2{mode}00{head}{raw_done}") == f"M300{next_iv}{raw}"
        if text is not BINARY:
            assert ask(f"M0{mode}21{head}{raw}") == f"M100{next_iv}{led_done}"
            assert ask(f"M2{mode}12{head}{led_done}") == f"M300{next_iv}{raw}"


@pytest.mark.parametrize("modes", [(ECB, CBC), (CBC, ECB), (CBC, CBC)])
def test_from_key_to_key(ask: Ask, zone: Zone, modes: tuple[str, str]) -> None:
    other = "A" if zone.keeps_aes else "T"
    source, source_token = data_key(ask, zone, "00A", other, 16, "from")
    into, into_token = data_key(ask, zone, "00A", other, 24, "into")
    block = 16 if other == "A" else 8
    ivs = [bytes(range(place, place + block)) if mode == CBC else b"" for place, mode in enumerate(modes)]
    came = enciphered(other, modes[0], source, CLEAR, ivs[0])
    goes = enciphered(other, modes[1], into, CLEAR, ivs[1])
    kind = "FFF" if zone.in_blocks else "00A"
    asked = f"M4{''.join(modes)}11{kind}{source_token}{kind}{into_token}{hexed(ivs[0])}{hexed(ivs[1])}"
    assert ask(f"{asked}{2 * len(came):04X}{hexed(came)}") == f"M500{2 * len(goes):04X}{hexed(goes)}"


@pytest.mark.parametrize(
    ("mode", "enciphers", "deciphers"), [("E", True, False), ("D", False, True), ("B", True, True)]
)
def test_modes_of_use(ask: Ask, block_zone: Zone, mode: str, enciphers: bool, deciphers: bool) -> None:
    token = block_zone.bring(ask, "00A", des_key("one way"), "D0", mode)
    rest = f"0011FFF{token}00100123456789ABCDEF"
    assert ask(f"M0{rest}")[2:4] == ("00" if enciphers else "A8")
    assert ask(f"M2{rest}")[2:4] == ("00" if deciphers else "A8")
