"""All links: who is called, where calls are taken, and whose call it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from secrets import SystemRandom
from typing import cast

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocol, IProtocolFactory, IReactorTCP, IReactorTime
from twisted.internet.protocol import Factory, ServerFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from switch.link.config import LinkConfig, callers
from switch.link.events import Order
from switch.link.terms import Line
from switch.server.drive import Above, DrivenLink
from switch.server.stream import LinkStream
from switch.server.tls import called, calling

CALL_SECONDS = 10.0
STRANGERS_MAX = 1024
"""Connections at one address that have not yet come to belong to a link; those above are closed at once."""
BACKLOG = 1024


def transmitted_now() -> str:
    """The time as DE 7: MMDDhhmmss, GMT."""
    return time.strftime("%m%d%H%M%S", time.gmtime())


class Links:
    """The links of one process by name; used on the reactor's thread only."""

    def __init__(
        self, reactor: IReactorTime, configs: Iterable[LinkConfig], above: Above, *,
        jitter: Callable[[], float] | None = None, transmitted: Callable[[], str] = transmitted_now,
    ) -> None:  # fmt: skip
        """*jitter* gives 0 to less than 1; a seeded one makes the pauses repeatable.  Raises TlsFilesUnusable."""
        self._reactor = reactor
        self._links: dict[str, DrivenLink] = {}
        self._doors: dict[tuple[str, int, str], _Door] = {}
        self._door_of: dict[str, _Door] = {}
        self._callers: dict[str, _Caller] = {}
        chance = SystemRandom().random if jitter is None else jitter
        for config in configs:
            link = DrivenLink(config, above, self, reactor, chance, transmitted)
            self._links[config.name] = link
            if config.profile.calls:
                self._callers[config.name] = _Caller(reactor, link)
            else:
                # Each link on port 0 gets a port of its own.
                place = (config.host, config.port, "" if config.port else config.name)
                door = self._doors.get(place)
                if door is None:
                    door = self._doors[place] = _Door(reactor, config)
                door.take_calls_for(link)
                self._door_of[config.name] = door

    def __getitem__(self, name: str) -> DrivenLink:
        return self._links[name]

    def __iter__(self) -> Iterator[DrivenLink]:
        return iter(self._links.values())

    def start(self) -> None:
        """Take calls, and open every link.  Raises CannotListenError."""
        self.open(self._links)

    def open(self, names: Collection[str]) -> None:
        """The same for the links *names* alone, which are all that take calls where they do."""
        for door in self._doors_of(names):
            door.open()
        for name in names:
            self._links[name].order(Order.OPEN)

    def shut(self, names: Collection[str], at_once: bool) -> None:
        """Take no calls for the links *names*, and close them; *at_once*: without a word to the peer."""
        for door in self._doors_of(names):
            door.close()
        for name in names:
            link = self._links[name]
            if link.state.line is not Line.CLOSED:
                link.order(Order.CLOSE)
            if at_once and link.stream is not None:
                link.stream.hang_up()

    def _doors_of(self, names: Collection[str]) -> list[_Door]:
        return list({id(door): door for name in names if (door := self._door_of.get(name)) is not None}.values())

    def stop(self) -> Deferred[None]:
        """Order every link closed, and take no calls; fires when none are taken.  ``closed`` tells when the links are.

        A link signs off first where that is automatic, for which the peer has its time.
        """
        closing = [closed for door in self._doors.values() if (closed := door.close()) is not None]
        for link in self._links.values():
            link.order(Order.CLOSE)
        return DeferredList(closing).addCallback(lambda _: None)

    @property
    def closed(self) -> bool:
        """Have all links come to their end?"""
        return all(link.state.line is Line.CLOSED for link in self)

    def port(self, name: str) -> int:
        """Where link *name* takes calls; 0: nowhere."""
        door = self._door_of.get(name)
        return door.port if door is not None else 0

    @property
    def turned_away(self) -> int:
        """Calls that belonged to no link, or to one that has a connection."""
        return sum(door.turned_away for door in self._doors.values())

    # -- what a link wants

    def seek(self, link: DrivenLink) -> None:
        """Call, if this link calls; else its door is open anyway, and the link is SOUGHT."""
        caller = self._callers.get(link.config.name)
        if caller is not None:
            caller.call()

    def cease(self, link: DrivenLink) -> None:
        """Give a call up."""
        caller = self._callers.get(link.config.name)
        if caller is not None:
            caller.give_up()


