"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker, make_speaker


@pytest.fixture
def desk() -> Callable[..., Speaker]:
    """Makes appliances in memory: ``desk(settings={…}, lmks=("00=test-variant",), authorise="all", profile="legacy")``.

    What it makes takes a request text without header and gives the reply text.
    """
    return make_speaker
