"""A whole key ceremony over real clients, for each kind of LMK; then what leaked is looked for in all that came out.

A factory-new appliance; two officers and three custodians get cards; the test LMK goes; three custodians form an LMK
and a ZMK; a ZPK comes in under it, once by a host and once at the console; the appliance ends by SIGTERM and by SIGKILL,
and what hosts are answered stays the same.  Check values are reckoned from the components by pycryptodome, all that
crosses between zones is made and opened by psec.
"""

from __future__ import annotations

import base64
import shutil
import signal

import pytest
from support.canary import Canary
from support.opened import opened
from support.partner import TAGS, Ask, Zone, check_digits, des_key
from support.pinpartner import Card, read
from support.reckoned import KINDS, Kind
from support.site import PASSPHRASE, Site, hsm
from support.staging import CUSTODIANS, OFFICERS, PINS, Cast, lmk_checks, said, zmk_checks

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no OpenSSH client")
CARD = Card("4012345678909", "816303925527")
CASES = tuple(zip(KINDS, (("ssh", "telnet"), ("telnet", "ssh")) * 2, strict=True))
TEST_LMK = ("--lmk", "00=test-variant", "--set", "encrypted-pin-length=13")


@pytest.fixture
def canary() -> Canary:
    """Marks of all that is secret and known beforehand but the keys of a kind of LMK."""
    found = Canary()
    found.pin(CARD.pin)
    for pin in PINS.values():
        found.card_pin(pin)
    return found


def mark(canary: Canary, kind: Kind) -> None:
    """Mark components, LMK and ZMK of *kind*."""
    for custodian in range(len(CUSTODIANS)):
        for piece in kind.component(custodian):
            canary.key(piece, "component of the LMK")
        canary.key(kind.zmk_component(custodian), "component of the ZMK")
    for piece in kind.lmk():
        canary.key(piece, "LMK")
    canary.key(kind.zmk(), "ZMK")


def form_everything(site: Site, cast: Cast, kind: Kind, ways: tuple[str, str]) -> str:
    """The ceremony itself: the LMK over the first of *ways*, the ZMK over the second.  The ZMK under the LMK."""
    local = site.at("local")
    assert local.types("SECURE").endswith("Secure> ")
    cast.get_cards(local)
    assert "AUTHORIZED" in cast.authorise(local)
    assert "Deleted." in local.types("DM", "00", "Y")
    assert "No LMK is loaded." in local.types("VT")
    local.leaves()
    line = site.at(ways[0])
    assert cast.make_components(line, kind) == lmk_checks(kind)
    assert cast.load(line) == lmk_checks(kind)
    assert "AUTHORIZED" in cast.authorise(line)
    line.leaves()
    line = site.at(ways[1], "bob")
    zmk, checks = cast.form_zmk(line, kind)
    assert checks == zmk_checks(kind)
    assert line.types("ONLINE").endswith("Online-AUTH> ")
    line.leaves()
    return zmk


def bring_at_console(site: Site, way: str, zone: Zone, key: bytes) -> str:
    """*key* of *zone* brought in by IK: its token under the LMK."""
    line = site.at(way)
    first = ["00", "S"] if zone.in_blocks else ["00", "001", TAGS[len(key)]]
    shown = line.types("IK", *first, zone.token, "", zone.block(key, "P0 T N 00 E"), *([""] if zone.in_blocks else []))
    assert said(shown, "Key check value") == [check_digits(key, "T")], shown
    (token,) = said(shown, "Key under LMK")
    line.leaves()
    return token


def made_by_a_host(ask: Ask, zone: Zone) -> tuple[bytes, str]:
    """A TPK that A0 makes and gives out to the zone: in the clear, as the zone has it, and under the LMK."""
    if not zone.in_blocks:
        reply = ask(f"A01002U;0{zone.token}X")
        key = opened(reply[37:70], zone.zmk)
    else:
        reply = ask(f"A01FFFS;0{zone.token}R#P0T2N00E00")
        _, key = zone.opened(reply[reply.rindex("R") : -6])
    assert reply[:4] == "A100"
    assert reply[-6:] == check_digits(key, "T")
    return key, reply[4:37] if not zone.in_blocks else reply[4 : reply.rindex("R")]


