"""MACs of psec's, pyemv's and the cryptography package's against those of a running appliance."""

from __future__ import annotations

import pyemv.mac
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.cmac import CMAC as CMAC_OF
from psec import mac
from support.partner import ZONES, Ask, Zone, aes_key, cmac, des_key

MESSAGES = (b"0" * 8, b"An even number of blocks, 32 B.!", b"Not quite a whole block", b"1", b"0200303030" * 25)
RETAIL, CBC, CMAC = "3", "1", "6"
PADDINGS = ("1", "2", "3")
AES_ZONE = ZONES[-1]


def retail(key: bytes, data: bytes, padding: int) -> bytes:
    """Algorithm 3 by psec and, where it can, by pyemv; they agree."""
    value = bytes(mac.generate_retail_mac(key[:8], key[8:16], data, padding))
    if padding != 3:
        assert bytes(pyemv.mac.mac_iso9797_3(key[:8], key[8:16], data, padding)) == value
    return value


def chained(key: bytes, data: bytes, padding: int) -> bytes:
    return bytes(mac.generate_cbc_mac(key, data, padding))


def hexed(value: bytes) -> str:
    return value.hex().upper()


@pytest.mark.parametrize("length", [8, 16])
def test_macs_of_terminals(ask: Ask, zone: Zone, length: int) -> None:
    """X9.9 with a single-length key, X9.19 with a double-length one, both padded with zeros: MA MC ME MK MM."""
    key, other = des_key("TAK", length), des_key("TAK 2", 16)
    token, other_token = zone.bring(ask, "003", key, "M3"), zone.bring(ask, "003", other, "M3")
    for message in MESSAGES:
        value = retail(key, message, 1) if length == 16 else chained(key, message, 1)
        text, four = message.decode(), hexed(value[:4])
        wrong = hexed(bytes((value[0] ^ 1,)) + value[1:4])
        assert ask(f"MA{token}{text}") == f"MB00{four}"
        assert ask(f"MC{token}{four}{text}") == "MD00"
        assert ask(f"MC{token}{wrong}{text}") == "MD01"
        assert ask(f"ME{token}{other_token}{four}{text}") == f"MF00{hexed(retail(other, message, 1)[:4])}"
        assert ask(f"ME{token}{other_token}{wrong}{text}") == "MF01"
        led = f"{len(message):03X}{text}"
        assert ask(f"MK{token}{led}") == f"ML00{four}"
        assert ask(f"MM{token}{four}{led}") == "MN00"
        assert ask(f"MM{token}{wrong}{led}") == "MN01"


@pytest.mark.parametrize("length", [8, 16, 24])
def test_large_messages_by_the_whole_cipher(ask: Ask, zone: Zone, length: int) -> None:
    key = des_key("ZAK", length)
    token = zone.bring(ask, "008", key, "M1")
    for message in MESSAGES:
        value = hexed(chained(key, message, 1))
        assert ask(f"MQ0{token}{len(message):03X}{message.decode()}") == f"MR00{value}"
        if len(message) > 16:
            parts = (message[:8], message[8:16], message[16:])
            first = ask(f"MQ1{token}{8:03X}{parts[0].decode()}")[4:]
            middle = ask(f"MQ2{token}{first}{8:03X}{parts[1].decode()}")[4:]
            assert ask(f"MQ3{token}{middle}{len(parts[2]):03X}{parts[2].decode()}") == f"MR00{value}"


@pytest.mark.parametrize(("owner", "code"), [("0", "003"), ("1", "008")])
def test_large_messages_by_the_retail_algorithm(ask: Ask, zone: Zone, owner: str, code: str) -> None:
    key = des_key(f"MS {owner}")
    token = zone.bring(ask, code, key, "M3")
    for message in MESSAGES:
        value = hexed(retail(key, message, 1))
        assert ask(f"MS0{owner}10{token}{len(message):04X}{message.decode()}") == f"MT00{value}"
        assert ask(f"MS0{owner}11{token}{len(message):04X}{hexed(message)}") == f"MT00{value}"
        if len(message) > 16:
            first = ask(f"MS1{owner}10{token}{8:04X}{message[:8].decode()}")[4:]
            rest = message[8:]
            assert ask(f"MS3{owner}11{token}{first}{len(rest):04X}{hexed(rest)}") == f"MT00{value}"


