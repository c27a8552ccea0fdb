"""Terminals of a bank at the bank's own host: `switch serve` with accounts, an HSM, and simulated terminals between."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ourbank
from support.appliancekeys import DIALECTS, NAMES, Keys
from support.cardholders import TMK, cards_file, keys_file
from support.linked import Loop, loop
from support.switched import RunningSwitch
from support.terminalhost import ATM_MORE, CLIENT, POS_MORE, TERMINAL

from hsm.client.process import ApplianceProcess
from switch.server.terminals import Terminals
from switch.simulators.card import Card
from switch.simulators.commands import Told
from switch.simulators.config import read_config

HOST = '[switch]\nname = "host"\ninstitution = "970436"\nbins = "bins.csv"\n[log]\nfile = "switch.log"\n'
LINK = """
[[link]]
name = "{0}"
spec = "{1}"
role = "server"
address = "127.0.0.1:0"
sign-on = "none"
[link.partner]
channel = "{0}"
pins = "terminal"
"""
KEYED = '[[terminal]]\nid = "{0}"\ntmk = "{1}"\nrenewal = "{2}"\nlink = "{3}"\n'
LINES = (("atm", "napas"), ("pos", "edc"))
ANNA, PIN = ourbank.ANNA, ourbank.PINS[ourbank.ANNA]


class Branch:
    """The terminals in this process, which call the host."""

    def __init__(self, run: Loop, folder: Path, ports: dict[str, int]) -> None:
        discretionary = ourbank.track_of(ANNA).partition("=")[2][7:]
        cards_file(folder, Card("anna", ANNA, ourbank.EXPIRES, ourbank.SERVICE_CODE, discretionary))
        keys_file(folder, "ATM00001", "POS00001")
        text = '[simulate]\ncards = "cards.csv"\nkeys = "terminals.keys"\nanswer-seconds = 60\n'
        text += "".join(CLIENT.format(name, spec, "none", ports[name], "") for name, spec in LINES)
        text += TERMINAL.format("ATM00001", "atm", "atm", ATM_MORE) + TERMINAL.format(
            "POS00001", "pos", "pos", POS_MORE
        )
        (folder / "t.toml").write_text(text)
        self.events: list[Told] = []
        self.run = run
        self.terminals = Terminals(run.clock, read_config(folder / "t.toml"), self.events.append)
        self.terminals.start()
        run.links.append(self.terminals.links)

    def order(self, terminal: str, do: str, pin: str = PIN, **more: object) -> Told:
        came: list[Told] = []
        line = {"terminal": terminal, "do": do, "card": "anna", "pin": pin, **more}
        self.terminals.command(json.dumps(line).encode(), came.append)
        self.run.until(lambda: came)
        return came[0]

    def settled(self) -> Told:
        """The reversal that was settled, when it is."""
        self.run.until(lambda: any(each["event"] == "reversal" for each in self.events))
        return next(each for each in self.events if each["event"] == "reversal")


@pytest.fixture(params=DIALECTS, ids=NAMES)
def branch(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Branch]:
    """A host with its HSM, of either dialect, and its branch."""
    keys: Keys = request.param
    with contextlib.ExitStack() as stack:
        hsm = stack.enter_context(ApplianceProcess(keys.options))
        host = tmp_path / "host"
        host.mkdir()
        ourbank.write_files(host)
        (host / "bins.csv").write_text(f"prefix,name,kind,link,dialect\n{ANNA[:6]},Own,on-us,issuer,napas\n")
        tmk = keys.kept(TMK, "TMK")
        text = HOST + keys.configured(hsm) + "".join(LINK.format(*line) for line in LINES)
        text += KEYED.format("ATM00001", tmk, "daily", "atm") + KEYED.format("POS00001", tmk, "sign-on", "pos")
        running = RunningSwitch(host, text + ourbank.config_in(keys))
        stack.callback(running.close)
        yield Branch(stack.enter_context(loop()), tmp_path, running.ports)


def balance(branch: Branch, pin: str = PIN) -> int:
    told = branch.order("ATM00001", "balance", pin)
    assert told["outcome"] == "approved", told
    found = told["balances"]
    assert isinstance(found, list)
    return int(next(each["minor"] for each in found if each["kind"] == "available balance"))


def test_the_books_agree_with_what_terminals_did(branch: Branch) -> None:
    atm = branch.terminals.by_id["ATM00001"]
    branch.run.until(lambda: atm.epp.has_pin_key)
    assert balance(branch) == 800_000
    assert branch.order("ATM00001", "withdrawal", amount=100_000)["dispensed"] == 100_000
    wrong = branch.order("ATM00001", "withdrawal", "9999", amount=100_000)
    assert (wrong["outcome"], wrong["response"]) == ("declined", "55")
    assert branch.order("POS00001", "sign-on")["outcome"] == "approved"
    sold = branch.order("POS00001", "purchase", amount=50_000)
    assert sold["outcome"] == "approved", sold
    assert balance(branch) == 650_000
    assert branch.order("POS00001", "void", invoice=sold["invoice"])["outcome"] == "approved"
    assert balance(branch) == 700_000
    sold = branch.order("POS00001", "purchase", amount=60_000)
    assert branch.order("POS00001", "refund", invoice=sold["invoice"], amount=20_000)["outcome"] == "approved"
    assert balance(branch) == 660_000
    branch.order("ATM00001", "fault", fault="dispenser", notes=1)
    partly = branch.order("ATM00001", "withdrawal", amount=200_000)
    assert (partly["dispensed"], partly["reversal"]) == (100_000, True)
    assert branch.settled()["response"] == "00"
    assert balance(branch) == 560_000, "the bank keeps only what the customer has"
    changed = branch.order("ATM00001", "pin-change", **{"new-pin": "8642"})
    assert changed["outcome"] == "approved", changed
    assert branch.order("ATM00001", "balance")["response"] == "55", "the old PIN"
    assert balance(branch, "8642") == 560_000
