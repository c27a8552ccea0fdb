"""What the server needs of the appliance, and what a host port is.

The server knows no command, key or setting.  It asks a *household* (the appliance with its shared state) for one
session a connection and drives that; with worker processes it also carries the household's state to them, as opaque
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hsm.dialects.session import HostSession

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from hsm.console.line import Console
    from hsm.server.config import Config
    from hsm.server.counters import Counters
    from hsm.server.traffic import HostTraffic


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of a TLS port; with *client_ca* every client must show a certificate that it issued."""

    certificate: str
    key: str
    client_ca: str | None = None


@dataclass(frozen=True)
class Listener:
    """One host port: where it listens and how its hosts speak."""

    name: str
    port: int
    host: str = "127.0.0.1"
    dialect: str = "thales"
    header_bytes: int = 4
    lmk_id: str | None = None
    """The LMK that the port is tied to; None: the default one, or the one that a request names."""
    charset: str = "ascii"
    tls: TlsFiles | None = None


@dataclass(frozen=True)
class Limits:
    """The bounds of one host port in one process.  A time of 0 seconds means no limit, where nothing else is said."""

    connections_max: int = 256
    requests_per_second_max: float = field(default=0.0)
    """Of one connection; it may run ahead by one second's worth.  0: unlimited."""
    frames_per_turn_max: int = 64
    """Requests of one connection executed before the others get their turn."""
    idle_seconds: float = 3600.0
    """Hosts keep connections through quiet hours; TCP keepalive finds dead peers sooner than this."""
    partial_seconds: float = 10.0
    """From the first byte of a request to its last, and to the end of a TLS handshake."""
    stall_seconds: float = 60.0
    """How long a client may leave a reply unread when its socket buffers are full."""
    drain_seconds: float = 5.0
    """How long stopping waits for replies in flight; 0 does not wait."""
    change_seconds: float = 5.0
    """How long a worker may take over a change of shared state before it is ended and replaced."""


class Household(Protocol):
    """The appliance with its shared state, as the server sees it."""

    @property
    def traffic(self) -> HostTraffic:
        """Where host ports report what passes through them."""

    def session(self, listener: Listener, peer: str) -> HostSession:
        """A new conversation with the host at *peer* (``address:port``) on *listener*."""

    def execute(self, listener: Listener, request: bytes, peer: str) -> bytes:
        """Owner only: the unframed reply to an unframed *request* of *peer* that a worker owed."""

    def console(self, line: str) -> Console:
        """Owner only: a new console for the operator on *line* (``local``, ``telnet 127.0.0.1:4711``, ``ssh alice``)."""

    def snapshot(self) -> bytes:
        """Owner only: the whole shared state, LMKs included: for workers over a private socket, never for a disk."""

    def restore(self, snapshot: bytes) -> None:
        """Worker only: become the state of *snapshot*."""

    def on_change(self, told: Callable[[bytes], None]) -> None:
        """Owner only: have *told* called with each change of shared state, as opaque bytes, when it is made."""

    def apply(self, change: bytes) -> None:
        """Worker only: make a *change* that the owner made."""

    def flush(self) -> Deferred[None] | None:
        """Have the audit log keep what was executed; called after each turn, before its replies leave.

        When it raises, or the Deferred that it gives fails, the replies don't leave: nothing is answered that the log
        can't show.  None: it is kept already, or there was nothing to keep.
        """

    def relay_audit(self, told: Callable[[bytes], Deferred[None]]) -> None:
        """Worker only: have *told* called at each flush with what the audit log must keep, as opaque bytes.

        What it gives fires when the owner has kept that.
        """

    def relayed_audit(self, told: bytes) -> None:
        """Owner only: keep in the audit log what a worker *told*."""

    def listeners(self, configured: Sequence[Listener]) -> tuple[Listener, ...]:
        """Owner only: the *configured* host ports, as an officer stored that they shall speak."""

    def listening(self, listeners: Sequence[Listener]) -> None:
        """Owner only: these are the host ports, now that they listen."""

    def tamper(self) -> None:
        """Owner only: destroy every secret, at once.  May raise when that can't be kept; the secrets are gone even so."""

    def befell(self, event: str) -> None:
        """Owner only: have the audit log enter an *event*, a word in capitals; ``flush`` keeps it."""

    def settle(self) -> None:
        """Owner only: keep what changed behind the requests, and what could not be kept before; called every second, and
        before the end."""

    def close(self) -> None:
        """Let go of files; nothing is called afterwards."""


class Founding(Protocol):
    """The module that makes households (``hsm.server.founding``; tests bring their own)."""

    def names_counted(self, dialects: Collection[str]) -> tuple[str, ...]:
        """Names of the counters that processes share when hosts are spoken to in *dialects*."""

    def found(self, config: Config, counters: Counters) -> Household:
        """The household that owns the state.  Raises ConfigError for what *config* asks and can't be had."""

    def adopt(self, counters: Counters, seed: int | None) -> Household:
        """A worker's household, empty until ``restore``; *seed* as in the owner's configuration."""
