"""Terminals whose host has a real HSM: their keys come from it, and the PINs typed at them can be used by it alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from psec import des, pinblock
from support.appliancekeys import DIALECTS, NAMES, Keys
from support.cardholders import CARD, NEW_PIN, PAN, PIN, TMK, cards_file, keys_file
from support.partner import des_key
from support.switchport import AMPLE
from support.terminalhost import ATM_MORE, CLIENT, HOST, POS_MORE, TERMINAL, told
from support.turning import Turning, turning

from hsm.client.connection import tcp_endpoint
from hsm.client.pool import HsmPool
from hsm.client.process import ApplianceProcess
from hsm.client.station import Site
from switch import asking as q
from switch.codec.message import Message
from switch.flow.ports import Use, WorkingKey
from switch.keys.config import KeysConfig, TerminalConfig
from switch.keys.effects import Note
from switch.keys.terminal import Renewal
from switch.link.config import read_links
from switch.link.events import AskOperator, PeerRefused, Refused
from switch.link.matching import Finding
from switch.link.state import State
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.hsmport import HsmPort
from switch.server.keydesk import KeyDesk
from switch.server.links import Links
from switch.server.terminals import Terminals
from switch.simulators.commands import Told
from switch.simulators.config import read_config
from switch.store.opening import database, migrate
from switch.store.writer import Writer

ZPK = des_key("ZPK")
LINES = (("atm", "napas", "each", ""), ("pos", "edc", "none", ""))


@pytest.fixture(scope="module", params=DIALECTS, ids=NAMES)
def keys(request: pytest.FixtureRequest) -> Keys:
    """How the HSM keeps keys."""
    found: Keys = request.param
    return found


@pytest.fixture(scope="module")
def appliance(keys: Keys) -> Iterator[ApplianceProcess]:
    """An HSM with the published test master key."""
    with ApplianceProcess(keys.options) as running:
        yield running


class Host:
    """Keeps terminals' keys in the HSM, has it translate each PIN block to a zone's key, and looks at the PIN there."""

    def __init__(self, turned: Turning, port: HsmPort, folder: Path, keys: Keys) -> None:
        base = database(f"sqlite:///{folder / 'keys.db'}")
        migrate(base)
        self.port, self.notes, self.pins = port, list[Note](), list[str]()
        self.used: list[WorkingKey] = []
        self.writer = Writer(base, deliver=turned.reactor.callFromThread)
        self.zpk, tmk = keys.kept(ZPK, "ZPK"), keys.kept(TMK, "TMK")
        terminals = (
            TerminalConfig("ATM00001", Renewal.DAILY, tmk, "atm"),
            TerminalConfig("POS00001", Renewal.SIGN_ON, tmk),
        )
        self.desk = KeyDesk(KeysConfig((), terminals), port, self.writer, turned.reactor, time.time, self.notes.append)
        self.desk.start([])
        self.links = Links(turned.reactor, read_links("h", "".join(HOST.format(*line) for line in LINES)), self)
        self.links.start()

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        if self.desk.asked(link, message, purpose):
            return
        block = message.fields.get(52)
        keys = self.desk.incoming(link.config.name, Use.PIN, str(message.fields[41]))
        if not isinstance(block, bytes) or not keys:
            link.answer(told(message, "00" if block is None else "86"))
            return
        self.used.append(keys[0])
        translating = q.TranslatePin(keys[0].holder, keys[0].cryptogram, self.zpk, block, str(message.fields[2]))
        self.port.perform(translating).addCallback(self._translated, link, message)

    def _translated(self, found: q.PinBlock | q.NoAnswer, link: DrivenLink, message: Message) -> None:
        assert isinstance(found, q.PinBlock), found
        self.pins.append(str(pinblock.decode_pinblock_iso_0(des.decrypt_tdes_ecb(ZPK, found.block), PAN)))
        link.answer(told(message, "00" if self.pins[-1] == PIN else "55"))

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        self.desk.replied(link, message, finding.about)

    def expired(self, link: DrivenLink, about: object) -> None:
        self.desk.expired(link, about)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        self.desk.cut(link, about, written)

    def changed(self, link: DrivenLink, before: State) -> None:
        self.desk.changed(link)

    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None:
        raise AssertionError(effect)


def test_keys_from_an_hsm_and_pins_for_it(appliance: ApplianceProcess, keys: Keys, tmp_path: Path) -> None:
    with turning() as turned:
        site = Site("a", tcp_endpoint(turned.reactor, "127.0.0.1", keys.port(appliance)))
        pool = HsmPool(turned.reactor, [site], keys.wire, AMPLE)
        pool.start()
        host = Host(turned, HsmPort(pool), tmp_path, keys)
        cards_file(tmp_path, CARD)
        keys_file(tmp_path, "ATM00001", "POS00001")
        text = '[simulate]\ncards = "cards.csv"\nkeys = "terminals.keys"\n'
        text += "".join(CLIENT.format(name, spec, on, host.links.port(name), "") for name, spec, on, _ in LINES)
        text += TERMINAL.format("ATM00001", "atm", "atm", ATM_MORE)
        text += TERMINAL.format("POS00001", "pos", "pos", POS_MORE)
        (tmp_path / "t.toml").write_text(text)
        terminals = Terminals(turned.reactor, read_config(tmp_path / "t.toml"), lambda told: None)
        terminals.start()

        def order(terminal: str, do: str, pin: str = "", **more: object) -> Told:
            command = {"terminal": terminal, "do": do, **({"card": "an", "pin": pin} if pin else {}), **more}
            came: list[Told] = []
            terminals.command(json.dumps(command).encode(), came.append)
            turned.until(lambda: bool(came))
            return came[0]

        # The host brings it of its own accord.
        turned.until(lambda: terminals.by_id["ATM00001"].epp.has_pin_key)
        assert order("ATM00001", "withdrawal", PIN, amount=500_000)["response"] == "00"
        assert order("ATM00001", "withdrawal", NEW_PIN, amount=500_000)["response"] == "55"
        before = []
        for _ in range(2):
            assert order("POS00001", "sign-on")["outcome"] == "approved"
            assert order("POS00001", "purchase", PIN, amount=5)["response"] == "00"
            before.append(host.used[-1].cryptogram)
        assert before[0] != before[1], "each sign-on brings a new key"
        assert host.pins == [PIN, NEW_PIN, PIN, PIN]
        assert not [note.text for note in host.notes if note.alarm]
        terminals.stop()
        turned.until(lambda: terminals.links.closed)
        host.desk.stop()
        host.links.stop()
        host.writer.close()
        turned.result(pool.stop())
