"""A running appliance with the three published LMKs, and lines to it over each transport."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.lines import Pki, line_to
from support.partner import ZONES, Ask, Zone
from support.served import Serve, Served, echo_environment

from hsm.client.process import ApplianceProcess

OPTIONS = (
    "--lmk", "00=test-variant", "--lmk", "01=test-3des-block", "--lmk", "02=test-aes-block", "--authorise", "all",
    "--set", "encrypted-pin-length=13",
)  # fmt: skip


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def appliance(pki: Pki) -> Iterator[ApplianceProcess]:
    with ApplianceProcess([*OPTIONS, *pki.options()]) as running:
        yield running


@pytest.fixture(scope="session", params=["tcp", "udp", "tls"])
def ask(request: pytest.FixtureRequest, appliance: ApplianceProcess, pki: Pki) -> Iterator[Ask]:
    """Sends a request text without header over each transport in turn, and gives the reply text."""
    with line_to(appliance, request.param, pki) as line:
        yield line.command


@pytest.fixture(scope="session")
def tcp(appliance: ApplianceProcess, pki: Pki) -> Iterator[Ask]:
    """As ``ask``, over TCP alone: for what is long and has nothing to do with the transport."""
    with line_to(appliance, "tcp", pki) as line:
        yield line.command


@pytest.fixture(scope="session", params=ZONES, ids=lambda zone: zone.name)
def zone(request: pytest.FixtureRequest) -> Zone:
    found = request.param
    assert isinstance(found, Zone)
    return found


@pytest.fixture(scope="session", params=[zone for zone in ZONES if zone.in_blocks], ids=lambda zone: zone.name)
def block_zone(request: pytest.FixtureRequest) -> Zone:
    found = request.param
    assert isinstance(found, Zone)
    return found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts appliances: options of ``hsm serve`` in, a Served out, ready."""
    started: list[Served] = []

    def start(*options: str) -> Served:
        ready_file = tmp_path / f"ready-{len(started)}.json"
        words = ["serve", "--host-port", "0", "--ready-file", str(ready_file), *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "hsm.server.main", *words], stderr=subprocess.PIPE, text=True, env=echo_environment()
        )
        served = Served(process, {}, ready_file)
        started.append(served)
        served.line("listening on")
        served.ports.update(json.loads(ready_file.read_text())["ports"])
        return served

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()
