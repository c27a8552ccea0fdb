"""TR-31 key blocks of psec's go in (A6), come out again (A8), and psec opens them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from psec import tr31
from support.partner import KEY_FORMS, TAGS, ZONES, ZONES_AND_FORMS, Ask, Zone, aes_key, check_digits, des_key, named

MOVES, CHECKS, DERIVES = "BDEN", "CGVN", "XN"
USAGES = {
    "B0": ("009", DERIVES), "B1": ("302", DERIVES), "C0": ("402", CHECKS), "D0": ("00A", MOVES), "K0": ("000", MOVES),
    "E0": ("109", DERIVES), "E1": ("309", DERIVES), "E2": ("209", DERIVES), "E3": ("409", DERIVES),
    "E4": ("509", DERIVES), "E5": ("207", DERIVES), "M0": ("008", CHECKS), "M1": ("008", CHECKS),
    "M3": ("003", CHECKS), "M4": ("008", CHECKS), "M5": ("008", CHECKS), "M6": ("008", CHECKS), "P0": ("001", MOVES),
    "V0": ("002", CHECKS), "V1": ("002", CHECKS), "V2": ("002", CHECKS),
}  # fmt: skip
"""Key usage: the key type code it goes with, and the modes of use that ANSI X9.143 clause 6.5 lets it have."""
TYPE_002 = MOVES + CHECKS
DOUBLE_ALONE = ("B0", "B1", "C0", "E0", "E1", "E2", "E3", "E4", "E5")
MODES = "BCDEGNSTVXY"


def key_of(algorithm: str, length: int, name: str) -> bytes:
    return aes_key(name, length) if algorithm == "A" else des_key(name, length)


def expected(zone: Zone, usage: str, algorithm: str, length: int, mode: str) -> str:
    """The code of A6 with the usage's own key type."""
    code, modes = USAGES[usage]
    if usage == "C0" and algorithm != "T":
        return "A7"
    if usage in DOUBLE_ALONE and algorithm == "D":
        return "A7"
    if mode not in (TYPE_002 if code == "002" else modes):
        return "A8"
    if usage in DOUBLE_ALONE and algorithm == "T" and length != 16:
        return "A5"
    if algorithm == "A" and not zone.in_blocks:
        return "26"
    if algorithm == "A" and zone.lmk_id == "01":
        return "A7"
    return "00"


def scheme_of(zone: Zone, length: int) -> str:
    return "S" if zone.in_blocks else TAGS.get(length, "U")


def cases() -> Iterator[tuple[str, str, int, str, str]]:
    """Every mode with every algorithm and length, and every exportability with each of those that are accepted."""
    for usage in USAGES:
        for (algorithm, length), mode in product(KEY_FORMS, MODES):
            yield usage, algorithm, length, mode, "E"
        for (algorithm, length), exportability in product(KEY_FORMS, "NS"):
            yield usage, algorithm, length, USAGES[usage][1][-1], exportability


@pytest.mark.parametrize(("zone", "version"), [(each, v) for each in ZONES for v in each.versions], ids=named)
def test_every_header_is_taken_in_or_refused_by_its_fault(tcp: Ask, zone: Zone, version: str) -> None:
    wrong = []
    for usage, algorithm, length, mode, exportability in cases():
        key = key_of(algorithm, length, f"{usage}{mode}")
        block = zone.block(key, f"{usage} {algorithm} {mode} 00 {exportability}", version)
        reply = tcp(f"A6{USAGES[usage][0]}{zone.token}{block}{scheme_of(zone, length)}")
        code = expected(zone, usage, algorithm, length, mode)
        if reply[:4] != "A7" + code or (code == "00" and reply[-6:] != check_digits(key, algorithm)):
            wrong.append((usage, algorithm, length, mode, exportability, code, reply[:4]))
    assert wrong == []


def taken_in(ask: Ask, zone: Zone, usage: str, key: bytes, header: str, **optional: str) -> str:
    """The token of *key* under the LMK; its type is the usage's own under a variant LMK, else left to the block."""
    kind = "FFF" if zone.in_blocks else USAGES[usage][0]
    reply = ask(f"A6{kind}{zone.token}{zone.block(key, header, **optional)}{scheme_of(zone, len(key))}")
    assert reply[:4] == "A700", (header, reply)
    return reply[4:-6]


@pytest.mark.parametrize("usage", USAGES)
def test_what_comes_in_goes_out_and_psec_opens_it(ask: Ask, zone: Zone, usage: str) -> None:
    code, modes = USAGES[usage]
    key, mode = des_key(usage), modes[0]
    token = taken_in(ask, zone, usage, key, f"{usage} T {mode} 00 E")
    kind, stated = ("FFF", "") if zone.in_blocks else (code, f"#{usage}T{mode}00E00")
    # What a request states after # has no algorithm: the key says that itself.
    stated = stated.replace(f"{usage}T", usage)
    for version in zone.versions:
        reply = ask(f"A8{kind}{zone.token}{token}R{stated}!{version}")
        if usage == "B1" and not zone.in_blocks:
            assert reply == "A929"
            continue
        assert (reply[:4], reply[-6:]) == ("A900", check_digits(key, "T"))
        header, found = zone.opened(reply[4:-6])
        assert found == key
        assert (header.version_id, header.key_usage, header.algorithm, header.mode_of_use) == (
            version,
            usage,
            "T",
            mode,
        )
        assert (header.version_num, header.exportability) == ("00", "E")


