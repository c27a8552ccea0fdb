"""Configurations of servers and of the PMP: each error by file, line and field."""

from __future__ import annotations

import pytest

from switch.link.config import TlsFiles
from switch.link.lines import ConfigError
from switch.perso.hsmconfig import HsmAddress
from switch.perso.partconfig import read_part
from switch.perso.pmpconfig import read_pmp

TLS = '[tls]\ncertificate = "a.pem"\nkey = "a.key"\nauthority = "ca.pem"\n'
PART = f"""address = "127.0.0.1:7443"
folder = "received"
audit = "a.audit"
window = "01:00-04:00"
takers = ["Hosting.example"]
{TLS}[issuers]
970499 = "Issuer.example"
[source]
address = "10.0.0.1:7444"
peer-name = "outer.example"
"""
PMP = f"""folder = "pmp"
kir = 2
{TLS}[source]
address = "10.0.0.1:7444"
peer-name = "hosting.example"
[[hsm]]
address = "127.0.0.1:1501"
"""


def test_a_server() -> None:
    part = read_part("a.toml", PART)
    assert (part.host, part.port, str(part.window)) == ("127.0.0.1", 7443, "01:00-04:00")
    assert part.takers == {"hosting.example"}
    assert dict(part.issuers) == {"issuer.example": "970499"}
    assert part.source is not None
    assert (part.source.host, part.source.tls.peer_name, part.source.tls.key) == ("10.0.0.1", "outer.example", "a.key")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("127.0.0.1:7443", "127.0.0.1", "a.toml, line 1: address: expected HOST:PORT"),
        ("7443", "77443", "a.toml, line 1: address: expected HOST:PORT"),
        ("04:00", "25:00", "a.toml, line 4: window: expected HH:MM-HH:MM"),
        ('["Hosting.example"]', "[]", "a.toml, line 5: takers: expected 1 to 16 DNS names"),
        ("970499", "97-0499", "a.toml, line 11: issuers.97-0499: expected"),
        ("window", "windows", "a.toml, line 4: windows: expected nothing"),
        ('key = "a.key"\n', "", "a.toml, line 6: tls.key: expected a PEM file"),
        ("[tls]", "[tls", "a.toml: syntax: expected TOML"),
    ],
)
def test_errors_of_a_server(old: str, new: str, told: str) -> None:
    assert old in PART
    with pytest.raises(ConfigError) as wrong:
        read_part("a.toml", PART.replace(old, new, 1))
    assert str(wrong.value).startswith(told)


def test_a_pmp() -> None:
    pmp = read_pmp("a.toml", PMP)
    assert (str(pmp.folder), pmp.kir, pmp.hsms) == ("pmp", 2, (HsmAddress("127.0.0.1", 1501),))
    assert pmp.source is not None


def test_a_line_to_an_hsm_over_tls() -> None:
    secured = '[hsm.tls]\ncertificate = "p.pem"\nkey = "p.key"\nauthority = "ca.pem"\npeer-name = "hsm.example"\n'
    pmp = read_pmp("a.toml", PMP + secured)
    assert pmp.hsms == (HsmAddress("127.0.0.1", 1501, TlsFiles("p.pem", "p.key", "ca.pem", "hsm.example")),)
    with pytest.raises(ConfigError, match=r"line 17: hsm\.0\.tls\.peer: expected nothing"):
        read_pmp("a.toml", PMP + secured + 'peer = "x"\n')


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('[[hsm]]\naddress = "127.0.0.1:1501"\n', "", "a.toml: hsm: expected 1 to 16 [[hsm]] tables"),
        ("kir = 2", "kir = 0", "a.toml, line 2: kir: expected a whole number from 1 to 9999"),
        ('"127.0.0.1:1501"', "1501", "a.toml, line 11: hsm.0.address: expected HOST:PORT"),
        ("peer-name", "peer", "a.toml, line 7: source.peer-name: expected a DNS name"),
    ],
)
def test_errors_of_a_pmp(old: str, new: str, told: str) -> None:
    assert old in PMP
    with pytest.raises(ConfigError) as wrong:
        read_pmp("a.toml", PMP.replace(old, new, 1))
    assert str(wrong.value).startswith(told)
