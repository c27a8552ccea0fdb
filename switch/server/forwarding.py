"""Store-and-forward at work, for all links: what the exchange calls, and what operators see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from switch.codec.message import Message
from switch.link.terms import Purpose
from switch.saf import events as ev
from switch.saf.queue import Queue
from switch.saf.rules import Rules
from switch.saf.watch import Alarm, alarms
from switch.server.drive import DrivenLink
from switch.server.exchange import WriterOf
from switch.server.queued import Forwarded, Line, Reads, Surroundings
from switch.store.database import StoreError
from switch.store.leases import Submits
from switch.store.reading import Queue as Figures


class Forwarding:
    """The queues of all links: the exchange's Forwarder.

    Used on the reactor's thread only, to which *writer* delivers its results.
    """

    def __init__(
        self, writer: Submits, reading: Reads, rules: Mapping[str, Rules], around: Surroundings,
        watch_seconds: float = 10.0, writer_of: WriterOf | None = None,
    ) -> None:  # fmt: skip
        """*rules* by link; a link without any has the usual ones.  *writer_of* as the exchange's."""
        self._reading, self._rules, self._around = reading, rules, around
        self._writer = writer_of or (lambda link: writer)
        self._watch_seconds = watch_seconds
        self._lines: dict[str, Line] = {}
        self._elsewhere: set[str] = set()
        self._watching: IDelayedCall | None = None
        self._stopped = False
        self.figures: Mapping[str, Figures] = {}
        """By link, as they were when last looked: depth, since when the oldest, attempts of the most tried."""
        self.alarms: frozenset[tuple[str, Alarm]] = frozenset()
        """What is raised now."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """By link and event: ``sent``, ``repeated``, ``not sent``, the ends, and failures of the store."""

    def start(self) -> None:
        """Look what is owed, from before this process too, and go on looking."""
        self._watch()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        for line in self._lines.values():
            line.stop()

    def leave(self, links: Iterable[str]) -> None:
        """*links* are another process's, and what they are owed is its business."""
        for link in links:
            self._elsewhere.add(link)
            line = self._lines.pop(link, None)
            if line is not None:
                line.stop()

    def take(self, links: Iterable[str]) -> None:
        """*links* are ours.  Before they are opened."""
        self._elsewhere.difference_update(links)

    def wake(self, link: str) -> None:
        """A message to *link* was committed as owed."""
        if link not in self._elsewhere:
            self._line(link).happen(ev.Woken())

    def hurry(self, link: str) -> None:
        """Send at once what *link* is owed, whose next time may be later."""
        if link not in self._elsewhere:
            self._line(link).happen(ev.Hurried())

    def changed(self, link: DrivenLink) -> None:
        """*link* stands elsewhere: its ``Above.changed``."""
        if link.config.name in self._elsewhere:
            return
        line = self._line(link.config.name)
        is_open = link.state.may_send(link.config.profile)
        if is_open != line.queue.open:
            line.happen(ev.Opened() if is_open else ev.Closed())

    def may_pass(self, link: str) -> bool:
        """May requests go out on *link*, as far as what it is owed is concerned?  Asked for each request."""
        line = self._lines.get(link)
        return line is not None and line.queue.may_pass_traffic

    def takes(self, about: object) -> bool:
        """Is *about* one of our messages?"""
        return isinstance(about, Forwarded)

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> bool:
        """Nobody asks anything of store-and-forward."""
        return False

    def replied(self, link: DrivenLink, message: Message, about: object) -> None:
        """A reply came."""
        if isinstance(about, Forwarded) and about.link in self._lines:
            self._lines[about.link].hear(link, message, about)

    def expired(self, link: DrivenLink, about: object) -> None:
        """T2 has run out."""
        self._unanswered(about, ev.Unanswered)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """The connection ended; not *written*: the peer has certainly not seen the message."""
        self._unanswered(about, ev.Unanswered if written else ev.NotSent)

    def _unanswered(self, about: object, told: type[ev.Unanswered | ev.NotSent]) -> None:
        if isinstance(about, Forwarded) and about.link in self._lines:
            self._lines[about.link].happen(told(about.id, about.attempt))

    def _line(self, link: str) -> Line:
        line = self._lines.get(link)
        if line is None:
            rules = self._rules.get(link, Rules())
            queue, writer = Queue(rules), self._writer(link)
            line = self._lines[link] = Line(link, queue, writer, self._reading, self._around, self.counts)
        return line

    # -- figures and alarms

    def _watch(self) -> None:
        self._watching = None
        asked = self._around.apart(self._reading.queues)
        asked.addCallbacks(self._looked, self._unlooked).addBoth(self._watch_again)

    def _watch_again(self, outcome: object) -> object:
        if not self._stopped:
            self._watching = self._around.clock.callLater(self._watch_seconds, self._watch)
        return outcome

    def _unlooked(self, failure: Failure) -> None:
        failure.trap(StoreError)
        self.counts["", "store not read"] += 1

    def _looked(self, found: object) -> None:
        if self._stopped or not isinstance(found, list):
            return
        self.figures = {each.link: each for each in found}
        now_us = self._around.now_us()
        raised = {
            (link, alarm)
            for link, figures in self.figures.items()
            for alarm in alarms(figures, self._rules.get(link, Rules()), now_us)
        }
        for link, alarm in sorted(raised ^ self.alarms, key=lambda each: (each[0], each[1].value)):
            self._around.told.alarmed(link, alarm, (link, alarm) in raised)
        self.alarms = frozenset(raised)
        for link, figures in self.figures.items():
            # Another process may have put a message there.
            if link not in self._elsewhere and figures.depth > len(self._line(link).queue.rows):
                self.wake(link)
