"""Imports point down, and only the edge touches the world."""

from __future__ import annotations

import pytest
from support.sources import Source, sources

LAYERS = {
    # package: what of ours it may import (itself always)
    "hsm.refusal": (),
    "hsm.ports": (),
    "hsm.wire": ("hsm.refusal",),
    "hsm.crypto": ("hsm.refusal",),
    "hsm.keys": ("hsm.crypto", "hsm.refusal"),
    "hsm.policy": ("hsm.refusal", "hsm.ports", "hsm.crypto"),
    "hsm.audit": ("hsm.refusal", "hsm.ports", "hsm.policy"),
    "hsm.state": ("hsm.keys", "hsm.policy"),
    "hsm.storage": ("hsm.state", "hsm.refusal", "hsm.ports", "hsm.policy", "hsm.crypto", "hsm.keys"),
    "hsm.appliance": (
        "hsm.state", "hsm.keys", "hsm.crypto", "hsm.policy", "hsm.audit", "hsm.storage", "hsm.ports", "hsm.refusal",
    ),
    "hsm.operations": (
        "hsm.appliance", "hsm.keys", "hsm.crypto", "hsm.policy", "hsm.audit", "hsm.storage", "hsm.ports",
        "hsm.refusal",
    ),
    "hsm.console": (
        "hsm.appliance", "hsm.state", "hsm.operations", "hsm.keys", "hsm.crypto", "hsm.policy", "hsm.audit",
        "hsm.storage", "hsm.ports", "hsm.refusal",
    ),
    "hsm.dialects": (
        "hsm.wire", "hsm.appliance", "hsm.state", "hsm.operations", "hsm.keys", "hsm.crypto", "hsm.policy", "hsm.audit",
        "hsm.storage", "hsm.refusal",
    ),
    "hsm.client": ("hsm.dialects", "hsm.wire", "hsm.refusal"),
    "hsm.spec": ("hsm.dialects", "hsm.wire", "hsm.policy", "hsm.refusal"),
    "hsm.testing": ("hsm",),
    "hsm.pytest_plugin": ("hsm.client",),
    "hsm.server": ("hsm",),
    "switch": ("hsm.wire", "hsm.client"),
}  # fmt: skip

POOL = ("hsm.client.connection", "hsm.client.station", "hsm.client.pool", "hsm.client.monotonic")
"""What of the client lives on the reactor."""

ALL = sources("hsm") + sources("switch")


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def layer_of(module: str) -> str | None:
    return next((package for package in LAYERS if within(module, package)), None)


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.module)
def test_imports_point_down(source: Source) -> None:
    layer = layer_of(source.module)
    if layer is None:
        assert source.module == "hsm", "every package has its place in the table"
        return
    allowed = (layer, *LAYERS[layer])
    wrong = [
        name
        for name, typing_only in source.imports()
        if (within(name, "hsm") or within(name, "switch"))
        and not typing_only
        and name != "hsm.refusal"
        and not any(within(name, package) for package in allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.module)
def test_only_the_edge_touches_the_world(source: Source) -> None:
    names = {name for name, _ in source.imports()}
    if not any(within(source.module, edge) for edge in ("hsm.server", "switch.server", *POOL)):
        assert {name for name in names if within(name, "twisted")} == set()
    if not any(within(source.module, edge) for edge in ("hsm.server", "hsm.client", "switch.server")):
        assert {
            n for n in names if any(within(n, w) for w in ("socket", "selectors", "subprocess", "asyncio"))
        } == set()
    assert {name for name in names if within(name, "random")} == set(), "randomness is a port: hsm.ports.Random"
    assert {name for name in names if any(within(name, w) for w in ("construct", "psec", "pyemv", "pickle"))} == set()


def test_the_project_stands_alone() -> None:
    """Nothing reads what lies outside the repository."""
    outside = ("/wo" + "rk", "../sha" + "red", "/sha" + "red/")
    found = [s.module for s in ALL + sources("tests") if any(each in s.text for each in outside)]
    assert found == []
