"""Two switch processes on one PostgreSQL between an acquirer and an issuer, which keep books of their own."""

from __future__ import annotations

import json
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from support.hopside import approval, reversal, withdrawal
from support.linked import Loop
from support.switched import RunningSwitch

from switch.codec.message import Message
from switch.link.events import AskOperator, PeerRefused, Refused
from switch.link.matching import Finding, Verdict
from switch.link.state import State
from switch.link.terms import Line, Purpose
from switch.server.drive import DrivenLink
from switch.server.links import Links
from switch.store.opening import database
from switch.store.reading import Reading
from switch.store.rows import Owed, Transaction

MEMBERS = ("a", "b")
LEASE_SECONDS = 1.5
T2_SECONDS = 1.0
SILENT, UNDER_WAY_MAX, REPEATS = 0.02, 24, 0.5
"""How often the issuer says nothing; how many requests wait at once; how many unanswered ones are repeated first."""
LOAD = 50
"""So many withdrawals settled let all parts of the network have some under way."""
TO_SWITCH, TO_ISSUER = "terminals", "issuer"
HEAD = """[switch]
name = "switch"
institution = "970400"
bins = "bins.csv"
database = "{url}"
[cluster]
member = "{member}"
lease-seconds = {lease}
[console]
address = "127.0.0.1:0"
[log]
file = "switch.log"
"""
LINK = """[[link]]
name = "{name}"
spec = "banknet"
role = "{role}"
address = "127.0.0.1:{port}"
sign-on = "none"
{more}[link.seconds]
pause = 0.05
pause-max = 0.1
t2 = {t2}
"""
PASSED = '[link.partner]\npins = "passed"\n[link.forwarding]\npause = 0.2\npause-max = 0.5\nwindow = 8\n'
BINS = "prefix,name,kind,link,dialect,institution\n970411,bank i,member,issuer-a,banknet,970411\n"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Card:
    """One withdrawal as the acquirer sees it."""

    number: int
    answers: list[str] = field(default_factory=list)
    sent: int = 0
    reversing: bool = False
    acknowledged: bool = False

    @property
    def settled(self) -> bool:
        return self.acknowledged if self.reversing else bool(self.answers)


@dataclass
class Partners:
    """Acquirer and issuer in one: the layer above all links of the test's own process."""

    run: Loop
    chance: random.Random
    cards: dict[int, Card] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    """Those that are not settled."""
    heard: dict[str, list[str]] = field(default_factory=dict)
    """What the issuer got about each withdrawal (DE 37): types of messages, in order."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    links: list[DrivenLink] = field(default_factory=list)
    """To the switch."""
    loading: bool = False

    # -- the acquirer

    @property
    def settled(self) -> int:
        """How many withdrawals are."""
        return len(self.cards) - len(self.open)

    def ask(self) -> None:
        """Another withdrawal, by one of the links."""
        number = len(self.cards) + 1
        self.cards[number] = Card(number)
        self.open.add(number)
        self._send(number, withdrawal(number))

    def _send(self, number: int, message: Message) -> None:
        card = self.cards[number]
        ready = [link for link in self.links if link.state.line is Line.CONNECTED]
        if ready and self.chance.choice(ready).ask(message, number).accepted:
            card.sent += message.mti[1] == "2"
        else:
            self.run.clock.callLater(0.1, self._unheard, number)

    def _unheard(self, number: int) -> None:
        """Repeat it, or take it back until that is acknowledged."""
        card = self.cards[number]
        if card.settled:
            return
        if not card.reversing and card.sent < 3 and self.chance.random() < REPEATS:
            again = withdrawal(number)
            self._send(number, again if not card.sent else again.changed(mti="0201"))
            return
        mti = "0421" if card.reversing else "0420"
        card.reversing = True
        self._send(number, reversal(number, mti=mti))

    # -- what links tell

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        """The issuer's part."""
        if purpose is not None or not link.config.name.startswith(TO_ISSUER):
            return
        self.heard.setdefault(str(message.fields[37]), []).append(message.mti)
        if self.chance.random() >= SILENT:
            seconds = self.chance.random() * 0.05
            self.run.clock.callLater(seconds, link.answer, approval(message))

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        self.verdicts[finding.verdict] += 1
        number = int(str(message.fields[37]))
        card = self.cards[number]
        if message.mti[1] == "2":
            card.answers.append(str(message.fields[39]))
        elif finding.verdict is Verdict.ANSWERS:
            card.acknowledged = True
        if card.settled:
            self.open.discard(number)

    def expired(self, link: DrivenLink, about: object) -> None:
        assert isinstance(about, int)
        self._unheard(about)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        assert isinstance(about, int)
        self.run.clock.callLater(0.05, self._unheard, about)

    def changed(self, link: DrivenLink, before: State) -> None:
        """Nothing."""

    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None:
        """Nothing."""


