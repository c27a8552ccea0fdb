"""The yardstick: a bare Twisted server that echoes frames with a 2-byte length.  Prints its port number."""

from __future__ import annotations

import socket
from typing import cast

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import ServerFactory
from twisted.protocols.basic import Int16StringReceiver

from hsm.server.serving import running_reactor


class Echo(Int16StringReceiver):
    """Sends back what it gets."""

    def connectionMade(self) -> None:
        cast(ITCPTransport, self.transport).setTcpNoDelay(True)

    def stringReceived(self, string: bytes) -> None:
        self.sendString(string)  # type: ignore[no-untyped-call]  # Twisted has no annotation there


def main() -> None:
    reactor = running_reactor()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        listening.setblocking(False)
        reactor.adoptStreamPort(
            listening.fileno(), socket.AF_INET, cast(ServerFactory, ServerFactory.forProtocol(Echo))
        )
        print(listening.getsockname()[1], flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