def answers(ask: Ask, tokens: tuple[str, str, str], blocks: tuple[str, str]) -> list[str]:
    """What a host is told that must be the same in every life: the LMK's check value, PINs translated."""
    tpk, zpk, other = tokens
    return [
        ask("NC")[:10],
        ask(f"CA{tpk}{zpk}12{blocks[0]}0101{CARD.account}"),
        ask(f"CC{zpk}{other}12{blocks[1]}0101{CARD.account}"),
    ]


@pytest.mark.parametrize(("kind", "ways"), CASES, ids=[kind.name for kind, _ in CASES])
def test_a_ceremony(site: Site, canary: Canary, kind: Kind, ways: tuple[str, str]) -> None:
    mark(canary, kind)
    zpk, other = des_key("ZPK"), des_key("another ZPK")
    site.start(*TEST_LMK)
    cast = Cast()
    zone = Zone(kind.name, "00", kind.zmk(), form_everything(site, cast, kind, ways), kind.versions)
    other_token = bring_at_console(site, ways[0], zone, other)
    with site.host() as host:
        zpk_token = zone.bring(host.command, "001", zpk, "P0")
        tpk, tpk_token = made_by_a_host(host.command, zone)
        tokens, blocks = (tpk_token, zpk_token, other_token), (CARD.block(tpk, "01"), CARD.block(zpk, "01"))
        expected = answers(host.command, tokens, blocks)
    assert expected[0] == f"ND00{lmk_checks(kind)[-1]}"
    assert [each[:6] for each in expected[1:]] == ["CB0012", "CD0012"]
    assert read(zpk, expected[1][6:22], "01", CARD.pan) == CARD.pin
    assert read(other, expected[2][6:22], "01", CARD.pan) == CARD.pin
    for key, name in ((zpk, "ZPK"), (other, "another ZPK"), (tpk, "TPK")):
        canary.key(key, name)
    for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
        assert site.end(number) == status
        assert site.leaks(canary) == {}
        site.start()
        with site.host() as host:
            assert answers(host.command, tokens, blocks) == expected
    show_everything(site, ways[1], cast)
    assert site.leaks(canary) == {}
    assert [name for name, content in site.outputs() if PASSPHRASE.encode() in content] == []
    assert_the_search_can_fail(site, canary, kind, tpk)


def show_everything(site: Site, way: str, cast: Cast) -> None:
    """Whatever tells of the ceremony afterwards is asked to: lists and logs, a backup, the audit log put aside."""
    line = site.at(way)
    line.types(
        "VT", "QS", "RC", "", "VC", *cast.shows("CAROL"), "AUDITLOG", "", "ERRLOG", "UTILSTATS", "HEALTHSTATS", "QH"
    )
    line.types("SECURE", *cast.shows(*OFFICERS), "CLEARAUDIT", *cast.shows(*OFFICERS))
    line.types("Y", "ONLINE")
    line.leaves()
    hsm("state", "backup", "--state-dir", site.state, site.folder / "backup")
    site.printed.append(hsm("audit", "show", "--state-dir", site.state))
    assert list((site.state / "archive").iterdir())


def assert_the_search_can_fail(site: Site, canary: Canary, kind: Kind, tpk: bytes) -> None:
    """Each leak, planted where it might be, is found, and nowhere else."""
    piece, zmk = kind.lmk()[-1], kind.zmk()
    leaks = {
        "state/audit.jsonl": (kind.component(1)[0].hex().encode(), "component of the LMK"),
        "state/hsm.db": (piece[8:16], "LMK"),
        "state/console.log": (base64.b64encode(piece), "LMK"),
        "backup": (zmk[len(zmk) // 2 :] + zmk[: len(zmk) // 2], "ZMK"),
        "ready.json": (kind.zmk_component(2).hex().upper().encode(), "component of the ZMK"),
        "known": (tpk[::-1], "TPK"),
        "core": (b"PIN=" + CARD.pin.encode(), "PIN"),
        "state/cards": (PINS["DAVE"].encode(), "card PIN"),
    }
    for name, (leak, _) in leaks.items():
        with (site.folder / name).open("ab") as file:
            file.write(b"..." + leak + b"...")
    assert {name: {mark for mark in marks if mark == leaks[name][1]} for name, marks in site.leaks(canary).items()} == {
        name: {mark} for name, (_, mark) in leaks.items()
    }
