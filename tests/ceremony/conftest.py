"""An appliance as a process, and people who have cards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site where no appliance has been started yet; alice and bob have SSH keys."""
    yield from opened(tmp_path)


@pytest.fixture(scope="module")
def lasting_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """As ``site``, for all tests of a module."""
    yield from opened(tmp_path_factory.mktemp("site"))


def opened(folder: Path) -> Iterator[Site]:
    found = Site(folder)
    found.prepare("alice", "bob")
    yield found
    found.close()
