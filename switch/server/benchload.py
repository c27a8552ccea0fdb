"""The partners of a switch that is measured: one process with plain sockets, told what to do by JSON on its input.

It costs as little as it can, for it shares the processors with what it measures; it checks every answer all the same.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from switch.bench.acquirer import Acquirer, Tally
from switch.bench.cards import Card, cards, under
from switch.bench.issuer import Issuer
from switch.bench.partner import Partner, Unexpected
from switch.bench.setting import caller, terminal_name
from switch.bench.times import quantiles
from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.server.links import transmitted_now
from switch.server.processfigures import Usage, usage

DIALECT = "banknet"
READ_BYTES_MAX = 1 << 18
CONNECT_SECONDS_MAX, ANSWER_SECONDS_MAX = 10.0, 60.0
CALLS_AT_ONCE = 64
CLASS_AT, NETWORK = slice(1, 2), b"8"
SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """What is asked of the partners; *watched* are process ids by name, times are in seconds.

    With *terminals* the only acquirer is a concentrator of so many.  With *rate* (a second) withdrawals come when they are
    due, whether or not others are answered; without it *window* are under way all the time; without both the links only
    stand.
    """

    port: int
    acquirers: int
    terminals: int
    cards: int
    seconds: float
    warm_seconds: float
    rate: float = 0.0
    window: int = 0
    watched: dict[str, int] = field(default_factory=dict)


class End:
    """One connection of a partner."""

    def __init__(self, load: Load, number: int | None) -> None:
        """*number* is an acquirer's; the issuer has none."""
        self._load = load
        self.is_issuer = number is None
        self._keyless = load.plan.terminals > 0 and not self.is_issuer
        self.blocks: Sequence[bytes] = ()
        self.partner = Partner(load.codec, load.owners, self._installed)
        self._framer = Framer(load.codec.spec.framing)
        self._unsent = b""
        self._frames: list[bytes] = []
        source = "127.0.0.1" if number is None else caller(number)
        self.socket = socket.create_connection(
            ("127.0.0.1", load.plan.port), timeout=CONNECT_SECONDS_MAX, source_address=(source, 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def _installed(self, terminal: str, key: bytes) -> None:
        if terminal:
            self._load.terminals.append((terminal.encode(), under(key, self._load.owners)))
        elif self.is_issuer:
            self._load.issuer.key(key)
        else:
            self.blocks = under(key, self._load.owners)

    @property
    def ready(self) -> bool:
        """Signed on, and with the key of the link, if it has one?"""
        return self.partner.signed_on and (self.partner.keys_taken > 0 or self._keyless)

    def say(self, frame: bytes) -> None:
        """Write *frame*, with its length, at the next ``flush``."""
        if not self._frames:
            self._load.talking.append(self)
        self._frames.append(frame)

    def flush(self) -> None:
        """Write what was said."""
        data = self._unsent + b"".join(self._frames)
        self._frames.clear()
        try:
            self._unsent = data[self.socket.send(data) :]
        except BlockingIOError:
            self._unsent = data
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        self._load.watch(self, both if self._unsent else selectors.EVENT_READ)

    def readable(self, now: float) -> None:
        """Take what came.  Raises Unexpected when the switch hung up."""
        data = self.socket.recv(READ_BYTES_MAX)
        if not data:
            raise Unexpected("the switch closed a connection")
        load, next_frame = self._load, self._framer.next
        self._framer.feed(data)
        while (wire := next_frame()) is not None:
            if wire[CLASS_AT] == NETWORK:
                said = self.partner.network(wire)
                if said is not None:
                    self.say(load.codec.spec.framing.frame(said))
            elif self.is_issuer:
                self.say(load.issuer.answer(wire))
            else:
                load.acquirer.answered(wire, now)


class Load:
    """All connections, and what goes over them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.codec = codec(DIALECT)
        self.owners: Sequence[Card] = cards(plan.cards)
        self.issuer = Issuer(self.codec, self.owners)
        self.acquirer = Acquirer(self.codec, self.owners, transmitted_now())
        self.talking: list[End] = []
        self.terminals: list[tuple[bytes, Sequence[bytes]]] = []
        """Each terminal that has a key, with the cards' PIN blocks under it."""
        self._selector = selectors.DefaultSelector()
        self._watched: dict[End, int] = {}
        self._second = transmitted_now()
        self._turn_to = 0
        self.ends: list[End] = []

    def watch(self, end: End, events: int) -> None:
        """Be told of *events* at *end*."""
        before = self._watched.get(end)
        if before == events:
            return
        (self._selector.register if before is None else self._selector.modify)(end.socket, events, end)
        self._watched[end] = events

    def turn(self, wait_seconds: float) -> None:
        """Take what comes within that time, and send what is to be sent."""
        for key, events in self._selector.select(max(wait_seconds, 0.0)):
            end: End = key.data
            if events & selectors.EVENT_READ:
                end.readable(time.perf_counter())
            elif end not in self.talking:
                self.talking.append(end)
        self.flush()

    def flush(self) -> None:
        """Send what was said."""
        talking, self.talking = self.talking, []
        for end in talking:
            end.flush()

    def until(self, so: Callable[[], bool], what: str) -> None:
        """Turn until *so*.  Raises Unexpected, naming *what*, when that takes too long."""
        ends = time.perf_counter() + ANSWER_SECONDS_MAX
        while not so():
            if time.perf_counter() > ends:
                raise Unexpected(f"{what} took more than {ANSWER_SECONDS_MAX:g} s")
            self.turn(0.05)

    def open(self) -> None:
        """Connect and sign on everywhere, wait for keys, and see one withdrawal approved on the first link."""
        numbers: list[int | None] = [None, *range(self.plan.acquirers)]
        for at in range(0, len(numbers), CALLS_AT_ONCE):
            fresh = [End(self, number) for number in numbers[at : at + CALLS_AT_ONCE]]
            for end in fresh:
                self.watch(end, selectors.EVENT_READ)
                end.say(self.codec.spec.framing.frame(end.partner.sign_on(transmitted_now())))
            self.flush()
            self.ends += fresh
            self.until(lambda fresh=fresh: all(end.ready for end in fresh), "signing on and taking a key")  # type: ignore[misc]
        _, *self.callers = self.ends
        self._terminals_sign_on()
        # The switch uses a key when it has committed that the partner took it.
        ends = time.perf_counter() + ANSWER_SECONDS_MAX
        while not self.acquirer.tally.approved:
            if time.perf_counter() > ends:
                raise Unexpected(f"no withdrawal is approved: {dict(self.acquirer.tally.wrong)}")
            self._ask(time.perf_counter())
            self.until(lambda: not self.acquirer.outstanding, "a withdrawal")
        self.acquirer.tally = Tally()

    def _terminals_sign_on(self) -> None:
        concentrator = self.callers[0]
        for at in range(0, self.plan.terminals, CALLS_AT_ONCE):
            numbers = range(at, min(at + CALLS_AT_ONCE, self.plan.terminals))
            for number in numbers:
                said = concentrator.partner.terminal_signs_on(terminal_name(number), transmitted_now())
                concentrator.say(self.codec.spec.framing.frame(said))
            self.flush()
            self.until(lambda ends=numbers.stop: len(self.terminals) >= ends, "terminals' sign-on")  # type: ignore[misc]

    def _ask(self, since: float) -> None:
        if self.terminals:
            terminal, blocks = self.terminals[self._turn_to]
            self._turn_to = (self._turn_to + 1) % len(self.terminals)
            self.callers[0].say(self.acquirer.ask(since, blocks, terminal))
            return
        end = self.callers[self._turn_to]
        self._turn_to = (self._turn_to + 1) % len(self.callers)
        end.say(self.acquirer.ask(since, end.blocks))

    def run(self, seconds: float) -> float:
        """Put the load on for so long; how long it was."""
        began = time.perf_counter()
        ends = began + seconds
        due = began
        interval = 1.0 / self.plan.rate if self.plan.rate else 0.0
        while (now := time.perf_counter()) < ends:
            self._tick()
            if interval:
                while due <= now:
                    self._ask(due)
                    due += interval
            else:
                for _ in range(self.plan.window - self.acquirer.outstanding):
                    self._ask(now)
            self.flush()
            self.turn((min(due, ends) if interval else ends) - time.perf_counter())
        return time.perf_counter() - began

    def _tick(self) -> None:
        second = transmitted_now()
        if second != self._second:
            self._second = second
            self.acquirer.at(second)

    def measured(self) -> dict[str, object]:
        """Warm up, measure, and wait for the last answers; the warm-up's losses and key changes count too."""
        keys_before = self._keys()
        self.run(self.plan.warm_seconds)
        warm, self.acquirer.tally = self.acquirer.tally, Tally()
        echoes_before, before = self._echoes(), self._usage()
        seconds = self.run(self.plan.seconds)
        after, approved = self._usage(), self.acquirer.tally.approved
        drains = time.perf_counter() + ANSWER_SECONDS_MAX
        while self.acquirer.outstanding and time.perf_counter() < drains:
            self.turn(0.05)
        self.acquirer.lost()
        tally = self.acquirer.tally
        return {
            "approved": approved,
            "approved_in_all": warm.approved + tally.approved,
            "wrong": dict(warm.wrong + tally.wrong),
            "seconds": seconds,
            "times": quantiles(tally.seconds).figures() if tally.seconds else {},
            "keys_changed": self._keys() - keys_before,
            "echoes": self._echoes() - echoes_before,
            "processor_seconds": {name: after[name].seconds - before[name].seconds for name in after},
            "resident_kib": {name: after[name].resident_kib for name in after},
        }

    def _usage(self) -> dict[str, Usage]:
        own = {"load": usage()}
        return own | {name: usage(pid) for name, pid in self.plan.watched.items()}

    def _keys(self) -> int:
        return sum(end.partner.keys_taken for end in self.ends)

    def _echoes(self) -> int:
        return sum(end.partner.echoes for end in self.ends)


def main() -> None:
    """Do what the plan on standard input says, and tell on standard output what came of it."""
    load = Load(Plan(**json.loads(sys.stdin.readline())))
    try:
        load.open()
        print(json.dumps({"ready": True}), flush=True)
        told: dict[str, object] = load.measured()
    except (Unexpected, OSError) as fault:
        told = {"fault": f"{type(fault).__name__}: {fault}"}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
