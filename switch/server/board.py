"""The running switch as its operators reach it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.threads import blockingCallFromThread

from hsm.client.figures import PoolFigures
from switch.config.tables import Tables, Which
from switch.issuer.cards import card_id, give_tries, set_status
from switch.keys.effects import KeyType
from switch.keys.status import LineStatus, TerminalStatus
from switch.link.events import Order
from switch.operator.figures import Figures
from switch.operator.ports import CommandRefused
from switch.operator.views import LinkView, Running, ShareView, StoreView
from switch.server.assembly import Assembly
from switch.server.drive import ORDERS_REFUSED, DrivenLink
from switch.server.logfile import LogFile, Tell
from switch.server.storage import StoreRecords, done, now_us
from switch.store.rows import Card
from switch.store.view import Work


class Board:
    """See :class:`switch.operator.ports.Switchboard`."""

    def __init__(self, assembly: Assembly, log: LogFile, stop: Callable[[], None]) -> None:
        self._assembly, self._log, self._stop = assembly, log, stop

    @property
    def name(self) -> str:
        """The switch's own name."""
        return self._assembly.config.name

    def now_us(self) -> int:
        """The time."""
        return now_us()

    def business_date(self) -> date:
        """The business date now."""
        return date.fromisoformat(self._assembly.days.moment().business_date)

    def links(self) -> Sequence[LinkView]:
        """Every link."""
        return [_view(link) for link in self._assembly.links]

    def order(self, link: str, order: Order) -> None:
        """Give *link* an order."""
        try:
            driven = self._assembly.links[link]
        except KeyError:
            raise CommandRefused("there is no link of that name; see links") from None
        if order is Order.OPEN and not self._assembly.has(link):
            raise CommandRefused("another process has this link; see cluster")
        before = driven.counts[ORDERS_REFUSED]
        driven.order(order)
        if driven.counts[ORDERS_REFUSED] > before:
            raise CommandRefused("refused: it is out of place now, or the link's controls forbid it")

    def working_keys(self) -> Sequence[LineStatus]:
        """Every line of keys."""
        return () if self._assembly.desk is None else self._assembly.desk.status()

    def terminal_keys(self) -> Sequence[TerminalStatus]:
        """Every terminal's key."""
        return () if self._assembly.desk is None else self._assembly.desk.terminals()

    def change_keys(self, link: str, kind: KeyType | None) -> None:
        """Begin to change keys."""
        desk = self._assembly.desk
        lines = [] if desk is None else [each for each in desk.status(link) if kind is None or each.type == kind.name]
        if desk is None or not lines:
            raise CommandRefused("no such keys are shared on this link; see keys")
        desk.change(link, kind)

    def renew_key(self, terminal: str) -> None:
        """Give a terminal a new key."""
        desk = self._assembly.desk
        if desk is None or terminal not in [each.terminal for each in desk.terminals() if each.renewal == "daily"]:
            raise CommandRefused("only a terminal that gets its key every day is given one; see terminals")
        desk.renew(terminal)

    def tables(self) -> Tables:
        """The tables in force."""
        return self._assembly.tables

    def figures(self) -> Figures:
        """What was counted."""
        return self._assembly.figures

    def store(self) -> StoreView:
        """The writer."""
        writer = self._assembly.store.writer
        return StoreView(writer.waiting, writer.works_max, writer.callbacks_failed)

    def hsm(self) -> PoolFigures | None:
        """The pool."""
        return None if self._assembly.pool is None else self._assembly.pool.figures()

    def use_hsm(self, name: str, used: bool) -> None:
        """Use an appliance, or not."""
        pool = self._assembly.pool
        try:
            if pool is not None and used:
                pool.restore(name)
            elif pool is not None:
                pool.drain(name)
        except LookupError:
            raise CommandRefused("there is no HSM of that name; see hsm") from None

    def shares(self) -> Sequence[ShareView]:
        """The shares of the links."""
        return () if self._assembly.cluster is None else self._assembly.cluster.standing()

    def hand_over(self, share: str) -> None:
        """Let another have it."""
        cluster = self._assembly.cluster
        if cluster is None or share not in [each.share for each in self.shares()]:
            raise CommandRefused("there is no share of that name; see cluster")
        if not cluster.hand_over(share):
            raise CommandRefused("this process does not have it, or lets go of it already")

    def alarms(self) -> Sequence[tuple[str, str]]:
        """What is alarming."""
        return sorted((link, alarm.value) for link, alarm in self._assembly.forwarding.alarms)

    def stop(self) -> None:
        """End the switch."""
        self._stop()

    def running(self) -> Running:
        """All that a scrape shows."""
        return Running(
            started_us=self._assembly.started_us,
            links=tuple(self.links()),
            keys=tuple(self.working_keys()),
            terminals=tuple(self.terminal_keys()),
            figures=self.figures(),
            store=self.store(),
            hsm=self.hsm(),
            turned_away=self._assembly.links.turned_away,
            under_way=self._assembly.exchange.under_way,
            alarms=tuple(self.alarms()),
            forwarded=dict(self._assembly.forwarding.counts),
            log_lines_dropped=self._log.dropped,
            shares=tuple(self.shares()),
        )


class LiveRecords(StoreRecords):
    """The store's records, and the files that a running switch reads again."""

    def __init__(self, assembly: Assembly, reactor: IReactorTime, tell: Tell) -> None:
        super().__init__(assembly.store)
        self._assembly, self._reactor, self._tell = assembly, reactor, tell
        self._one_at_a_time = threading.Lock()

    def card(self, pan: str) -> Card | None:
        """A card of ours."""
        id = self._card_id(pan)
        return done(self._assembly.store.writer, Work(lambda view: view.get(Card, id), [(Card, id)]))

    def set_card_status(self, pan: str, status: str) -> bool:
        """Another status."""
        return done(self._assembly.store.writer, set_status(self._card_id(pan), status))

    def give_card_tries(self, pan: str, tries: int) -> bool:
        """So many PIN tries."""
        return done(self._assembly.store.writer, give_tries(self._card_id(pan), tries))

    def _card_id(self, pan: str) -> str:
        if self._assembly.books is None:
            raise CommandRefused("this switch issues no cards")
        return card_id(self._assembly.books.pan_key, pan)

    def reload(self, which: Which) -> str:
        """Read a file again.  What takes long is this thread's; the change itself is one step of the reactor's."""
        assembly = self._assembly
        with self._one_at_a_time:
            tables, told = assembly.config.files.again(which, assembly.tables)
            blockingCallFromThread(IReactorFromThreads(self._reactor), assembly.put_in_force, tables)
        self._tell("reload", file=which.value, text=told)
        return told


def _view(link: DrivenLink) -> LinkView:
    state, profile = link.state, link.config.profile
    return LinkView(
        name=link.config.name,
        role="client" if profile.calls else "server",
        line=state.line.name,
        ours=state.ours.name,
        theirs=state.theirs.name,
        echo=state.echo.name,
        sends=state.may_send(profile),
        takes=state.may_receive(profile),
        outstanding=link.outstanding,
        owed=link.owed,
        waiting=state.waiting[0].value if state.waiting else "",
        counts=dict(link.counts),
    )
