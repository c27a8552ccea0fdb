"""A withdrawal through three switches as processes, with an HSM as another: terminal, its bank, the centre, the issuer.

The terminal is ours: it opens its PIN key with its master key and makes the PIN block by psec.
"""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import ourbank
from support.hostedatm import HOSTS_LINK, HOSTS_TERMINAL, LINK, QUICK, TMK_TOKEN, Atm
from support.linked import loop
from support.partner import ZONES
from support.switched import SECONDS_MAX, RunningSwitch

from hsm.client.process import ApplianceProcess

ZMK = ZONES[0].token
HEAD = """[switch]
name = "{name}"
institution = "{institution}"
bins = "bins.csv"
[console]
address = "127.0.0.1:0"
[metrics]
address = "127.0.0.1:0"
[log]
file = "switch.log"
[hsm]
timeout = 60
attempt-timeout = 60
[[hsm.site]]
name = "a"
address = "127.0.0.1:{hsm}"
"""
KEYS = (
    '[link.keys]\nrole = "{role}"\nform = "tagged"\nzmk = "' + ZMK + '"\nlines = ["zpk both", "zak both"]\n'
    "[link.partner.mac]\n"
)
BINS = f"prefix,name,kind,link,dialect\n{ourbank.ANNA[:6]},Issuer,{{kind}},{{link}},napas\n"


@dataclass
class Network:
    """The three, and the terminal's link."""

    centre: RunningSwitch
    issuer: RunningSwitch
    acquirer: RunningSwitch

    @property
    def all(self) -> tuple[RunningSwitch, ...]:
        return self.centre, self.issuer, self.acquirer


def text(name: str, institution: str, hsm: int, *links: str) -> str:
    return HEAD.format(name=name, institution=institution, hsm=hsm) + "".join(links)


def zone(name: str, role: str, port: int, side: str, institution: str) -> str:
    more = QUICK + KEYS.format(role=side) + f'[link.partner]\ninstitution = "{institution}"\n'
    return LINK.format(name=name, role=role, port=port, more=more)


def folder(base: Path, name: str, kind: str, link: str) -> Path:
    made = base / name
    made.mkdir()
    (made / "bins.csv").write_text(BINS.format(kind=kind, link=link))
    return made


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with contextlib.ExitStack() as stack:
        hsm = stack.enter_context(ApplianceProcess(("--lmk", "00=test-variant", "--authorise", "all"))).port

        def run(where: Path, content: str) -> RunningSwitch:
            made = RunningSwitch(where, content)
            stack.callback(made.close)
            return made

        members = zone("bank-a", "server", 0, "switch", "970405") + zone("bank-i", "server", 0, "switch", "970411")
        centre = run(folder(tmp_path, "centre", "member", "bank-i"), text("centre", "970400", hsm, members))
        there = folder(tmp_path, "issuer", "on-us", "issuer")
        ourbank.write_files(there)
        up = zone("centre", "client", centre.ports["bank-i"], "member", "970400")
        issuer = run(there, text("issuer", "970411", hsm, up, ourbank.CONFIG))
        up = zone("centre", "client", centre.ports["bank-a"], "member", "970400")
        where = folder(tmp_path, "acquirer", "member", "centre")
        yield Network(centre, issuer, run(where, text("acquirer", "970405", hsm, up, HOSTS_LINK, HOSTS_TERMINAL)))


def test_a_pin_is_verified_three_hops_away_and_every_operator_sees_it(network: Network) -> None:
    for member in (network.issuer, network.acquirer):
        member.until("ZAK   both       1", "keys")
        member.until("ZPK   both       1", "keys")
        member.until("in force", "keys")
    network.centre.until("OK", "keys")
    with loop() as run:
        atm = Atm(run, network.acquirer.ports["atms"])
        atm.sign_on()
        right = atm.withdraw(ourbank.ANNA, "1234", 200_000)
        assert (right.mti, right.fields[39]) == ("0210", "00")
        wrong = atm.withdraw(ourbank.ANNA, "4321", 200_000)
        assert wrong.fields[39] == "55"
        assert "PIN tries left   2" in network.issuer.ask("card", ourbank.ANNA).stdout
        assert network.issuer.ask("card", ourbank.ANNA, "status", "stolen").returncode == 0
        assert atm.withdraw(ourbank.ANNA, "1234", 200_000).fields[39] == "43"
        network.issuer.until("active", "card", ourbank.ANNA, "status", "active")
        network.issuer.until("PIN tries left   3", "card", ourbank.ANNA, "tries", "3")
        assert "we have issued no such card" in network.issuer.ask("card", "9704360000000007").stderr
        assert "this switch issues no cards" in network.centre.ask("card", ourbank.ANNA).stderr
    for one in network.all:
        shown = one.until("withdrawal", "transactions")
        assert shown.count("answered") == 3
        assert ourbank.ANNA not in shown
        figures = one.ask("figures").stdout
        assert "withdrawal  00        1" in figures
        assert "withdrawal  55        1" in figures
        with urllib.request.urlopen(f"http://127.0.0.1:{one.ports['metrics']}/metrics", timeout=SECONDS_MAX) as scraped:
            assert b'transactions_total{response="00",service="withdrawal"} 1.0' in scraped.read()
        assert one.stop() == 0
    for one in network.all:
        for each in (*one.folder.glob("*.log"), *one.folder.glob("said")):
            told = each.read_text()
            for secret in (ourbank.ANNA, ZMK, atm.key.hex().upper(), TMK_TOKEN):
                assert secret not in told
            assert '"fault"' not in told
