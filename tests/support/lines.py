"""Ways to a host port: each takes a request text without header and gives the reply text."""

from __future__ import annotations

import socket
import ssl
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import trustme

from hsm.client.blocking import BlockingClient
from hsm.client.process import ApplianceProcess

SECONDS_MAX = 60.0
HEADER = b"PEER"


class Line(Protocol):
    """A conversation with an appliance."""

    def command(self, text: str) -> str: ...
    def close(self) -> None: ...


class UdpLine:
    """One datagram a request."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(SECONDS_MAX)
        self._socket.connect((host, port))

    def command(self, text: str) -> str:
        frame = HEADER + text.encode("latin-1")
        self._socket.send(len(frame).to_bytes(2, "big") + frame)
        reply = self._socket.recv(0xFFFF)
        assert int.from_bytes(reply[:2], "big") == len(reply) - 2
        assert reply[2:6] == HEADER
        return reply[6:].decode("latin-1")

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Pki:
    """An authority, and the files with which a server asks its clients for certificates of that authority."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    def options(self) -> tuple[str, ...]:
        """Options of ``hsm serve``."""
        certificate, key, authority = (str(self.folder / name) for name in ("server.pem", "server.key", "ca.pem"))
        server = self.authority.issue_cert("127.0.0.1")
        Path(certificate).write_bytes(b"".join(each.bytes() for each in server.cert_chain_pems))
        server.private_key_pem.write_to_path(key)
        self.authority.cert_pem.write_to_path(authority)
        return ("--tls-port", "0", "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", authority)

    def client(self, *, certified: bool = True) -> ssl.SSLContext:
        """A client's context; with a certificate of the authority if *certified*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        if certified:
            self.authority.issue_cert("host-1").configure_cert(context)
        return context


def line_to(running: ApplianceProcess, transport: str, pki: Pki) -> AbstractContextManager[Line]:
    """A line over *transport*: ``tcp``, ``udp`` or ``tls``."""
    if transport == "udp":
        return closing(UdpLine(running.host, running.port))
    if transport == "tls":
        tls = pki.client()
        return closing(BlockingClient(running.host, running.ports["tls"], tls=tls, timeout_seconds=SECONDS_MAX))
    return closing(BlockingClient(running.host, running.port, timeout_seconds=SECONDS_MAX))
