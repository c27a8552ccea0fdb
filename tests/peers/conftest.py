"""A running appliance with the three published LMKs, and lines to it over each transport."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.lines import Pki, line_to
from support.partner import ZONES, Ask, Zone

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
