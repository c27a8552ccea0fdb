"""All working keys of one process: which key protects what, and how they change while traffic runs.

The desk drives the machines of ``switch.keys`` between partners (links), HSMs and store.  The layer above links gives it
what it is told of messages about keys, and asks it, through the port of :class:`switch.flow.ports.Keys`, for the keys of
everything else.  All calls come on the reactor's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import cycle, islice

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from switch.codec.message import Message
from switch.flow.ports import Use, WorkingKey
from switch.keys.config import KeysConfig
from switch.keys.effects import KeyType, Note
from switch.keys.kept import by_id
from switch.keys.network import answer
from switch.keys.status import LineStatus, TerminalStatus
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.keylink import LinkDesk, ZoneKeyAsked
from switch.server.keysaving import Commits
from switch.server.keyterminal import TerminalDesk, TerminalKeyAsked, named
from switch.server.keyworld import AboutKeys, Asks, World
from switch.store.rows import Row

TICK_SECONDS = 1.0
LINKS_PER_TURN_MAX = 200
"""Each link has its tick every second, but not all at one instant: ten thousand would keep transactions waiting."""
TERMINALS_PER_TICK_MAX = 200
"""So that a new day doesn't ask the HSMs for the keys of all terminals at one instant."""


class KeyDesk:
    """Implements :class:`switch.flow.ports.Keys`."""

    def __init__(
        self, config: KeysConfig, hsm: Asks, writer: Commits, clock: IReactorTime, now: Callable[[], float],
        tell: Callable[[Note], None], writer_of: Callable[[str], Commits] | None = None,
    ) -> None:  # fmt: skip
        """*clock* moves the desk; *now* gives seconds since 1970, UTC; *tell* takes notes and alarms for operators.

        *writer_of* gives a link's writer where links have their own.
        """
        self.config = config
        self._writer = writer_of or (lambda link: writer)
        self._world = World(hsm, writer, now, tell)
        self._clock = clock
        self._links: dict[str, LinkDesk] = {}
        self._terminals: dict[str, TerminalDesk] = {}
        self._by_link: dict[str, list[TerminalDesk]] = {}
        self._links_round: Iterable[LinkDesk] = ()
        self._turn = 0
        self._round: Iterable[TerminalDesk] = ()
        self._ticking: IDelayedCall | None = None

    def start(self, rows: Iterable[Row], links: Collection[str] | None = None) -> None:
        """Take up what the store has: all rows of ``switch.keys.kept.KINDS``.  Before any link is opened.

        *links*: those that are ours; None: all.
        """
        self.take(rows, links)
        self._ticking = self._clock.callLater(TICK_SECONDS, self._tick)

    def take(self, rows: Iterable[Row], links: Collection[str] | None = None) -> None:
        """The keys of *links* and of their terminals, of all if None, are ours now, as *rows* have them."""
        lines, terminals = by_id(rows)
        for config in self.config.links:
            if links is None or config.link in links:
                world = replace(self._world, writer=self._writer(config.link))
                self._links[config.link] = LinkDesk(config, world, lines)
        for each in self.config.terminals:
            if links is None or each.link in links:
                world = replace(self._world, writer=self._writer(each.link))
                made = self._terminals[each.id] = TerminalDesk(each, self.config.terminal_rules, world, terminals)
                self._by_link.setdefault(each.link, []).append(made)
        self._links_round = cycle(self._links.values())
        self._round = cycle(self._terminals.values())

    def leave(self, links: Collection[str]) -> None:
        """The keys of *links* and of their terminals are another process's now."""
        for link in links:
            self._links.pop(link, None)
            for terminal in self._by_link.pop(link, ()):
                del self._terminals[terminal.config.id]
        self._links_round = cycle(self._links.values())
        self._round = cycle(self._terminals.values())

    def stop(self) -> None:
        """No more ticks."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _tick(self) -> None:
        turns = max(1, -(-len(self._links) // LINKS_PER_TURN_MAX))
        self._ticking = self._clock.callLater(TICK_SECONDS / turns, self._tick)
        for desk in islice(self._links_round, min(len(self._links), LINKS_PER_TURN_MAX)):
            desk.tick()
        self._turn = (self._turn + 1) % turns
        if self._turn:
            return
        for terminal in islice(self._round, min(len(self._terminals), TERMINALS_PER_TICK_MAX)):
            terminal.tick()

    # -- what links tell

    def takes(self, about: object) -> bool:
        """Is *about* a question of the desk's?"""
        return isinstance(about, AboutKeys)

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> bool:
        """Is *message*, a request, about our keys?  Then it is answered, now or when the HSM has done its part."""
        if purpose is None:
            return False
        terminal = self._terminals.get(named(message))
        if terminal is not None and purpose is Purpose.KEY_REQUEST and terminal.config.link in ("", link.config.name):
            terminal.signed_on(link, message)
            return True
        desk = self._links.get(link.config.name)
        if desk is not None and desk.asked(link, message, purpose):
            return True
        if purpose is Purpose.ECHO:
            # It came up because it could have been a check of keys.
            link.answer(answer(message, {}, link.config.profile))
            return True
        return False

    def replied(self, link: DrivenLink, message: Message, about: object) -> None:
        """*message* is the answer, in time or late, to what the desk asked with *about*."""
        if isinstance(about, ZoneKeyAsked) and link.config.name in self._links:
            self._links[link.config.name].replied(message, about)
        elif isinstance(about, TerminalKeyAsked) and about.terminal in self._terminals:
            self._terminals[about.terminal].replied(link, message, about)

    def expired(self, link: DrivenLink, about: object) -> None:
        """Nothing is to be done: what is still wanted is said again in its time."""

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """As ``expired``."""

    def changed(self, link: DrivenLink) -> None:
        """The link stands elsewhere than before."""
        profile, name = link.config.profile, link.config.name
        up = link.state.may_send(profile) or link.state.may_receive(profile)
        if name in self._links:
            self._links[name].changed(link, up)
        for terminal in self._by_link.get(name, ()):
            terminal.changed(link, up)

    # -- switch.flow.ports.Keys

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        """The keys to try, the likeliest first: a terminal's for its PINs, the link's for all else."""
        if terminal and use is Use.PIN:
            found = self._terminals.get(terminal)
            return found.incoming() if found is not None and found.config.link in ("", link) else ()
        desk = self._links.get(link)
        return desk.incoming(use) if desk is not None else ()

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        """The key to protect with; counts one use."""
        desk = self._links.get(link)
        return desk.outgoing(use) if desk is not None else None

    def proved(self, key: WorkingKey) -> None:
        """A message that came was protected with *key*."""
        if key.terminal in self._terminals:
            self._terminals[key.terminal].proved(key.version)
        elif not key.terminal and key.link in self._links:
            self._links[key.link].proved(key.use, key.version)

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        """A message that came was protected with none of the keys."""
        if terminal and use is Use.PIN:
            if terminal in self._terminals:
                self._terminals[terminal].failed()
        elif link in self._links:
            self._links[link].failed(use)

    def in_force(self, link: str, use: Use) -> bool:
        """Is there a key for messages that go to the partner of *link*?"""
        desk = self._links.get(link)
        return desk is not None and desk.outgoing(use, count=False) is not None

    # -- operators

    def change(self, link: str, kind: KeyType | None = None) -> None:
        """New keys for *link*: of *kind*, or all.  Raises KeyError for a link without keys."""
        self._links[link].change(kind)

    def renew(self, terminal: str) -> None:
        """A new key for a terminal that gets one every day.  Raises KeyError."""
        self._terminals[terminal].renew()

    def status(self, link: str = "") -> tuple[LineStatus, ...]:
        """The lines of *link*, or of all."""
        desks = [desk for name, desk in self._links.items() if link in ("", name)]
        return tuple(line for desk in desks for line in desk.status())

    def terminals(self) -> tuple[TerminalStatus, ...]:
        """Each terminal."""
        return tuple(terminal.status() for terminal in self._terminals.values())
