"""The parts of one running switch, put together, started and ended in order."""

from __future__ import annotations

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
from switch.flow.ports import Authoriser, Keys, Use, WorkingKey
from switch.flow.world import World
from switch.link.events import Order
from switch.link.profile import Automatic
from switch.link.terms import Ours
from switch.operator.figures import Figures
from switch.server.aside import in_thread
from switch.server.days import Days
from switch.server.exchange import Exchange, OpenLinks
from switch.server.hsmport import HsmPort
from switch.server.links import Links
from switch.server.logfile import Tell
from switch.server.recovery import Sweep, at_start
from switch.server.storage import Store, now_us

DRAIN_SECONDS, CLOSE_SECONDS, LOOK_SECONDS = 5.0, 5.0, 0.05
"""How long what is under way may still take when the switch ends, how long links may take to close, and how often that is
looked at."""


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

    def __init__(self, reactor: IReactorTime, config: SwitchConfig, tables: Tables, store: Store, tell: Tell) -> None:
        """Raises TlsFilesUnusable."""
        self.config, self.tables, self.store = config, tables, store
        self.started_us = now_us()
        self.figures = Figures()
        self.days = Days(now_us, timedelta(minutes=config.cutover_minutes))
        self.pool = None if config.hsm is None else _pool(reactor, config.hsm)
        self._reactor, self._tell = reactor, tell
        hop = Hop(
            config.institution,
            config.partners,
            {link.name: link for link in config.links},
            tables.routing,
            tables.services,
            tables.responses,
            f"{config.name}-{store.era}",
        )
        keys: Keys = NoKeys()
        authoriser: Authoriser | None = None
        world = World(hop, keys, authoriser, self.days.moment, store.numbers.next)
        hsm = None if self.pool is None else HsmPort(self.pool)
        self.exchange = Exchange(reactor, world, store.writer, hsm, self._told)
        self.exchange.world = replace(world, open_links=OpenLinks(self.exchange))
        self.exchange.figures.observe = self.figures.answered
        self.links = Links(reactor, config.links, self.exchange)
        self.exchange.join(self.links)
        self._sweep = Sweep(reactor, self.exchange, store.writer, store.reading, partial(in_thread, reactor))

    def recover(self) -> None:
        """Give up what an earlier run left half done; before the reactor runs.  Raises StoreError."""
        count = at_start(self.exchange.world, self.store.reading, self.store.writer)
        if count:
            self._tell("recovery", text="transactions of an earlier run were given up", count=count)

    def start(self) -> None:
        """Take calls, call, and connect to the HSMs.  Raises CannotListenError."""
        if self.pool is not None:
            self.pool.start()
        self.links.start()
        self._sweep.start()

    def put_in_force(self, tables: Tables) -> None:
        """Use *tables* from the next transaction on."""
        self.tables = tables
        world = self.exchange.world
        hop = world.hop.with_tables(tables.routing, tables.services, tables.responses)
        self.exchange.world = replace(world, hop=hop)

    async def end(self) -> None:
        """Sign off, let what is under way come to its end, and close the links and the HSMs; each has its time."""
        self._tell("stopping")
        for link in self.links:
            if link.state.ours is Ours.ON and link.config.profile.automatic(Automatic.SIGN_OFF):
                link.order(Order.SIGN_OFF)
        await self._until(lambda: not (self.exchange.under_way or self.store.writer.waiting), DRAIN_SECONDS)
        await self.links.stop()
        await self._until(lambda: self.links.closed, CLOSE_SECONDS)
        for link in self.links:
            if link.stream is not None:
                link.stream.hang_up()
        if self.pool is not None:
            await self.pool.stop()
        self._tell("stopped", under_way=self.exchange.under_way)

    async def _until(self, true: Callable[[], bool], seconds_max: float) -> None:
        ends = self._reactor.seconds() + seconds_max
        while not true() and self._reactor.seconds() < ends:
            await cast("Deferred[None]", deferLater(self._reactor, LOOK_SECONDS, lambda: None))

    def _told(self, link: str, text: str) -> None:
        if link:
            self._tell("link", link=link, text=text)
        else:
            self._tell("alarm", text=text)


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