class Pair:
    """The two processes, and all around them."""

    def __init__(self, folder: Path, url: str, run: Loop, seed: int) -> None:
        self.url, self.run = url, run
        self.partners = Partners(run, random.Random(seed))
        issuer = "".join(
            LINK.format(name=f"{TO_ISSUER}-{each}", role="server", port=0, t2=9, more="") for each in MEMBERS
        )
        self.issuer: Links = run.started(issuer, self.partners)  # type: ignore[arg-type]  # it is an Above
        self.doors = {each: free_port() for each in MEMBERS}
        self.members = {each: self._member(folder / each, each) for each in MEMBERS}
        clients = "".join(
            LINK.format(name=f"{TO_SWITCH}-{each}", role="client", port=port, t2=2 * T2_SECONDS, more="")
            for each, port in self.doors.items()
        )
        self.acquirer = run.started(clients, self.partners)  # type: ignore[arg-type]  # it is an Above
        self.partners.links = list(self.acquirer)
        self.until_open()

    def _member(self, folder: Path, name: str) -> RunningSwitch:
        folder.mkdir()
        (folder / "bins.csv").write_text(BINS)
        text = HEAD.format(url=self.url, member=name, lease=LEASE_SECONDS)
        for share in MEMBERS:
            for link, role, port in (
                (TO_SWITCH, "server", self.doors[share]),
                (TO_ISSUER, "client", self.issuer.port(f"{TO_ISSUER}-{share}")),
            ):
                more = f'share = "{share}"\n' + (
                    "" if share == MEMBERS[0] else f'parallel-to = "{link}-{MEMBERS[0]}"\n'
                )
                text += LINK.format(name=f"{link}-{share}", role=role, port=port, t2=T2_SECONDS, more=more) + PASSED
        return RunningSwitch(folder, text)

    def is_open(self, share: str) -> bool:
        links = (self.issuer[f"{TO_ISSUER}-{share}"], self.acquirer[f"{TO_SWITCH}-{share}"])
        return all(link.state.line is Line.CONNECTED for link in links)

    def until_open(self) -> None:
        self.run.until(lambda: all(map(self.is_open, MEMBERS)))

    # -- what is done

    def loaded(self, count: int) -> None:
        """Have withdrawals made, as fast as they are answered, until so many more are settled."""
        enough = self.partners.settled + count
        self._asking_until(lambda: self.partners.settled >= enough)

    def _asking_until(self, true: Callable[[], bool]) -> None:
        def asked() -> bool:
            while len(self.partners.open) < UNDER_WAY_MAX:
                self.partners.ask()
            return true()

        self.run.until(asked)

    def kill(self, name: str) -> float:
        """Kill the member *name*; how long its links were away, seconds."""
        member, began = self.members[name], time.monotonic()
        member.process.kill()
        member.process.wait()
        mine = [self.issuer[f"{TO_ISSUER}-{name}"], self.acquirer[f"{TO_SWITCH}-{name}"]]
        self.run.until(lambda: any(link.state.line is not Line.CONNECTED for link in mine))
        self.run.until(lambda: self.is_open(name))
        return time.monotonic() - began

    def freeze(self, name: str) -> None:
        """Stop *name* in its tracks until the other has its links, then let it go on as if nothing had happened."""
        member = self.members[name]
        other = self.members[next(each for each in MEMBERS if each != name)]
        member.process.send_signal(signal.SIGSTOP)
        self.run.until(lambda: f"{name}      switch/{name}-" not in other.ask("cluster").stdout)
        # Its connections still stand as far as its partners know; they ask, and nobody answers them.
        stuck = self.acquirer[f"{TO_SWITCH}-{name}"]
        self._asking_until(lambda: stuck.outstanding >= UNDER_WAY_MAX // 2)
        member.process.send_signal(signal.SIGCONT)
        self.run.until(lambda: any(each["share"] == name for each in self.told(name, "share-lost")))
        self.until_open()

    def back(self, name: str) -> None:
        """Have the other hand its share over to *name*, which is started again if need be."""
        if self.members[name].process.poll() is not None:
            self.members[name].start()
        other = next(each for each in MEMBERS if each != name)
        assert self.members[other].ask("cluster", name, "hand-over").returncode == 0
        self.members[name].until(f"{name}      switch/{name}-", "cluster")
        self.until_open()

    def settle(self) -> None:
        """Let everything come to its end."""
        self.run.until(lambda: not self.partners.open)
        with closing(Reading(database(self.url))) as reading:
            self.run.until(lambda: not reading.queues())

    # -- what must be

    def violations(self) -> list[str]:
        """Where the three books do not agree, or something was done twice."""
        found: list[str] = []
        for card in self.partners.cards.values():
            heard = self.partners.heard.get(f"{card.number:012d}", [])
            asked, taken_back = sum(mti[1] == "2" for mti in heard), any(mti[1] == "4" for mti in heard)
            kept = card.answers == ["00"] * len(card.answers) and bool(card.answers) and not card.reversing
            wrong = [
                text
                for text, is_so in {
                    "asked twice": asked > 1,
                    "reversed twice": heard.count("0420") > 1,
                    # What was not sent any more is taken back too: nobody knew that.
                    "asked after it was reversed": asked > 0 and heard[0][1] == "4",
                    "answered more often than asked": len(card.answers) > card.sent,
                    "answered now so and now so": len(set(card.answers)) > 1,
                    "given and not taken back": not kept and asked and not taken_back,
                    "kept here and not there": kept and (not asked or taken_back),
                }.items()
                if is_so
            ]
            found += [f"{card}: {text}: {heard}" for text in wrong]
        return found + self._rows()

    def _rows(self) -> list[str]:
        """What the store says otherwise than the issuer."""
        found: list[str] = []
        with closing(Reading(database(self.url))) as reading:
            rows = {row.reference: row for row in reading.every(Transaction, 10**6)}
            owed = Counter(row.original_id for row in reading.every(Owed, 10**6))
        for reference, heard in self.partners.heard.items():
            stage = rows[reference].stage
            reversed_ = any(mti[1] == "4" for mti in heard)
            if stage != ("reversed" if reversed_ else "answered"):
                found.append(f"{reference}: {stage}, and the issuer heard {heard}")
        unfinished = [row for row in rows.values() if row.stage in ("awaiting-issuer", "reversal-owed")]
        return found + [f"{row.reference}: {row.stage}" for row in unfinished] + [k for k, n in owed.items() if n > 1]

    def told(self, name: str, event: str) -> list[dict[str, object]]:
        """The events of the log of member *name*."""
        lines = (self.members[name].folder / "switch.log").read_text().splitlines()
        return [each for each in map(json.loads, lines) if each["event"] == event]

    def close(self) -> None:
        for member in self.members.values():
            member.close()
