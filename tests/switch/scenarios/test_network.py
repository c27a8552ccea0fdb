"""The hosts' files are what ``switch serve`` reads, and the terminals' what ``switch simulate`` reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from psec import des, pin
from support.opened import opened, pair_of

from switch.config.switchfile import read_config
from switch.flow.partner import Unproved
from switch.issuer.loading import read_books
from switch.routing.pan import Pan
from switch.scenarios import network
from switch.scenarios.scenario import HOSTS, A, B
from switch.scenarios.scenariofile import load
from switch.server.stage import terminals_config, write_files
from switch.simulators.config import SimulateConfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, load("F31-unknown-reverses"), network.Places({(A, B): 5001}, {A: 1500}, 0.5))
    return tmp_path


def test_hosts(folder: Path) -> None:
    for host in HOSTS:
        config = read_config(folder / host / "switch.toml")
        assert config.files.read().routing.table.rows
        assert (config.issuer is not None) == (host != B)
        if config.issuer is not None:
            assert len(read_books(config.issuer, config.folder).cards) == 1
        if host == B:
            assert config.partners["bank-a"].unproved is Unproved.REVERSE
            assert config.partners["bank-i"].unproved is Unproved.WAIT


def test_whoever_asks_waits_longer_than_whom_he_asks(folder: Path) -> None:
    a, b, i = ({link.name: link.timers for link in read_config(folder / host / "switch.toml").links} for host in HOSTS)
    terminal = terminals_config(folder, "ATM", 5001, 0.5).lines[0].link.timers
    assert i["centre"].t2_seconds < b["bank-i"].t2_seconds < a["centre"].t2_seconds < terminal.t2_seconds
    assert b["bank-i"].t2_seconds < b["bank-a"].t1_seconds
    assert a["centre"].t2_seconds < a["atms"].t1_seconds < terminal.t2_seconds


@pytest.mark.parametrize("who", ["ATM", "POS"])
def test_terminals(folder: Path, who: str) -> None:
    config: SimulateConfig = terminals_config(folder, who, 5001, 0.5)
    assert [placed.terminal.id for placed in config.terminals] == [network.TERMINAL_IDS[who]]
    assert set(config.cards) == {"member", "own"}


def test_keys_and_verification_values_by_psec() -> None:
    pvk = opened(network.PVK, pair_of("002"))
    for pan, pvv in network.PVVS.items():
        Pan(pan)
        assert pin.generate_visa_pvv(pvk, "1", network.PIN, pan) == pvv
    one, two, check = network.TMK_COMPONENTS.split()
    tmk = bytes(a ^ b for a, b in zip(bytes.fromhex(one), bytes.fromhex(two), strict=True))
    assert opened(network.TMK, pair_of("002")) == tmk
    assert des.generate_kcv(tmk, 3).hex().upper() == check
