"""An order through all parts as processes, from the issuer to the XOF file, with an HSM process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.persosite import HSM_OPTIONS, Site

from hsm.client.process import ApplianceProcess
from switch.perso.xof import XofReader

CARDS = 100


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with ApplianceProcess(HSM_OPTIONS) as appliance:
        made.hsm_port = appliance.ports["eracom"]
        yield made
        made.stop()


def test_from_the_issuer_to_the_xof(site: Site) -> None:
    outer = site.start(
        "receive", "--config", site.server("receiving", ["hosting.example"], '[issuers]\n970499 = "issuer.example"\n')
    )
    inner = site.start("host", "--config", site.server("hosting", ["pmp.example"], site.source(outer, "receiving")))
    config = site.pmp_config(inner)
    site.prepare_pmp(config)
    order = site.order("0001", CARDS, "--tracks", "--icc-keys")
    site.say("issuer", "push", order, "--config", site.client("issuer", outer, "receiving"))
    pmp = ("pmp", "--config", config)
    while not (said := site.say(*pmp, "pull")):
        pass
    assert said == "pulled 970499-0001.order\n"
    assert list((site.folder / "receiving").iterdir()) == list((site.folder / "hosting").iterdir()) == []
    assert " 100 " in site.say(*pmp, "import")
    path = site.folder / "pmp" / "xof" / "970499-0001.xof"
    with path.open("rb") as source:
        assert len(list(XofReader(source, path.name))) == CARDS
    assert list((site.folder / "pmp" / "orders").iterdir()) == []
    for chain in ("receiving.audit", "hosting.audit", "pmp/pmp.audit"):
        assert "970499-0001" in site.say("audit", site.folder / chain)
