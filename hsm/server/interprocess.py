"""What the owner of the state and its worker processes say to each other: AMP over a private socket pair.

The owner sends a new worker the whole state, has it listen, and then sends each change.  AMP keeps the order, and a
worker answers a change when it has made it, so a change that is answered to a host is in force in every worker.  A
worker sends the owner the requests that change state.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import ClassVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorSocket
from twisted.internet.protocol import Factory, ServerFactory
from twisted.protocols import amp

from hsm.server.ports import Limits, Listener, TlsFiles

CHUNK_BYTES_MAX = 60_000
"""AMP carries 65,535 bytes a value."""
STATE_BYTES_MAX = 64 * 1_048_576

LINK_DESCRIPTOR = 3
COUNTERS_DESCRIPTOR = 4


class ExecutionFailed(Exception):
    """The owner could not execute a request; its own journal says where."""


class ListeningFailed(Exception):
    """A worker can't listen; the text says why."""


class AuditNotKept(Exception):
    """The owner could not write the audit log; its own journal says where."""


class State(amp.Command):
    """Owner to worker: a piece of the whole state."""

    arguments: ClassVar = [(b"chunk", amp.String()), (b"last", amp.Boolean())]


class Change(amp.Command):
    """Owner to worker: a piece of one change."""

    arguments: ClassVar = [(b"chunk", amp.String()), (b"last", amp.Boolean())]


class Begin(amp.Command):
    """Owner to worker: listen on these ports."""

    arguments: ClassVar = [(b"ports", amp.Unicode())]
    errors: ClassVar = {ListeningFailed: b"LISTENING_FAILED"}


class Audited(amp.Command):
    """Worker to owner: a piece of what the audit log must keep."""

    arguments: ClassVar = [(b"chunk", amp.String()), (b"last", amp.Boolean())]
    errors: ClassVar = {AuditNotKept: b"AUDIT_NOT_KEPT"}


class Execute(amp.Command):
    """Worker to owner: execute a request that changes state."""

    arguments: ClassVar = [(b"listener", amp.Unicode()), (b"request", amp.String()), (b"peer", amp.Unicode())]
    response: ClassVar = [(b"reply", amp.String())]
    errors: ClassVar = {ExecutionFailed: b"EXECUTION_FAILED"}


def chunks(whole: bytes) -> Iterator[tuple[bytes, bool]]:
    """*whole* in pieces that AMP carries, each with whether it is the last.

    >>> [(len(piece), last) for piece, last in chunks(bytes(60_001))]
    [(60000, False), (1, True)]
    >>> list(chunks(b""))
    [(b'', True)]
    """
    starts = range(0, max(1, len(whole)), CHUNK_BYTES_MAX)
    return ((whole[start : start + CHUNK_BYTES_MAX], start == starts[-1]) for start in starts)


class Joiner:
    """Joins the pieces again."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def joined(self, chunk: bytes, last: bool) -> bytes | None:
        """The whole, when *chunk* was its last piece.  Raises ValueError beyond STATE_BYTES_MAX."""
        if len(self._pieces) + len(chunk) > STATE_BYTES_MAX:
            raise ValueError("state too long")
        self._pieces += chunk
        if not last:
            return None
        whole = bytes(self._pieces)
        self._pieces.clear()
        return whole


def ports_told(listeners: Sequence[Listener], limits: Limits) -> str:
    """*listeners* and *limits* as text for ``ports_heard``."""
    return json.dumps({"listeners": [asdict(each) for each in listeners], "limits": asdict(limits)})


def ports_heard(told: str) -> tuple[tuple[Listener, ...], Limits]:
    """What ``ports_told`` was given."""
    whole = json.loads(told)
    listeners = []
    for each in whole["listeners"]:
        tls = each.pop("tls")
        listeners.append(Listener(**each, tls=None if tls is None else TlsFiles(**tls)))
    return tuple(listeners), Limits(**whole["limits"])


class Link(amp.AMP):
    """One end of the link."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # AMP has no annotations

    def ask(self, command: type[amp.Command], **arguments: str | bytes | bool) -> Deferred[dict[str, bytes]]:
        """The other side's answer; it fails when the link is lost first."""
        asked: Deferred[dict[str, bytes]] = self.callRemote(command, **arguments)  # type: ignore[no-untyped-call]  # AMP
        return asked

    def adopted(self, reactor: IReactorSocket, end: socket.socket) -> None:
        """Speak over *end*; the reactor takes a duplicate of its descriptor."""
        end.setblocking(False)
        factory = Factory.forProtocol(lambda: self)
        factory.noisy = False
        reactor.adoptStreamConnection(end.fileno(), socket.AF_UNIX, cast(ServerFactory, factory))
