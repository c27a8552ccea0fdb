"""``--full``: every act and every call, not only those that are quick."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="kill every act of the store at every call")
