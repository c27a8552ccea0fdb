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
from support.appliancekeys import Eracom, Keys, Thales
from support.hostedatm import HOSTS_LINK, LINK, QUICK, TMK, Atm, hosts_terminal
from support.linked import loop
from support.partner import ZONES
from support.switched import SECONDS_MAX, RunningSwitch

from hsm.client.process import ApplianceProcess

ZMK = ZONES[0].zmk
SIDES: dict[str, tuple[Keys, Keys]] = {
    "thales": (Thales(), Thales()),
    "eracom": (Eracom(), Eracom()),
    "both": (Thales(), Eracom()),
}
"""The dialects of the centre's HSM and of its members'."""
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
{hsm}"""
KEYS = (
    '[link.keys]\nrole = "{role}"\nform = "tagged"\nzmk = "{zmk}"\nlines = ["zpk both", "zak both"]\n'
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


def text(name: str, institution: str, hsm: str, *links: str) -> str:
    return HEAD.format(name=name, institution=institution, hsm=hsm) + "".join(links)


def zone(name: str, role: str, port: int, side: str, institution: str, keys: Keys) -> str:
    more = QUICK + KEYS.format(role=side, zmk=keys.zmk(ZMK)) + f'[link.partner]\ninstitution = "{institution}"\n'
    return LINK.format(name=name, role=role, port=port, more=more)


def folder(base: Path, name: str, kind: str, link: str) -> Path:
    made = base / name
    made.mkdir()
    (made / "bins.csv").write_text(BINS.format(kind=kind, link=link))
    return made


@pytest.fixture(params=tuple(SIDES.values()), ids=tuple(SIDES))
def network(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Network]:
    ours: Keys
    theirs: Keys
    ours, theirs = request.param
    with contextlib.ExitStack() as stack:
        hsms = {each: each.configured(stack.enter_context(ApplianceProcess(each.options))) for each in {ours, theirs}}

        def run(where: Path, content: str) -> RunningSwitch:
            made = RunningSwitch(where, content)
            stack.callback(made.close)
            return made

        members = zone("bank-a", "server", 0, "switch", "970405", ours)
        members += zone("bank-i", "server", 0, "switch", "970411", ours)
        centre = run(folder(tmp_path, "centre", "member", "bank-i"), text("centre", "970400", hsms[ours], members))
        there = folder(tmp_path, "issuer", "on-us", "issuer")
        ourbank.write_files(there)
        up = zone("centre", "client", centre.ports["bank-i"], "member", "970400", theirs)
        issuer = run(there, text("issuer", "970411", hsms[theirs], up, ourbank.config_in(theirs)))
        up = zone("centre", "client", centre.ports["bank-a"], "member", "970400", theirs)
        where = folder(tmp_path, "acquirer", "member", "centre")
        own = HOSTS_LINK, hosts_terminal(theirs)
        yield Network(centre, issuer, run(where, text("acquirer", "970405", hsms[theirs], up, *own)))


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
    kept = [words for keys in (Thales(), Eracom()) for words in (*keys.zmk(ZMK).split(), keys.kept(TMK, "TMK"))]
    for one in network.all:
        for each in (*one.folder.glob("*.log"), *one.folder.glob("said")):
            told = each.read_text()
            for secret in (ourbank.ANNA, *kept, atm.key.hex().upper()):
                assert secret not in told
            assert '"fault"' not in told