@pytest.mark.parametrize(
    ("zone", "algorithm", "length"), [each for each in ZONES_AND_FORMS if each[0].in_blocks], ids=named
)
def test_every_length_survives_the_way_in_and_out(ask: Ask, zone: Zone, algorithm: str, length: int) -> None:
    key = key_of(algorithm, length, "out")
    token = taken_in(ask, zone, "D0", key, f"D0 {algorithm} B 07 S")
    reply = ask(f"A8FFF{zone.token}{token}R&E")
    assert reply[:4] == "A900"
    header, found = zone.opened(reply[4:-6])
    assert found == key
    assert (header.algorithm, header.mode_of_use, header.version_num, header.exportability) == (
        algorithm,
        "B",
        "07",
        "E",
    )


def test_optional_blocks_come_out_as_they_went_in(ask: Ask, block_zone: Zone) -> None:
    optional = {"KS": "FFFF9876543210E0", "LB": "A label of 19 chars", "TS": "20240229235959Z"}
    token = taken_in(ask, block_zone, "B0", des_key("optional"), "B0 T X 00 E", **optional)
    reply = ask(f"A8FFF{block_zone.token}{token}R")
    assert reply[:4] == "A900"
    header, _ = block_zone.opened(reply[4:-6])
    assert {name: text for name, text in header.blocks.items() if name != "PB"} == optional


def test_exportability_is_obeyed(ask: Ask, block_zone: Zone) -> None:
    zone, key = block_zone, des_key("bound")
    never, in_blocks, anyhow = (taken_in(ask, zone, "P0", key, f"P0 T E 00 {each}") for each in "NES")
    assert ask(f"A8FFF{zone.token}{never}R") == "A9AA"
    assert ask(f"A8FFF{zone.token}{in_blocks}R")[:4] == "A900"
    assert ask(f"A8FFF{zone.token}{in_blocks}R&S") == "A9AA"
    assert ask(f"A8FFF{zone.token}{in_blocks}U") == "A9AA"
    assert ask(f"A8FFF{zone.token}{anyhow}U")[:4] == ("A900" if not zone.keeps_aes else "A926")
    tightened = ask(f"A8FFF{zone.token}{anyhow}R&N")
    assert zone.opened(tightened[4:-6])[0].exportability == "N"


@pytest.mark.parametrize(("usage", "narrower"), [("P0", "71"), ("P0", "72"), ("K0", "51"), ("D0", "21"), ("D0", "22")])
def test_a_usage_becomes_the_narrower_one_that_thales_has(
    ask: Ask, block_zone: Zone, usage: str, narrower: str
) -> None:
    zone, key = block_zone, des_key(narrower)
    block = zone.block(key, f"{usage} T N 00 E")
    reply = ask(f"A6FFF{zone.token}{block}S#{narrower}N00E00")
    assert (reply[:4], reply[10:12]) == ("A700", narrower)
    out = ask(f"A8FFF{zone.token}{reply[4:-6]}R")
    header, found = zone.opened(out[4:-6])
    assert (header.key_usage, found) == (usage, key)


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_a_damaged_block_is_refused_wherever_it_is_damaged(tcp: Ask, zone: Zone) -> None:
    scheme = scheme_of(zone, 16)
    whole = zone.block(des_key("damaged"), "P0 T N 00 E")
    assert tcp(f"A6001{zone.token}{whole}{scheme}")[:4] == "A700"
    for at in range(1, len(whole)):
        damaged = whole[:at] + ("0" if whole[at] != "0" else "1") + whole[at + 1 :]
        reply = tcp(f"A6001{zone.token}{damaged}{scheme}")
        assert reply[:2] == "A7"
        assert reply[2:] not in ("00", "01", "41"), (at, reply)


def test_keys_of_even_parity_are_made_odd_and_said_so(ask: Ask, zone: Zone) -> None:
    odd = des_key("even")
    even = bytes(each ^ 1 for each in odd)
    kind, scheme = ("FFF", "S") if zone.in_blocks else ("001", "U")
    reply = ask(f"A6{kind}{zone.token}{zone.block(even, 'P0 T N 00 E')}{scheme}")
    assert (reply[:4], reply[-6:]) == ("A701", check_digits(odd, "T"))
    stated = "" if zone.in_blocks else "#P0N00E00"
    _, found = zone.opened(ask(f"A8{kind}{zone.token}{reply[4:-6]}R{stated}")[4:-6])
    assert found == odd


def test_hmac_keys(ask: Ask, block_zone: Zone) -> None:
    """psec wraps any bytes for algorithm H; no check value goes with them, so that A6 can't tell one."""
    block = block_zone.block(bytes(range(32)), "M7 H C 00 E")
    assert ask(f"A6FFF{block_zone.token}{block}S") == "A7A7"


def test_psec_and_the_appliance_refuse_each_others_wrong_keys(ask: Ask, zone: Zone) -> None:
    other = Zone(zone.name, zone.lmk_id, bytes(each ^ 2 for each in zone.zmk), zone.token, zone.versions)
    kind, scheme = ("FFF", "S") if zone.in_blocks else ("001", "U")
    assert ask(f"A6{kind}{zone.token}{other.block(des_key('x'), 'P0 T N 00 E')}{scheme}") == "A7A4"
    token = taken_in(ask, zone, "P0", des_key("x"), "P0 T N 00 E")
    stated = "" if zone.in_blocks else "#P0N00E00"
    out = ask(f"A8{kind}{zone.token}{token}R{stated}")[4:-6]
    with pytest.raises(tr31.KeyBlockError):
        other.opened(out)
