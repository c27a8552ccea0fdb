from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from support.echo_household import framed
from support.served import Serve, Served, reply_from

from hsm.server.ports import TlsFiles
from hsm.server.tls import TlsFilesUnusable, server_context


@dataclass(frozen=True)
class Pki:
    ours: trustme.CA
    others: trustme.CA
    files: TlsFiles

    @property
    def options(self) -> tuple[str, ...]:
        return (
            *("--tls-port", "0", "--tls-cert", self.files.certificate, "--tls-key", self.files.key),
            *("--tls-client-ca", str(self.files.client_ca)),
        )

    def client(self, issuer: trustme.CA | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ours.configure_trust(context)
        if issuer is not None:
            issuer.issue_cert("host-1").configure_cert(context)
        return context


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("pki")
    ours, others = trustme.CA(), trustme.CA()
    server = ours.issue_cert("127.0.0.1")
    certificate, key, authority = (str(directory / name) for name in ("server.pem", "server.key", "ca.pem"))
    Path(certificate).write_bytes(b"".join(each.bytes() for each in server.cert_chain_pems))
    server.private_key_pem.write_to_path(key)
    ours.cert_pem.write_to_path(authority)
    return Pki(ours, others, TlsFiles(certificate, key, authority))


def converse(served: Served, context: ssl.SSLContext) -> bytes:
    with served.connect("tls") as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as connected:
        connected.sendall(framed(b"hello"))
        return reply_from(connected)


def test_only_clients_with_a_certificate_of_the_authority_are_served(serve: Serve, pki: Pki) -> None:
    served = serve(*pki.options)
    assert converse(served, pki.client(pki.ours)) == b"hello"
    for stranger in (pki.client(None), pki.client(pki.others)):
        # TLS 1.3 tells the client of its refusal only after the client's side of the handshake is over.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            assert converse(served, stranger) == b"hello"
    assert converse(served, pki.client(pki.ours)) == b"hello"
    assert served.ask(b"plain") == b"plain"
    assert served.stop()[0] == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("version", "accepted"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_versions(serve: Serve, pki: Pki, version: str, accepted: bool) -> None:
    served = serve(*pki.options)
    client = pki.client(pki.ours)
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = client.maximum_version = ssl.TLSVersion[version]
    if accepted:
        assert converse(served, client) == b"hello"
        return
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|alert protocol version"):
        converse(served, client)


def test_replies_longer_than_buffers_and_stopping(serve: Serve, pki: Pki) -> None:
    served = serve(*pki.options)
    with (
        served.connect("tls") as plain,
        pki.client(pki.ours).wrap_socket(plain, server_hostname="127.0.0.1") as connected,
    ):
        connected.sendall(framed(b"L30000") * 200)
        assert reply_from(connected) == b"x" * 30000
        served.process.terminate()
        for _ in range(199):
            assert reply_from(connected) == b"x" * 30000
        assert connected.recv(1) == b""


def test_a_client_that_speaks_plainly_is_dropped(serve: Serve, pki: Pki) -> None:
    served = serve(*pki.options)
    with served.connect("tls") as plain:
        plain.sendall(framed(b"hello"))
        assert plain.recv(100)[:1] in (b"", b"\x15")  # nothing, or a TLS alert; never a reply
    assert converse(served, pki.client(pki.ours)) == b"hello"


def test_unusable_files_are_named(pki: Pki, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    good, other_key = pki.files, str(tmp_path / "other.key")
    pki.ours.issue_cert("other").private_key_pem.write_to_path(other_key)
    for files, named in (
        (TlsFiles(str(empty), good.key), "empty.pem"),
        (TlsFiles(good.certificate, str(empty)), "empty.pem"),
        (TlsFiles(good.certificate, other_key), "other.key"),
        (TlsFiles(good.certificate, good.key, str(empty)), "empty.pem"),
        (TlsFiles(good.certificate, good.key, str(tmp_path / "none")), "none"),
        (TlsFiles(str(tmp_path / "none"), good.key), "none"),
    ):
        with pytest.raises(TlsFilesUnusable, match=named):
            server_context(files)
