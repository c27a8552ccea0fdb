"""Two desks with real links, a real HSM and stores on disk; psec, and the keys in the clear, are the witness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psec import des, mac, pinblock
from support.appliancekeys import DIALECTS, NAMES, Keys
from support.opened import opened
from support.partner import ZONES, des_key
from support.switchport import AMPLE
from support.turning import Turning, turning

from hsm.client.connection import tcp_endpoint
from hsm.client.pool import HsmPool
from hsm.client.process import ApplianceProcess
from hsm.client.station import Site
from switch import asking as q
from switch.codec.codec import codec
from switch.codec.message import Message
from switch.flow.partner import MacRule
from switch.flow.ports import Use
from switch.keys.config import KeysConfig, LinkKeysConfig, Role, TerminalConfig
from switch.keys.effects import Direction, KeyType, Note
from switch.keys.forms import Tagged
from switch.keys.kept import KINDS
from switch.keys.mac import content
from switch.keys.terminal import Renewal
from switch.keys.terminalforms import form_of
from switch.link.config import read_links
from switch.link.events import AskOperator, PeerRefused, Refused
from switch.link.matching import Finding
from switch.link.state import State
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.hsmport import HsmPort
from switch.server.keydesk import KeyDesk
from switch.server.links import Links
from switch.store.opening import database, migrate
from switch.store.reading import Reading
from switch.store.writer import Writer

ZONE = ZONES[0]
TMK, ZPK = des_key("TMK"), des_key("ZPK")
PAN = "4999988887777016"
LINES = ((KeyType.ZPK, Direction.BOTH), (KeyType.ZAK, Direction.BOTH))


@pytest.fixture(scope="module", params=DIALECTS, ids=NAMES)
def keys(request: pytest.FixtureRequest) -> Keys:
    """How the HSM keeps keys."""
    found: Keys = request.param
    return found


@pytest.fixture(scope="module")
def appliance(keys: Keys) -> Iterator[ApplianceProcess]:
    with ApplianceProcess(keys.options) as running:
        yield running


@dataclass
class Host:
    """A process of the switch, as far as keys go; its store is the file *path*."""

    turned: Turning
    hsm: HsmPort
    path: Path
    links_text: str
    keys: KeysConfig

    def __post_init__(self) -> None:
        self.notes: list[Note] = []
        self.replies: list[Message] = []
        base = database(f"sqlite:///{self.path}")
        migrate(base)
        self.reading = Reading(base)
        self.writer = Writer(base, deliver=self.turned.reactor.callFromThread)
        reactor = self.turned.reactor
        self.desk = KeyDesk(self.keys, self.hsm, self.writer, reactor, time.time, self.notes.append)
        self.desk.start([row for kind in KINDS for row in self.reading.every(kind)])
        self.links = Links(reactor, read_links("links.toml", self.links_text), self)
        self.links.start()

    def close(self) -> None:
        self.desk.stop()
        self.links.stop()
        for link in self.links:
            if link.stream is not None:
                link.stream.hang_up()
        self.turned.until(lambda: all(link.stream is None for link in self.links))
        self.writer.close()
        self.reading.close()

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        assert self.desk.asked(link, message, purpose)

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        if self.desk.takes(finding.about):
            self.desk.replied(link, message, finding.about)
        else:
            self.replies.append(message)

    def expired(self, link: DrivenLink, about: object) -> None:
        self.desk.expired(link, about)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        self.desk.cut(link, about, written)

    def changed(self, link: DrivenLink, before: State) -> None:
        self.desk.changed(link)

    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None:
        raise AssertionError(effect)


def link_text(name: str, role: str, spec: str, port: int) -> str:
    return (
        f'[[link]]\nname = "{name}"\nspec = "{spec}"\nrole = "{role}"\naddress = "127.0.0.1:{port}"\n'
        "[link.seconds]\npause = 0.05\npause-max = 0.1\n"
    )


def zone_keys(role: Role, keys: Keys) -> LinkKeysConfig:
    return LinkKeysConfig("zone", role, Tagged(), LINES, keys.zmk(ZONE.zmk))


def cryptograms(host: Host) -> list[str]:
    found = [host.desk.outgoing("zone", use) for use in Use]
    return [key.cryptogram for key in found if key]


def test_two_hosts_agree_on_keys_use_them_and_keep_them(
    appliance: ApplianceProcess, keys: Keys, tmp_path: Path
) -> None:
    with turning() as turned:
        site = Site("a", tcp_endpoint(turned.reactor, "127.0.0.1", keys.port(appliance)))
        pool = HsmPool(turned.reactor, [site], keys.wire, AMPLE)
        pool.start()
        port = HsmPort(pool)
        tmk = keys.kept(TMK, "TMK")
        pos = KeysConfig((zone_keys(Role.SWITCH, keys),), (TerminalConfig("POS00001", Renewal.SIGN_ON, tmk),))
        switch = Host(turned, port, tmp_path / "switch.db", link_text("zone", "server", "napas", 0), pos)
        there = switch.links.port("zone")
        text = link_text("zone", "client", "napas", there)
        member = Host(turned, port, tmp_path / "member.db", text, KeysConfig((zone_keys(Role.MEMBER, keys),)))
        turned.until(lambda: len(cryptograms(switch)) == 2 and cryptograms(switch) == cryptograms(member))
        agreed = cryptograms(switch)
        zpk, zak = keys.opened(agreed[0], "ZPK"), keys.opened(agreed[1], "ZAK")
        for line, key in zip(switch.desk.status(), (zpk, zak), strict=True):
            assert line.kcv == des.generate_kcv(key, 3).hex().upper()
        serves(turned, port, member, keys, zpk, zak)
        signs_on(turned, member, switch, keys)
        member.close()
        member = Host(turned, port, tmp_path / "member.db", text, KeysConfig((zone_keys(Role.MEMBER, keys),)))
        assert cryptograms(member) == agreed, "from the store, before anything is said"
        switch.desk.change("zone", KeyType.ZPK)
        turned.until(lambda: cryptograms(switch)[0] != agreed[0] and cryptograms(switch) == cryptograms(member))
        assert [key.cryptogram for key in member.desk.incoming("zone", Use.PIN)][1:] == agreed[:1], "for the grace"
        assert not [note.text for host in (switch, member) for note in host.notes if note.alarm]
        for host in (member, switch):
            host.close()
        turned.result(pool.stop())


def serves(turned: Turning, port: HsmPort, host: Host, keys: Keys, zpk: bytes, zak: bytes) -> None:
    """The keys that the desk names do in the HSM what psec does with the keys in the clear."""
    (pin_key, *_) = host.desk.incoming("zone", Use.PIN)
    block = bytes(des.encrypt_tdes_ecb(zpk, pinblock.encode_pinblock_iso_0("1234", PAN)))
    other = keys.kept(ZPK, "ZPK")
    translated = turned.result(port.perform(q.TranslatePin(pin_key.holder, pin_key.cryptogram, other, block, PAN)))
    assert isinstance(translated, q.PinBlock)
    assert pinblock.decode_pinblock_iso_0(des.decrypt_tdes_ecb(ZPK, translated.block), PAN) == "1234"
    mac_key = host.desk.outgoing("zone", Use.MAC)
    assert mac_key
    covered = content(MacRule(), codec("napas"), Message("0210", {3: "000000", 11: "000001", 39: "00"}))
    made = turned.result(port.perform(q.MakeMac(mac_key.holder, mac_key.cryptogram, covered)))
    assert made == q.MacValue(mac.generate_retail_mac(zak[:8], zak[8:], covered, 1))


def signs_on(turned: Turning, asking: Host, host: Host, keys: Keys) -> None:
    """A terminal behind the member's link signs on at the switch, and opens what it gets under its master key."""
    link = asking.links["zone"]
    stan = link.next_stan()
    link.ask(Message("0800", {7: link.transmitted(), 11: stan, 41: "POS00001", 70: "101"}), "the terminal")
    turned.until(lambda: bool(asking.replies))
    given = form_of(codec("napas")).given(asking.replies[0])
    assert given
    key = opened(given.under_tmk, TMK)
    assert des.generate_kcv(key, 3).hex().upper() == given.kcv
    (working,) = host.desk.incoming("zone", Use.PIN, "POS00001")
    assert keys.opened(working.cryptogram, "TPK") == key
