"""Keys part by part under a ZMK (ANSI X9.17 and the variant schemes), and check values, against psec."""

from __future__ import annotations

import pytest
from psec import des
from support.partner import TAGS, ZONES, Ask, Zone, aes_key, check_digits, cmac, des_key, part_by_part

DES_ZONES = tuple(zone for zone in ZONES if "B" in zone.versions)
FORMS = (("Z", 8), ("X", 16), ("U", 16), ("Y", 24), ("T", 24))
TYPES = {
    "001": ("P0", "72"), "002": ("P0", "71"), "003": ("M3", "M3"), "008": ("M3", "M3"), "00A": ("D0", "22"),
    "00B": ("D0", "21"), "30B": ("D0", "23"),
}  # fmt: skip
"""Key type code: usages in a TR-31 block and in a Thales block."""


@pytest.mark.parametrize("zone", DES_ZONES, ids=lambda zone: zone.name)
@pytest.mark.parametrize(("scheme", "length"), FORMS)
@pytest.mark.parametrize("code", TYPES)
def test_a_cryptogram_comes_in_and_goes_out_in_every_scheme(
    tcp: Ask, zone: Zone, code: str, scheme: str, length: int
) -> None:
    key = des_key(code + scheme, length)
    cryptogram = part_by_part(key, zone.zmk, scheme)
    attributes = f"#{TYPES[code][1]}N00S00" if zone.in_blocks else ""
    reply = tcp(f"A6{code}{zone.token}{cryptogram}{'S' if zone.in_blocks else TAGS[length]}{attributes}")
    assert (reply[:4], reply[-6:]) == ("A700", check_digits(key, "T"))
    token = reply[4:-6]
    for out in ("Z",) if length == 8 else ("X", "U") if length == 16 else ("Y", "T"):
        given = tcp(f"A8{code}{zone.token}{token}{out}")
        assert given == f"A900{part_by_part(key, zone.zmk, out)}{check_digits(key, 'T')}"


@pytest.mark.parametrize("zone", DES_ZONES, ids=lambda zone: zone.name)
def test_check_values(ask: Ask, zone: Zone) -> None:
    for length, flag in ((8, "0"), (16, "1"), (24, "2")):
        key = des_key("check", length)
        token = zone.bring(ask, "001", key, "P0")
        code, kind = ("FFF", ";FFF") if zone.in_blocks else ("01", "")
        code, flag = ("FF", "F") if zone.in_blocks else (code, flag)
        whole = bytes(des.generate_kcv(key, 8)).hex().upper()
        assert ask(f"BU{code}{flag}{token}{kind}") == f"BV00{whole}"
        assert ask(f"BU{code}{flag}{token}{kind};001") == f"BV00{whole[:6]}"


@pytest.mark.parametrize("length", [16, 24, 32])
def test_check_values_of_aes_keys(ask: Ask, length: int) -> None:
    zone, key = ZONES[-1], aes_key("check", length)
    token = zone.bring(ask, "", key, "P0", algorithm="A")
    digits = cmac(key, bytes(16))[:3].hex().upper()
    assert ask(f"BUFFF{token};FFF;001") == f"BV00{digits}"
    assert ask(f"BUFFF{token};FFF") == f"BV00{digits}0000000000"


ATALLA = {"": 0, "1": 8, "5": 40, "9": 72, "10": 80, "31": 248}


@pytest.mark.parametrize("variant", ATALLA)
def test_atalla_variants_of_the_zone_master_key(ask: Ask, variant: str) -> None:
    zone, key = ZONES[0], des_key("Atalla")
    parts = (zone.zmk[:8], zone.zmk[8:])
    shifted = b"".join(bytes((part[0] ^ ATALLA[variant],)) + part[1:] for part in parts)
    cryptogram = part_by_part(key, shifted, "X")
    reply = ask(f"A6001{zone.token}{cryptogram}U{variant}")
    assert (reply[:4], reply[-6:]) == ("A700", check_digits(key, "T"))
    assert ask(f"A8001{zone.token}{reply[4:-6]}X{variant}") == f"A900{cryptogram}{check_digits(key, 'T')}"


ZONE_KEYS = {"FA": ("", "GC", "001"), "FC": ("", "FE", "002"), "MI": ("", "MG", "003"), "FK": ("1", "FM", "008")}


@pytest.mark.parametrize("command", ZONE_KEYS)
@pytest.mark.parametrize("scheme", ["X", "U"])
def test_the_older_commands_take_in_and_give_out_the_same(ask: Ask, command: str, scheme: str) -> None:
    flag, out, code = ZONE_KEYS[command]
    zone, key = ZONES[0], des_key(command)
    cryptogram = part_by_part(key, zone.zmk, scheme)
    reply = ask(f"{command}{flag}{zone.token}{cryptogram};0U1")
    assert reply[2:4] == "00"
    assert (reply[-6:], len(reply)) == (check_digits(key, "T"), 43)
    other = zone.bring(ask, code, key, TYPES[code][0])
    assert reply[4:-6] == other
    assert ask(f"{out}{flag}{zone.token}{other};{scheme}01")[2:] == f"00{cryptogram}{check_digits(key, 'T')}"


def test_a_wrong_master_key_shows_as_parity_or_as_another_check_value(ask: Ask) -> None:
    zone, key = ZONES[0], des_key("other")
    cryptogram = part_by_part(key, des_key("another ZMK"), "X")
    reply = ask(f"A6001{zone.token}{cryptogram}U")
    assert reply[:4] in ("A700", "A701")
    assert reply[-6:] != check_digits(key, "T")
