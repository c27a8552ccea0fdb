"""Lines to HSMs, in the clear or by TLS.  Who imports this can call: servers that call nobody have ``tls`` alone."""

from __future__ import annotations

from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IReactorTCP, IStreamClientEndpoint

from hsm.client.connection import tcp_endpoint
from switch.link.config import TlsFiles
from switch.server.tls import calling


def hsm_endpoint(reactor: IReactorTCP, host: str, port: int, files: TlsFiles | None) -> IStreamClientEndpoint:
    """An appliance's host port, by TLS if there are *files*.  Raises TlsFilesUnusable."""
    plain = tcp_endpoint(reactor, host, port)
    if files is None:
        return plain
    secured: IStreamClientEndpoint = wrapClientTLS(calling(files), plain)
    return secured