def _silent(factory: IProtocolFactory) -> IProtocolFactory:
    """*factory* without a line in the log at each start and stop."""
    factory.noisy = False  # type: ignore[attr-defined]  # Factory has it; the interface does not say so
    return factory


class _Caller:
    """Calls for one link."""

    def __init__(self, reactor: IReactorTime, link: DrivenLink) -> None:
        config = link.config
        self._reactor, self._link = reactor, link
        self._endpoint = HostnameEndpoint(reactor, config.host, config.port, CALL_SECONDS)
        self._secured = None if config.tls is None else calling(config.tls)
        self._calling: Deferred[IProtocol] | None = None

    def call(self) -> None:
        factory: IProtocolFactory = _silent(Factory.forProtocol(self._stream))
        if self._secured is not None:
            factory = _silent(TLSMemoryBIOFactory(self._secured, True, factory, self._reactor))
        calling_ = self._calling = self._endpoint.connect(factory)
        calling_.addCallbacks(self._reached, self._failed)

    def give_up(self) -> None:
        if self._calling is not None:
            calling_, self._calling = self._calling, None
            calling_.cancel()

    def _stream(self) -> LinkStream:
        return LinkStream(self._reactor, self._secured is not None, self._whose, self._ended)

    def _reached(self, _: object) -> None:
        self._calling = None

    def _failed(self, _: Failure) -> None:
        if self._calling is not None:
            self._calling = None
            self._link.disconnected()

    def _whose(self, stream: LinkStream) -> DrivenLink | None:
        return self._link if self._link.state.line is Line.SOUGHT else None

    def _ended(self, stream: LinkStream) -> None:
        """A call that came to nothing in the handshake is a call that failed."""
        if self._link.stream is None and self._link.state.line is Line.SOUGHT:
            self._link.disconnected()


class _Door(ServerFactory):
    """Takes the calls at one address, for one link or several."""

    noisy = False

    def __init__(self, reactor: IReactorTime, config: LinkConfig) -> None:
        self._by_caller: dict[str, DrivenLink] = {}
        self.turned_away = 0
        self._reactor, self._config = reactor, config
        self._secured = None if config.tls is None else called(config.tls)
        self._strangers: set[LinkStream] = set()
        self._listening: IListeningPort | None = None

    def take_calls_for(self, link: DrivenLink) -> None:
        """Calls may be for *link* too; all links of one door have TLS, or none has."""
        for caller in callers(link.config):
            self._by_caller.setdefault(caller.lower(), link)

    def open(self) -> None:
        if self._listening is not None:
            return
        factory: IProtocolFactory = self
        if self._secured is not None:
            factory = _silent(TLSMemoryBIOFactory(self._secured, False, self, self._reactor))
        # To the interface a factory is a factory; Twisted's types derive TLS's from the client's.
        net, made = cast(IReactorTCP, self._reactor), cast(ServerFactory, factory)
        self._listening = net.listenTCP(self._config.port, made, BACKLOG, self._config.host)

    def close(self) -> Deferred[None] | None:
        listening, self._listening = self._listening, None
        return None if listening is None else listening.stopListening()

    @property
    def port(self) -> int:
        return 0 if self._listening is None else int(getattr(self._listening.getHost(), "port", 0))

    def buildProtocol(self, addr: IAddress | None) -> LinkStream | None:
        """A connection, until the address or the certificate tells whose it is; None when too many are unknown."""
        if len(self._strangers) >= STRANGERS_MAX:
            self.turned_away += 1
            return None
        stream = LinkStream(self._reactor, self._secured is not None, self._whose, self._strangers.discard)
        self._strangers.add(stream)
        return stream

    def _whose(self, stream: LinkStream) -> DrivenLink | None:
        self._strangers.discard(stream)
        link = self._called(*stream.peer())
        if link is not None and link.state.line is Line.SOUGHT:
            return link
        self.turned_away += 1
        if link is not None and link.state.line is Line.CONNECTED:
            # The peer may have lost its end of the old connection without our noticing: find out.
            link.order(Order.ECHO)
        return None

    def _called(self, host: str, names: frozenset[str]) -> DrivenLink | None:
        """For whom the call from *host* is, whose certificate has *names*."""
        known = (host.lower(), "") if self._secured is None else names
        links = (self._by_caller[each] for each in known if each in self._by_caller)
        return next((link for link in links if not link.config.peers or host in link.config.peers), None)
