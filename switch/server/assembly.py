"""The parts of one running switch, put together, started and ended in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTCP, IReactorTime
from twisted.internet.task import deferLater

from hsm.client.codec import Wire
from hsm.client.connection import tcp_endpoint
from hsm.client.pool import HsmPool
from hsm.client.station import Bounds, Site
from switch.config.hsms import HsmConfig
from switch.config.switchfile import SwitchConfig
from switch.config.tables import Tables
from switch.flow.hop import Hop
from switch.flow.ports import Use, WorkingKey
from switch.flow.world import World
from switch.issuer.authoriser import Issuer
from switch.issuer.cards import card_id
from switch.issuer.loading import Books, load_works, read_pan_key
from switch.keys.kept import KINDS
from switch.link.events import Order
from switch.link.profile import Automatic
from switch.link.terms import Ours
from switch.operator.figures import Figures
from switch.server import owing
from switch.server.aside import Apart, in_thread
from switch.server.cluster import Cluster
from switch.server.days import Days
from switch.server.exchange import Exchange, OpenLinks
from switch.server.forwarding import Forwarding
from switch.server.hsmport import HsmPort
from switch.server.keydesk import KeyDesk
from switch.server.links import Links
from switch.server.logfile import Tell
from switch.server.recovery import Sweep, at_start, owner_of
from switch.server.relay import Relay
from switch.server.storage import Store, now_us
from switch.server.takeover import Parts, Shares, Takeover
from switch.server.telling import Telling

DRAIN_SECONDS, CLOSE_SECONDS, LOOK_SECONDS = 5.0, 5.0, 0.05
"""How long what is under way may still take when the switch ends, how long links may take to close, and how often that is
looked at."""

KEY_ROWS_MAX = 1_000_000
"""Rows of keys that are read at a start; there may be 100,000 terminals."""


class NoKeys:
    """The working keys of a hop that has no HSM: none."""

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        """None."""
        return ()

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        """None."""
        return None

    def proved(self, key: WorkingKey) -> None:
        """There is none that could be proved."""

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        """There is none that could fail."""


class Assembly:
    """One switch at work; used on the reactor's thread only."""

    def __init__(
        self, reactor: IReactorTime, config: SwitchConfig, tables: Tables, books: Books | None, store: Store, tell: Tell
    ) -> None:
        """*books* are those that ``config.issuer`` names.  Raises TlsFilesUnusable, and TableFileError for a PAN key."""
        self.config, self.tables, self.store = config, tables, store
        self.started_us = now_us()
        self.figures = Figures()
        self.days = Days(now_us, timedelta(minutes=config.cutover_minutes))
        self.pool = None if config.hsm is None else _pool(reactor, config.hsm)
        self._reactor, self.books, self._telling = reactor, books, Telling(tell)
        self._shares = None if config.cluster is None else Shares(config.cluster, store.writer)
        self._writer_of = None if self._shares is None else self._shares.writer
        hsm = None if self.pool is None else HsmPort(self.pool)
        self.desk = None if hsm is None else self._desk(hsm)
        self.exchange = self._exchange(hsm)
        self._pan_key = b"" if config.pan_key is None else read_pan_key(config.folder, str(config.pan_key))
        self.put_in_force(tables)
        self.links = Links(reactor, config.links, self.exchange)
        apart = partial(in_thread, reactor)
        around = owing.around(self.exchange, hsm, reactor, apart, self._telling)
        self.forwarding = Forwarding(store.writer, store.reading, config.forwarding, around, writer_of=self._writer_of)
        asides = [] if self.desk is None else [self.desk]
        self.exchange.join(self.links, self.forwarding, *asides, Relay(self.exchange.world.hop, self.links))
        self._sweep = Sweep(reactor, self.exchange, store.writer, store.reading, apart, self._writer_of)
        self.cluster = None if self._shares is None else self._cluster(self._shares, apart)

    def _desk(self, hsm: HsmPort) -> KeyDesk:
        return KeyDesk(
            self.config.keys, hsm, self.store.writer, self._reactor, time.time, self._telling.key, self._writer_of
        )

    def _cluster(self, shares: Shares, apart: Apart) -> Cluster:
        assert self.config.cluster is not None
        parts = Parts(self.exchange, self.links, self.forwarding, self.desk)
        takeover = Takeover(self._reactor, parts, shares, self.store.reading, apart)
        tell = self._telling.tell
        return Cluster(self.config.cluster, takeover, self.store.writer, tell, time.monotonic, now_us)

    def has(self, link: str) -> bool:
        """Is *link* this process's?"""
        return self._shares is None or self._shares.has(link)

    def _exchange(self, hsm: HsmPort | None) -> Exchange:
        config, tables = self.config, self.tables
        hop = Hop(
            config.institution,
            config.partners,
            {link.name: link for link in config.links},
            tables.routing,
            tables.services,
            tables.responses,
            owner_of(
                config.name if config.cluster is None else f"{config.name}/{config.cluster.member}", self.store.era
            ),
        )
        issuer = None
        if config.issuer is not None and self.books is not None:
            dialects = {name: codec.spec for name, codec in hop.codecs.items()}
            issuer = Issuer(config.issuer, self.books.pan_key, dialects)
        world = World(hop, self.desk or NoKeys(), issuer, self.days.moment, self.store.numbers.next)
        exchange = Exchange(self._reactor, world, self.store.writer, hsm, self._telling.link, self._writer_of)
        exchange.world = replace(world, open_links=OpenLinks(exchange), connected=exchange.is_connected)
        exchange.figures.observe = self.figures.answered
        return exchange

    def prepare(self) -> None:
        """Take up what is in the store, before the reactor runs and results are delivered by it.

        Raises StoreError, and LoadError for books that the store's can't be reconciled with.
        """
        writer, reading = self.store.writer, self.store.reading
        for work in load_works(self.books) if self.books else ():
            writer.do(work)
        if self.cluster is not None:
            # Nothing is ours yet: keys and what is half done are taken up with the links.
            if self.desk is not None:
                self.desk.start((), ())
            return
        if self.desk is not None:
            self.desk.start([row for kind in KINDS for row in reading.every(kind, KEY_ROWS_MAX)])
        count = at_start(self.exchange.world, reading, writer)
        if count:
            self._telling.tell("recovery", count=count)

    def start(self) -> None:
        """Take calls, call, and connect to the HSMs.  Raises CannotListenError."""
        if self.pool is not None:
            self.pool.start()
        if self.cluster is None:
            self.links.start()
        else:
            self.cluster.start()
        self.forwarding.start()
        self._sweep.start()

    def put_in_force(self, tables: Tables) -> None:
        """Use *tables* from the next transaction on."""
        self.tables = tables
        world = self.exchange.world
        hop = world.hop.with_tables(tables.routing, tables.services, tables.responses)
        stands_in = owing.stand_in(self.exchange, tables.policies, partial(card_id, self._pan_key))
        self.exchange.world = replace(world, hop=hop, stands_in=stands_in if self._pan_key else None)

    async def end(self) -> None:
        """Sign off, let what is under way come to its end, and close the links and the HSMs; each has its time."""
        self._telling.tell("stopping")
        self.exchange.leaving = True
        for link in self.links:
            if link.state.ours is Ours.ON and link.config.profile.automatic(Automatic.SIGN_OFF):
                link.order(Order.SIGN_OFF)
        await self._until(lambda: not (self.exchange.under_way or self.store.writer.waiting), DRAIN_SECONDS)
        await self.links.stop()
        await self._until(lambda: self.links.closed, CLOSE_SECONDS)
        for link in self.links:
            if link.stream is not None:
                link.stream.hang_up()
        self.forwarding.stop()
        if self.cluster is not None:
            await self.cluster.end()
        if self.desk is not None:
            self.desk.stop()
        if self.pool is not None:
            await self.pool.stop()
        self._telling.tell("stopped", under_way=self.exchange.under_way)

    async def _until(self, true: Callable[[], bool], seconds_max: float) -> None:
        ends = self._reactor.seconds() + seconds_max
        while not true() and self._reactor.seconds() < ends:
            await cast("Deferred[None]", deferLater(self._reactor, LOOK_SECONDS, lambda: None))


def _pool(reactor: IReactorTime, config: HsmConfig) -> HsmPool:
    net = cast(IReactorTCP, reactor)
    sites = [Site(each.name, tcp_endpoint(net, each.host, each.port), each.priority) for each in config.sites]
    bounds = Bounds(
        connections=config.connections,
        outstanding_max=config.outstanding_max,
        waiting_max=config.waiting_max,
        timeout_seconds=config.timeout_seconds,
        attempt_seconds=config.attempt_seconds,
    )
    return HsmPool(reactor, sites, Wire(config.header_chars), bounds)
