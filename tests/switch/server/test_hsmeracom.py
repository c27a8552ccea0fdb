"""What holds of the Eracom dialect alone: appliances of one pool have the same KM, though no function tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.appliancekeys import Eracom
from support.partner import des_key
from support.turning import turning

from hsm.client.agreement import ERACOM_PROBES
from hsm.client.connection import tcp_endpoint
from hsm.client.eracom import AskDetails
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool
from hsm.client.process import ApplianceProcess
from hsm.client.station import Bounds, Site
from switch.config.switchfile import SwitchConfig, read_text
from switch.server.hsmeracom import probes

KEYS = Eracom()
HEAD = """[switch]
name = "bank"
institution = "970400"
[hsm]
dialect = "eracom"
[[hsm.site]]
name = "a"
address = "127.0.0.1:1"
"""
LINK = '[[link]]\nname = "up"\nspec = "napas"\nrole = "client"\naddress = "127.0.0.1:1"\n'
ISSUER = f"""[issuer]
currency = "704"
accounts = "a.csv"
cards = "c.csv"
pan-key = "k"
pvk = "{KEYS.kept(des_key("PVK"), "PVV")}"
"""
OFFSET = 'pin-method = "offset"\n[issuer.offset]\nvalidation = "12345678901N"\n'
ZONE = LINK + '[link.keys]\nrole = "member"\nzmk = "{}"\n'
KI = "050810020001"
TERMINAL = '[[terminal]]\nid = "ATM00001"\ntmk = "020007"\nrenewal = "sign-on"\n'


def config(*parts: str) -> SwitchConfig:
    return read_text(Path("/there/switch.toml"), HEAD + "".join(parts))


def kcv_asked(*parts: str) -> tuple[str, str]:
    """The key, and its type, whose check value appliances are asked for."""
    *usual, own = probes(config(*parts))
    assert (tuple(usual), own.code, own.same) == (ERACOM_PROBES, "EE0202", ("check_value",))
    assert isinstance(own.request, AskDetails)
    return own.request.key.encode("latin-1").hex().upper(), own.request.key_type


def test_the_check_value_is_that_of_a_key_that_is_configured() -> None:
    pair = f"{KEYS.kept(des_key('ZMK'), 'KIS')} 020003"
    assert kcv_asked(ISSUER, ZONE.format("020001"), TERMINAL)[1] == "08"
    assert kcv_asked(ISSUER, OFFSET)[1] == "07"
    assert kcv_asked(ZONE.format("020001"), TERMINAL) == ("020001", "03")
    assert kcv_asked(ZONE.format(pair)) == (pair.split()[0], "03")
    assert kcv_asked(ZONE.format(KI)) == (KI, "10")
    assert kcv_asked(TERMINAL) == ("020007", "05")
    assert probes(config(LINK)) == ERACOM_PROBES


@pytest.mark.parametrize("more", [ISSUER, ZONE.format(KEYS.zmk(des_key("ZMK")))], ids=["issuer", "zone"])
def test_an_appliance_with_another_km_does_not_serve(more: str) -> None:
    with (
        ApplianceProcess(KEYS.options) as ours,
        ApplianceProcess(("--eracom-port", "0", "--km", "test-33")) as theirs,
        turning() as turned,
    ):
        sites = [
            Site(name, tcp_endpoint(turned.reactor, "127.0.0.1", each.ports["eracom"]))
            for name, each in (("a", ours), ("b", theirs))
        ]
        pool = HsmPool(turned.reactor, sites, EracomWire(), Bounds(connections=1), probes=probes(config(more)))
        pool.start()
        turned.until(lambda: any(site.complaint for site in pool.figures().sites))
        turned.until(lambda: any(site.connections for site in pool.figures().sites))
        (complaint,) = (site.complaint for site in pool.figures().sites if site.complaint)
        assert complaint.startswith("EE0202 ")
        assert sum(site.connections for site in pool.figures().sites) == 1
        turned.result(pool.stop())
