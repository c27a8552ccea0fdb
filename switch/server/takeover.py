"""What is done with the links of a share when it is taken, handed over and lost."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from switch.cluster.config import ClusterConfig
from switch.keys.kept import KINDS
from switch.link.events import Order
from switch.link.profile import Automatic
from switch.link.terms import Line, Ours
from switch.server.aside import Apart
from switch.server.exchange import Exchange
from switch.server.forwarding import Forwarding
from switch.server.keydesk import KeyDesk
from switch.server.links import Links
from switch.server.recovery import earlier, giving_up
from switch.store.group import Done, Result
from switch.store.leases import Fenced, Submits
from switch.store.reading import Reading
from switch.store.rows import Lease, Row, Transaction

DRAIN_SECONDS, CLOSE_SECONDS, LOOK_SECONDS = 5.0, 5.0, 0.05
"""How long, at a hand-over, what is under way and the links may take to come to their end."""
KEY_ROWS_MAX = 1_000_000
Names = Collection[str]
"""Of links."""


class Shares:
    """The leases that are ours now, and for each link the writer that goes by them."""

    def __init__(self, config: ClusterConfig, writer: Submits) -> None:
        self._writer = writer
        self._share = {link: share for share, links in config.shares.items() for link in links}
        self.held: dict[str, Lease] = {}
        """By share."""

    def writer(self, link: str) -> Submits:
        """The writer for what is done for *link*, under the lease of now: one that is taken again later is another."""
        return Fenced(self._writer, self.held.get(self._share.get(link, "")))

    def has(self, link: str) -> bool:
        """Is *link* ours?"""
        return self._share.get(link) in self.held

    @property
    def links(self) -> list[str]:
        """All that are ours."""
        return [link for link in self._share if self.has(link)]


@dataclass(frozen=True)
class Parts:
    """What works on links."""

    exchange: Exchange
    links: Links
    forwarding: Forwarding
    desk: KeyDesk | None


@dataclass(frozen=True)
class Takeover:
    """Used on the reactor's thread only; *apart* calls on another."""

    clock: IReactorTime
    parts: Parts
    shares: Shares
    reading: Reading
    apart: Apart

    def closed(self, names: Names) -> bool:
        """Are all *names* closed?"""
        return all(self.parts.links[name].state.line is Line.CLOSED for name in names)

    async def take(self, names: Names, is_ours: Callable[[], bool]) -> int:
        """Give up what whoever had *names* left half done, and then open them, if *is_ours* still; how much that was.

        Raises StoreError and CannotListenError, and then none of them is open.
        """
        rows, keys = await self.apart(lambda: self._left(names))
        count = 0
        for row in rows:
            ended: Deferred[Result[bool]] = Deferred()
            self.shares.writer(row.link).submit(giving_up(self.parts.exchange.world, row), ended.callback)
            result = await ended
            if not isinstance(result, Done):
                raise result.error
            count += result.value
        if is_ours():
            self._open(names, keys)
        return count

    def _left(self, names: Names) -> tuple[list[Transaction], list[Row]]:
        desk, reading = self.parts.desk, self.reading
        keys = [] if desk is None else [row for kind in KINDS for row in reading.every(kind, KEY_ROWS_MAX)]
        return list(earlier(reading, self.parts.exchange.world.hop.owner, names)), keys

    def _open(self, names: Names, keys: list[Row]) -> None:
        if self.parts.desk is not None:
            self.parts.desk.take(keys, names)
        self.parts.forwarding.take(names)
        try:
            self.parts.links.open(names)
        except CannotListenError:
            self.leave(names)
            raise
        # What was given up is owed by other links, too.
        for link in self.shares.links:
            self.parts.forwarding.wake(link)

    def leave(self, names: Names) -> None:
        """Nothing here works on *names* any more, from now on."""
        self.parts.links.shut(names, at_once=True)
        self.parts.forwarding.leave(names)
        if self.parts.desk is not None:
            self.parts.desk.leave(names)

    async def close(self, names: Names) -> None:
        """Sign off, let what is under way come to its end, close; each has its time.  Then ``leave``."""
        for link in map(self.parts.links.__getitem__, names):
            if link.state.ours is Ours.ON and link.config.profile.automatic(Automatic.SIGN_OFF):
                link.order(Order.SIGN_OFF)
        await self._until(lambda: not self.parts.exchange.works_for(names), DRAIN_SECONDS)
        self.parts.links.shut(names, at_once=False)
        await self._until(lambda: self.closed(names), CLOSE_SECONDS)
        self.leave(names)

    async def _until(self, true: Callable[[], bool], seconds_max: float) -> None:
        for _ in range(round(seconds_max / LOOK_SECONDS)):
            if true():
                return
            await cast("Deferred[None]", deferLater(self.clock, LOOK_SECONDS, lambda: None))