def m6_and_m8(ask: Ask, kind: str, token: str, method: str, message: bytes, value: bytes) -> None:
    """M6 gives *value* and M8 takes it, whole and cut to 4 bytes; a bit wrong is refused."""
    for form, text in (("0", message.decode()), ("1", hexed(message)), ("2", message.decode())):
        for size, shown in (("0", value[:4]), ("1", value[:8])):
            asked = f"0{form}{size}{method}{kind}{token}{len(text):04X}{text}"
            assert ask(f"M6{asked}") == f"M700{hexed(shown)}"
            assert ask(f"M8{asked}{hexed(shown)}") == "M900"
            assert ask(f"M8{asked}{hexed(shown[:-1] + bytes((shown[-1] ^ 0x80,)))}") == "M901"


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(
    ("algorithm", "code", "length"),
    # psec's algorithm 3 knows keys of two parts.
    [(CBC, "008", 8), (CBC, "003", 16), (CBC, "008", 24), (RETAIL, "008", 8), (RETAIL, "003", 16), (RETAIL, "008", 16)],
)
def test_m6_and_m8(tcp: Ask, zone: Zone, algorithm: str, padding: str, code: str, length: int) -> None:
    key = des_key(f"M6 {code}", length)
    token = zone.bring(tcp, code, key, "M3" if algorithm == RETAIL else "M1")
    kind = "FFF" if zone.in_blocks else code
    for message in MESSAGES:
        made = retail if algorithm == RETAIL and length == 16 else chained
        m6_and_m8(tcp, kind, token, algorithm + padding, message, made(key, message, int(padding)))


@pytest.mark.parametrize("padding", ["1", "2"])
@pytest.mark.parametrize("algorithm", [CBC, RETAIL])
def test_m6_and_m8_in_parts(ask: Ask, zone: Zone, algorithm: str, padding: str) -> None:
    key = des_key("parts")
    token = zone.bring(ask, "008", key, "M3" if algorithm == RETAIL else "M1")
    kind, message = ("FFF" if zone.in_blocks else "008"), MESSAGES[4] + b"odd"
    value = (retail if algorithm == RETAIL else chained)(key, message, int(padding))
    for command, check in (("M6", ""), ("M8", hexed(value))):
        iv = ""
        for mode, part in (("1", message[:64]), ("2", message[64:72]), ("2", message[72:200])):
            reply = ask(f"{command}{mode}01{algorithm}{padding}{kind}{token}{iv}{len(part):04X}{part.decode()}")
            assert reply[2:4] == "00"
            iv = reply[4:]
            assert len(iv) == 16
        last = message[200:].decode()
        ended = ask(f"{command}301{algorithm}{padding}{kind}{token}{iv}{len(last):04X}{last}{check}")
        assert ended[2:] == ("00" if check else f"00{hexed(value)}")


@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("method", ["11", "12", "60"])
def test_aes_macs(ask: Ask, length: int, method: str) -> None:
    """Algorithm 1 under AES by psec, CMAC by the cryptography package."""
    key = aes_key("MAC", length)
    token = AES_ZONE.bring(ask, "", key, "M6" if method == "60" else "M1", algorithm="A")
    for message in MESSAGES:
        if method == "60":
            value = cmac(key, message)
        else:
            value = bytes(mac.generate_cbc_mac(key, message, int(method[1]), algorithm=mac.Algorithm.AES))
        m6_and_m8(ask, "FFF", token, method, message, value)


@pytest.mark.parametrize("length", [16, 24])
def test_triple_des_cmac(ask: Ask, block_zone: Zone, length: int) -> None:
    key = des_key("CMAC", length)
    token = block_zone.bring(ask, "", key, "M6")
    for message in MESSAGES:
        made = CMAC_OF(TripleDES(key))
        made.update(message)
        m6_and_m8(ask, "FFF", token, CMAC + "0", message, made.finalize())


@pytest.mark.parametrize(("usage", "allowed"), [("M1", CBC), ("M3", RETAIL), ("M6", CMAC)])
def test_a_key_block_ties_its_key_to_one_algorithm(ask: Ask, block_zone: Zone, usage: str, allowed: str) -> None:
    token = block_zone.bring(ask, "008", des_key("tied"), usage)
    for method in (CBC + "1", RETAIL + "1", CMAC + "0"):
        reply = ask(f"M6001{method}FFF{token}00081234ABCD")
        assert reply[2:4] == ("00" if method[0] == allowed else "A6")
