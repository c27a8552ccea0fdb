"""Links over real sockets, on a reactor that belongs to one test."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from support.steadytime import LOOK_SECONDS_MAX, steady
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IReactorTime

from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.link.config import LinkConfig, read_links
from switch.link.events import AskOperator, PeerRefused, Refused
from switch.link.matching import Finding
from switch.link.state import State
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.links import Links
from switch.server.terminals import LinkSet

SECONDS_MAX = 60.0


@dataclass
class Seen:
    """A layer above that writes down what it is told; *answers* replies 00 to every request at once."""

    answers: bool = True
    asked_: list[tuple[str, Message]] = field(default_factory=list)
    replies: list[tuple[str, Message, Finding[object]]] = field(default_factory=list)
    gone: list[tuple[str, object]] = field(default_factory=list)
    notes: list[AskOperator | Refused | PeerRefused] = field(default_factory=list)
    changes: int = 0

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        self.asked_.append((link.config.name, message))
        if self.answers and message.mti[2] in "02":
            link.answer(message.changed(mti=reply_mti(message.mti), fields={39: "00"}, without=(52,)))

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        self.replies.append((link.config.name, message, finding))

    def expired(self, link: DrivenLink, about: object) -> None:
        self.gone.append(("expired", about))

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        self.gone.append(("written" if written else "unwritten", about))

    def changed(self, link: DrivenLink, before: State) -> None:
        self.changes += 1

    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None:
        self.notes.append(effect)


class Loop:
    """A reactor, run for as long as a test waits for something; its time is steady."""

    def __init__(self) -> None:
        self.reactor = EPollReactor()
        self.time = steady(self.reactor)
        self.reactor.startRunning(installSignalHandlers=False)
        self.clock = cast(IReactorTime, self.reactor)
        self.links: list[LinkSet] = []

    def started(self, text: str, above: Seen) -> Links:
        """The links that TOML *text* declares, open."""
        return self.run(read_links("links.toml", text), above)

    def run(self, configs: tuple[LinkConfig, ...], above: Seen) -> Links:
        links = Links(self.clock, configs, above, jitter=random.Random(8583).random)
        links.start()
        self.links.append(links)
        return links

    def until(self, true: Callable[[], object], seconds_max: float = SECONDS_MAX) -> None:
        """Run until *true*; fails when it does not come."""
        ends = time.monotonic() + seconds_max
        while not true():
            assert time.monotonic() < ends, "what was waited for did not come"
            self.reactor.iterate(LOOK_SECONDS_MAX)

    def close(self) -> None:
        for links in self.links:
            links.stop()
            for link in links:
                if link.stream is not None:
                    link.stream.hang_up()
        self.until(lambda: all(link.stream is None for links in self.links for link in links))
        self.reactor.fireSystemEvent("shutdown")
        for _ in range(3):
            self.reactor.iterate(0)
        self.reactor.removeAll()


@contextmanager
def loop() -> Iterator[Loop]:
    """A Loop, closed in the end."""
    made = Loop()
    try:
        yield made
    finally:
        made.close()


def opened(link: DrivenLink) -> bool:
    """Is *link* open in both directions?"""
    return link.state.may_send(link.config.profile) and link.state.may_receive(link.config.profile)
