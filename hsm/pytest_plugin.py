"""The pytest plugin: fixtures ``hsm`` and ``hsm_process``, for tests of programs that speak to an HSM.

    def test_my_host(hsm):
        assert hsm.command("NC").startswith("ND00")
        MyHost(*hsm.address).sign_on()
        assert hsm.function("EE0602 00").endswith("03")

The appliance is a process on free loopback ports, one for each dialect, with the published test LMKs (variant as 00, 3DES
key block as 01, AES key block as 02), the published KM test-2266 and everything authorised.  One serves the whole test
run; ``pytest --hsm-option`` adds options of ``hsm serve``, one each time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

# pytest loads this in every run of everybody who has the package: what is imported here must stay light.

OPTIONS = (
    "--lmk", "00=test-variant", "--lmk", "01=test-3des-block", "--lmk", "02=test-aes-block", "--authorise", "all",
    "--eracom-port", "0", "--km", "test-2266",
)  # fmt: skip


class RunningHsm:
    """A running appliance: *address* is where it listens, *eracom_address* where it speaks Eracom."""

    def __init__(self, host: str, port: int, eracom_port: int) -> None:
        self.address = (host, port)
        self.eracom_address = (host, eracom_port)

    def command(self, text: str) -> str:
        """The reply to a request, both as text from the command code on.  Raises OSError, ConnectionLost."""
        from hsm.client.blocking import BlockingClient

        with BlockingClient(*self.address) as client:
            return client.command(text)

    def function(self, request: str) -> str:
        """The reply to an Eracom request, both in hexadecimal from the function code on.  Raises as ``command``."""
        from hsm.client.blocking import BlockingClient
        from hsm.client.eracomcodec import EracomWire

        with BlockingClient(*self.eracom_address, EracomWire()) as client:
            return client.exchange(bytes.fromhex(request)).hex().upper()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--hsm-option``."""
    parser.getgroup("zonekey").addoption(
        "--hsm-option", action="append", default=[], metavar="OPTION", help="an option of hsm serve for the hsm fixture"
    )


@pytest.fixture(scope="session")
def hsm_process(pytestconfig: pytest.Config) -> Iterator[RunningHsm]:
    """The appliance of the whole test run."""
    from hsm.client.process import ApplianceProcess

    with ApplianceProcess([*OPTIONS, *pytestconfig.getoption("--hsm-option")]) as running:
        yield RunningHsm(running.host, running.port, running.ports["eracom"])


@pytest.fixture
def hsm(hsm_process: RunningHsm) -> RunningHsm:
    """A running appliance and a small client: ``hsm.command("NC")``, ``hsm.address``."""
    return hsm_process
