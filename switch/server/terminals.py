"""All simulated terminals of one process, and the links by which they reach their hosts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.answers import reply as link_reply
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.matching import Finding, Verdict
from switch.link.profile import Because
from switch.link.state import State
from switch.link.terms import Line as LineState
from switch.link.terms import Purpose
from switch.server.drive import Above, DrivenLink
from switch.server.leasedline import LeasedLine
from switch.server.links import Links
from switch.server.tellers import DrivenAtm, DrivenPos, Terminal
from switch.server.terminal import About, Reply, Surroundings
from switch.services import responses
from switch.simulators.commands import CommandRefused, Told, command_of
from switch.simulators.config import Line, SimulateConfig
from switch.simulators.talk import text_of
from switch.simulators.terminal import Channel
from switch.simulators.wording import TERMINAL


class LinkSet(Protocol):
    """The links of the terminals."""

    def __getitem__(self, name: str) -> DrivenLink: ...
    def __iter__(self) -> Iterator[DrivenLink]: ...
    def stop(self) -> object: ...
    @property
    def closed(self) -> bool: ...


class Terminals:
    """The terminals of one configuration; used on the reactor's thread only.  Is told by links (``drive.Above``)."""

    def __init__(
        self, reactor: IReactorTime, config: SimulateConfig, tell: Callable[[Told], None],
        trace: Callable[[str], None] | None = None, *,
        links: Callable[[IReactorTime, Sequence[LinkConfig], Above], LinkSet] = Links,
        now: Callable[[], time.struct_time] = time.localtime,
    ) -> None:  # fmt: skip
        """*tell* is given what happens without a command; *trace* a masked line for each message, where that is wanted.

        *links* makes the links to the hosts, and *now* is the terminals' own time: others for a simulated network.
        """
        self._wires: list[LeasedLine] = []
        self._tell = tell
        self._dialled = {line.link.name for line in config.lines if line.dial_up}
        self.links = links(reactor, [self._reached(reactor, line) for line in config.lines], self)
        answer_seconds = min((line.link.timers.t2_seconds for line in config.lines), default=45.0)
        around = Surroundings(
            reactor, config.cards, config.wallet, responses.packaged().meanings, tell, trace if config.trace else None,
            config.reversal_seconds, answer_seconds, now,
        )  # fmt: skip
        self.by_id: dict[str, Terminal] = {}
        self._by_link: dict[str, list[Terminal]] = {line.link.name: [] for line in config.lines}
        for placed in config.terminals:
            made = DrivenAtm if placed.terminal.channel is Channel.ATM else DrivenPos
            terminal: Terminal = made(placed, self.links[placed.link], placed.link in self._dialled, around)
            self.by_id[placed.terminal.id] = terminal
            self._by_link[placed.link].append(terminal)

    def _reached(self, reactor: IReactorTime, line: Line) -> LinkConfig:
        """The link's configuration, by way of a slow line if it has one."""
        if line.wire is None:
            return line.link
        wire = LeasedLine(reactor, line.link.host, line.link.port, line.wire)
        self._wires.append(wire)
        return replace(line.link, host="127.0.0.1", port=wire.open())

    def start(self) -> None:
        """Call the hosts; those that are dialled are called for each transaction."""
        for link in self.links:
            if link.config.name not in self._dialled:
                link.order(Order.OPEN)

    def stop(self) -> None:
        """Sign off and hang up; ``links.closed`` tells when that is done."""
        for terminal in self.by_id.values():
            terminal.stop()
        for wire in self._wires:
            wire.close()
        self.links.stop()

    @property
    def resting(self) -> bool:
        """Is no command under way?"""
        return all(terminal.resting for terminal in self.by_id.values())

    def command(self, line: bytes, reply: Reply) -> None:
        """Carry out what *line*, a JSON object, orders; *reply* is told once what came of it."""
        try:
            command = command_of(line)
        except CommandRefused as refused:
            reply({"error": str(refused)})
            return
        terminal = self.by_id.get(command.terminal)
        try:
            if terminal is None:
                raise CommandRefused('"terminal" is the id of one of the terminals')
            terminal.order(command, reply)
        except CommandRefused as refused:
            reply({"id": command.id, "terminal": command.terminal[:8], "error": str(refused)})

    # -- what links tell

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        """To the terminal that DE 41 names, or the only one on the link."""
        there = self._by_link[link.config.name]
        named = text_of(message, TERMINAL)
        found = next((each for each in there if each.terminal.id == named), None)
        if found is None and len(there) == 1 and not named:
            found = there[0]
        if found is not None:
            found.asked(message, purpose)
        elif message.mti[2] in "02":
            link.answer(link_reply(message, Because.UNKNOWN_CODE, link.config.profile))

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        """To the terminal that asked."""
        if isinstance(finding.about, About) and finding.verdict in (Verdict.ANSWERS, Verdict.LATE):
            finding.about.terminal.replied(finding.about.kind, message, finding.verdict is Verdict.LATE)
        elif finding.verdict is Verdict.UNMATCHED:
            self._tell({"event": "unmatched answer", "link": link.config.name, "text": finding.trace})

    def expired(self, link: DrivenLink, about: object) -> None:
        """T0 has run out."""
        assert isinstance(about, About)
        about.terminal.unanswered(about.kind, True)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """The connection ended over it."""
        assert isinstance(about, About)
        about.terminal.unanswered(about.kind, written)

    def changed(self, link: DrivenLink, before: State) -> None:
        """Say whether the host can be reached, and go on with what waits for it."""
        profile = link.config.profile
        was, is_now = before.may_send(profile), link.state.may_send(profile)
        if (
            link.config.name in self._dialled
            and link.state.line is not before.line
            and link.state.line is LineState.CLOSED
        ):
            for terminal in self._by_link[link.config.name]:
                terminal.hung_up()
        if was is is_now:
            return
        if link.config.name not in self._dialled:
            self._tell({"event": "link", "link": link.config.name, "open": is_now})
        if is_now:
            for terminal in self._by_link[link.config.name]:
                terminal.reachable()

    def noted(self, link: DrivenLink, effect: ev.AskOperator | ev.Refused | ev.PeerRefused) -> None:
        """A terminal's operator sees it as an event."""
        self._tell({"event": "note", "link": link.config.name, "text": type(effect).__name__})
