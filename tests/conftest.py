"""Options and fixtures for all tests."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from support.appliances import Speaker, make_speaker

# A busy machine must not fail a test, neither within an example nor while one is drawn.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", UNHURRIED, max_examples=1_000)
settings.register_profile("default", UNHURRIED)
settings.load_profile("default")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in the background has its children ignore Ctrl-C; the servers under test must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption(
        "--target",
        metavar="tcp://HOST:PORT",
        help="run the witnessed exchanges against this server or device, not in process (see --target-group)",
    )
    group.addoption(
        "--target-group",
        default="double",
        choices=["double", "single", "block", "aes"],
        help="which exchanges suit the target: its ZMK length, or its key-block LMK as 01",
    )
    group.addoption("--target-header", type=int, default=4, help="the target's header length")


@pytest.fixture
def desk() -> Callable[..., Speaker]:
    """Makes appliances in memory: ``desk(settings={…}, lmks=("00=test-variant",), authorise="all", profile="legacy")``.

    What it makes takes a request text without header and gives the reply text.
    """
    return make_speaker
