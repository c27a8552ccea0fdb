"""A host of terminals that a test scripts, over real sockets, and the terminals that call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.cardholders import CARD, CHIPPED, PIN, TPK, cards_file, check_value, keys_file, pin_in, under_tmk
from support.linked import Loop

from switch.codec.message import Message, Parts
from switch.link.answers import reply_mti
from switch.link.config import read_links
from switch.link.events import AskOperator, PeerRefused, Refused
from switch.link.matching import Finding
from switch.link.state import State
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.links import Links
from switch.server.terminals import Terminals
from switch.simulators.commands import Told
from switch.simulators.config import read_config

ANSWER_SECONDS = 10.0
"""As long as terminals wait for an answer, and as much passes at once where the host gives none."""

Answers = Callable[[Message], Message | None]
HOST = '[[link]]\nname = "{0}"\nspec = "{1}"\nrole = "server"\naddress = "127.0.0.1:0"\nsign-on = "{2}"\n'
CLIENT = """
[[link]]
name = "{0}"
spec = "{1}"
role = "client"
address = "127.0.0.1:{3}"
sign-on = "{2}"
{4}
[link.seconds]
pause = 0.05
pause-max = 0.1
"""
TERMINAL = '[[terminal]]\nid = "{0}"\nlink = "{1}"\nchannel = "{2}"\nmerchant = "970436000000001"\n{3}\n'
ATM_MORE, POS_MORE = 'cassettes = ["500000x20", "100000x10"]', 'category = "5411"'


@dataclass
class Host:
    """A layer above that answers by *answers*, and keeps what it was asked and told."""

    answers: Answers
    passes: Callable[[float], None] = lambda seconds: None
    heard: list[Message] = field(default_factory=list)
    replies: list[Message] = field(default_factory=list)
    connections: int = 0

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        self.heard.append(message)
        answer = self.answers(message)
        if answer is not None:
            assert link.answer(answer).accepted
        else:
            self.passes(ANSWER_SECONDS)

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        self.replies.append(message)

    def expired(self, link: DrivenLink, about: object) -> None: ...
    def cut(self, link: DrivenLink, about: object, written: bool) -> None: ...
    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None: ...
    def changed(self, link: DrivenLink, before: State) -> None: ...


def told(message: Message, response: str) -> Message:
    """The answer to *message* as a host gives it: an echo without secrets."""
    kept = {n: v for n, v in message.fields.items() if n in (2, 3, 4, 11, 12, 13, 41, 49, 70)}
    approval = {38: "A00001"} if response == "00" and message.mti == "0200" else {}
    return Message(reply_mti(message.mti), dict(sorted({**kept, 39: response, **approval}.items())), message.header)


def honest(message: Message) -> Message:
    """Keys to who asks, 55 to who has a wrong PIN, 00 to everything else."""
    if message.fields.get(70) == "101":
        tags = Parts([("01", under_tmk(TPK)), ("02", check_value(TPK)), ("03", "000001")])
        return told(message, "00").changed(fields={48: tags})
    block = message.fields.get(52)
    if isinstance(block, bytes) and pin_in(block, str(message.fields[2])) != PIN:
        return told(message, "55")
    return told(message, "00")


class Counter:
    """Terminals in this process, their host beside them, and what came of commands."""

    def __init__(
        self, run: Loop, folder: Path, host: Host, lines: list[tuple[str, str, str, str]], terminals: str,
        more: str = "",
    ) -> None:  # fmt: skip
        """*lines*: name, dialect, sign-on, and more of the link's own fields; *more* of the terminals' in common."""
        self.run, self.host = run, host
        host.passes = run.time.passes
        self.links = Links(run.clock, read_links("h", "".join(HOST.format(*line) for line in lines)), host)
        self.links.start()
        run.links.append(self.links)
        cards_file(folder, CARD, CHIPPED)
        keys_file(folder, "ATM00001", "POS00001", "POS00002")
        simulate = '[simulate]\ncards = "cards.csv"\nkeys = "terminals.keys"\n'
        simulate += more
        simulate += f"answer-seconds = {ANSWER_SECONDS}\nreversal-seconds = 0.1\ntrace = true\n"
        for name, spec, sign_on, more in lines:
            simulate += CLIENT.format(name, spec, sign_on, self.links.port(name), more)
        (folder / "t.toml").write_text(simulate + terminals)
        self.events: list[Told] = []
        self.traced: list[str] = []
        self.terminals = Terminals(run.clock, read_config(folder / "t.toml"), self.events.append, self.traced.append)
        self.terminals.start()
        run.links.append(self.terminals.links)

    def opened(self, name: str) -> bool:
        """Can the terminals of link *name* ask their host?"""
        link = self.terminals.links[name]
        return link.state.may_send(link.config.profile)

    def order(self, line: str, passing_seconds: float = 0.0) -> Told:
        """What came of the command *line*, behind which *passing_seconds* pass at once."""
        came: list[Told] = []
        self.terminals.command(line.encode(), came.append)
        self.run.time.passes(passing_seconds)
        self.run.until(lambda: came)
        assert len(came) == 1
        return came[0]

    def event(self, name: str) -> Told:
        """The first event of that name, when it comes."""
        self.run.until(lambda: any(each["event"] == name for each in self.events))
        return next(each for each in self.events if each["event"] == name)
