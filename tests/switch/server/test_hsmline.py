"""Lines to HSMs over TLS, in both dialects: certificates on both sides, and nothing to read on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme
from support.turning import Turning, turning

from hsm.client.codec import HostWire, Wire
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool, NotSent
from hsm.client.process import ApplianceProcess
from hsm.client.station import Bounds, Site
from hsm.dialects.eracom.status import AskRandom, RandomValue
from hsm.dialects.thales.status import Diagnosed
from hsm.wire.message import Empty
from switch.link.config import TlsFiles
from switch.server.hsmline import hsm_endpoint
from switch.server.perso.demo.tap import tapped
from switch.server.tls import TlsFilesUnusable

NAME = "hsm.example"


@dataclass(frozen=True)
class Lines:
    """Ports by name, and the files of callers by name."""

    ports: dict[str, int]
    files: dict[str, TlsFiles]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lines]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    roots = str(folder / "ca.pem")
    authority.cert_pem.write_to_path(roots)
    files = {}
    for name, issuer in ((NAME, authority), ("part", authority), ("stranger", trustme.CA())):
        own, pem, key = issuer.issue_cert(name), folder / f"{name}.pem", folder / f"{name}.key"
        pem.write_bytes(b"".join(each.bytes() for each in own.cert_chain_pems))
        own.private_key_pem.write_to_path(str(key))
        files[name] = TlsFiles(str(pem), str(key), roots, NAME)
    options = ("--lmk", "00=test-variant", "--km", "test-2266", "--tls-port", "0", "--eracom-tls-port", "0")
    certified = ("--tls-cert", files[NAME].certificate, "--tls-key", files[NAME].key, "--tls-client-ca", roots)
    with ApplianceProcess((*options, *certified)) as appliance:
        yield Lines(appliance.ports, files)


@pytest.fixture
def turned() -> Iterator[Turning]:
    with turning() as made:
        yield made


def pool_of(turned: Turning, port: int, wire: HostWire, files: TlsFiles | None, seconds: float = 10.0) -> HsmPool:
    site = Site("a", hsm_endpoint(turned.reactor, "127.0.0.1", port, files))
    pool = HsmPool(turned.reactor, [site], wire, Bounds(timeout_seconds=seconds))
    pool.start()
    return pool


def test_both_dialects_over_tls(turned: Turning, lines: Lines, tmp_path: Path) -> None:
    record = tmp_path / "line"
    with tapped(lines.ports["eracom-tls"], record) as port:
        pool = pool_of(turned, port, EracomWire(), lines.files["part"])
        value = turned.result(pool.ask(AskRandom(modifier="00", length=32), RandomValue)).value
        turned.result(pool.stop())
    assert len(value) == 32
    heard = record.read_bytes()
    assert len(heard) > 500
    assert value not in heard
    pool = pool_of(turned, lines.ports["tls"], Wire(), lines.files["part"])
    assert turned.result(pool.ask(Empty(), Diagnosed, code="NC")).lmk_check_value
    turned.result(pool.stop())


@pytest.mark.parametrize(
    ("caller", "peer", "port"),
    [
        ("stranger", NAME, "eracom-tls"),
        ("part", "other.example", "eracom-tls"),
        (None, NAME, "eracom-tls"),
        (None, NAME, "tls"),
    ],
    ids=["a certificate of another authority", "another name", "in the clear", "in the clear, Thales"],
)
def test_nobody_else_is_spoken_to(turned: Turning, lines: Lines, caller: str | None, peer: str, port: str) -> None:
    files = None if caller is None else replace(lines.files[caller], peer_name=peer)
    wire = EracomWire() if port == "eracom-tls" else Wire()
    pool = pool_of(turned, lines.ports[port], wire, files, seconds=1.0)
    code, request = ("EE0002", AskRandom(modifier="00", length=8)) if port == "eracom-tls" else ("NC", Empty())
    with pytest.raises(NotSent):
        turned.result(pool.call(code, request))
    turned.result(pool.stop())


def test_unusable_files_are_told(turned: Turning, lines: Lines) -> None:
    with pytest.raises(TlsFilesUnusable, match=r"none\.pem"):
        hsm_endpoint(turned.reactor, "127.0.0.1", 1, replace(lines.files["part"], certificate="none.pem"))
