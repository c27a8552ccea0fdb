"""Two sides talk over a channel that loses, doubles and reorders, and crash: they converge, and nothing is unreadable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from switch.keys.effects import AskHsm, Direction, Effect, ImportZoneKey, KeyType, NewZoneKey, Save, Send
from switch.keys.events import (
    ChangeKey,
    Event,
    Heard,
    HsmRefused,
    Imported,
    LinkDown,
    LinkUp,
    Made,
    PartnerUsed,
    SyncError,
    Tick,
    Used,
)
from switch.keys.exchange import step
from switch.keys.forms import Labelled, Said
from switch.keys.line import Line, Rules
from switch.keys.slots import State, ZoneKey
from switch.keys.words import NotTaken, Offer, Taken, Word

MESSAGE_S = 45.0
"""No message of traffic outlives the acquirer's time-out; messages about keys may come however late."""


@dataclass(frozen=True)
class Traffic:
    """A message under the key of *version*; *kcv* stands for the key itself."""

    version: int
    kcv: str


@dataclass
class Flight:
    """On its way to the side *to*."""

    to: int
    load: Word | Traffic
    sent: float


@dataclass
class Side:
    """One of the two: its line, what it saved, and what its HSM was asked."""

    line: Line
    rules: Rules
    saved: Line = field(init=False)
    asked: list[AskHsm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saved = self.line


class Exchanges(RuleBasedStateMachine):
    """The model: a clock, two sides, one channel, and HSMs that make keys with check values of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.channel: list[Flight] = []
        self.keys = 0
        self.opened = 0

    @initialize(
        member_makes=st.booleans(),
        uses=st.sampled_from([None, 3]),
        period=st.sampled_from([None, 200.0]),
    )
    def begin(self, member_makes: bool, uses: int | None, period: float | None) -> None:
        rules = Rules(uses_max=uses, period_s=period, member_makes=member_makes)
        self.sides = [Side(Line("bank", KeyType.ZPK, Direction.BOTH, is_switch), rules) for is_switch in (True, False)]

    def happen(self, who: int, event: Event) -> None:
        side = self.sides[who]
        side.line, effects = step(side.line, event, self.now, side.rules)
        for effect in effects:
            self.perform(who, effect)
        states = [slot.state for slot in side.line.slots.pair]
        assert all(states.count(state) <= 1 for state in State if state is not State.EMPTY)

    def perform(self, who: int, effect: Effect) -> None:
        side = self.sides[who]
        if isinstance(effect, Save):
            side.saved = side.line
        elif isinstance(effect, AskHsm):
            side.asked.append(effect)
        elif isinstance(effect, Send):
            word = self.written(effect)
            if word:
                self.channel.append(Flight(1 - who, word, self.now))

    def written(self, effect: Send) -> Word | None:
        """What arrives of a word; None for one that the network's form doesn't have."""
        return effect.word

    def answer(self, who: int, works: bool) -> None:
        asked = self.sides[who].asked.pop(0)
        if not works:
            return self.happen(who, HsmRefused(asked.job))
        if isinstance(asked.question, NewZoneKey):
            self.keys += 1
            kcv = f"{self.keys:06X}"
            return self.happen(who, Made(asked.job, kcv, f"lmk{kcv}", f"X{kcv:0>32}"))
        assert isinstance(asked.question, ImportZoneKey)
        kcv = asked.question.under_zmk[-6:]
        return self.happen(who, Imported(asked.job, kcv, f"lmk{kcv}"))

    def arrive(self, flight: Flight) -> None:
        line = self.sides[flight.to].line
        if not isinstance(flight.load, Traffic):
            self.happen(flight.to, Heard(flight.load))
        elif self.now - flight.sent <= MESSAGE_S:
            keys = self.tried(line, flight.load.version)
            opens = [key.version for key in keys if key.kcv == flight.load.kcv]
            assert len(opens) == 1, "the key that encrypted is there"
            self.opened += 1
            self.happen(flight.to, PartnerUsed(opens[0]))

    def tried(self, line: Line, version: int) -> tuple[ZoneKey, ...]:
        """The keys to try for a message that names its version."""
        return line.for_decryption(version, self.now)

    @rule(at=st.integers(0, 50), twice=st.booleans())
    @precondition(lambda self: self.channel)
    def deliver(self, at: int, twice: bool) -> None:
        flight = self.channel[at % len(self.channel)]
        if not twice:
            self.channel.remove(flight)
        self.arrive(flight)

    @rule()
    @precondition(lambda self: self.channel)
    def deliver_in_order(self) -> None:
        self.arrive(self.channel.pop(0))

    @rule(at=st.integers(0, 50))
    @precondition(lambda self: self.channel)
    def lose(self, at: int) -> None:
        self.channel.pop(at % len(self.channel))

    @rule(who=st.integers(0, 1), works=st.sampled_from([True, True, True, False]))
    def hsm_answers(self, who: int, works: bool) -> None:
        if self.sides[who].asked:
            self.answer(who, works)

    @rule(who=st.integers(0, 1))
    def encrypt(self, who: int) -> None:
        key = self.sides[who].line.for_encryption()
        if key:
            self.happen(who, Used())
            self.channel.append(Flight(1 - who, Traffic(key.version, key.kcv), self.now))

    @rule(seconds=st.sampled_from([1.0, 10.0, 21.0, 61.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for who in (0, 1):
            self.happen(who, Tick())

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        side = self.sides[who]
        side.line = side.saved.recovered()
        side.asked.clear()

    @rule(who=st.integers(0, 1), event=st.sampled_from([LinkUp(), LinkUp(), LinkDown(), ChangeKey(), SyncError()]))
    def meet(self, who: int, event: Event) -> None:
        self.happen(who, event)

    def settle(self, rounds: int) -> None:
        """The channel works: everything arrives in its order, HSMs answer."""
        for _ in range(rounds):
            steps = 0
            while self.channel or any(side.asked for side in self.sides):
                steps += 1
                assert steps < 1_000, "words that answer words for ever"
                if self.channel:
                    self.arrive(self.channel.pop(0))
                for who in (0, 1):
                    if self.sides[who].asked:
                        self.answer(who, works=True)
            self.wait(61.0)

    def teardown(self) -> None:
        if not hasattr(self, "sides"):
            return
        for side in self.sides:
            side.rules = Rules(uses_max=None, period_s=None, member_makes=side.rules.member_makes)
        for who in (0, 1):
            self.happen(who, LinkUp())
        for _ in range(12):
            self.settle(1)
            for who in (0, 1):
                self.encrypt(who)
        self.settle(30)
        switch, member = (side.line for side in self.sides)
        for line in (switch, member):
            assert line.slots.find(State.PENDING) is None
            assert not line.busy
        ours, theirs = switch.for_encryption(), member.for_encryption()
        assert ours
        assert theirs
        self.agree(ours, theirs)
        assert self.opened

    def agree(self, ours: ZoneKey, theirs: ZoneKey) -> None:
        assert ours == theirs, "both have one version of one key"


Exchanges.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestExchanges = Exchanges.TestCase


class Unversioned(Exchanges):
    """The same where words name no version and the switch alone makes keys, over a connection that keeps the order.

    As there, an answer finds its offer by the trace number, which gives it the version.
    """

    versions: dict[str, int]
    answering = ""

    @initialize(uses=st.sampled_from([None, 3]), period=st.sampled_from([None, 200.0]))
    def begin(self, uses: int | None, period: float | None) -> None:
        self.versions = {}
        rules = Rules(uses_max=uses, period_s=period)
        self.sides = [Side(Line("bank", KeyType.ZPK, Direction.BOTH, is_switch), rules) for is_switch in (True, False)]

    def written(self, effect: Send) -> Word | None:
        if isinstance(effect.word, Offer) and effect.word.version:
            self.versions[effect.word.under_zmk] = effect.word.version
        message = Labelled().write(Said(effect.type, effect.direction, effect.word))
        said = Labelled().read(message) if message else None
        if said and isinstance(said.word, Taken | NotTaken):
            return replace(said.word, version=self.versions[self.answering])
        return said.word if said else None

    def arrive(self, flight: Flight) -> None:
        if isinstance(flight.load, Offer):
            self.answering = flight.load.under_zmk
        super().arrive(flight)

    def answer(self, who: int, works: bool) -> None:
        question = self.sides[who].asked[0].question
        if isinstance(question, ImportZoneKey):
            self.answering = question.under_zmk
        super().answer(who, works)

    def tried(self, line: Line, version: int) -> tuple[ZoneKey, ...]:
        return line.for_decryption(None, self.now)

    @rule(at=st.integers(0, 50), twice=st.booleans())
    @precondition(lambda self: self.channel)
    def deliver(self, at: int, twice: bool) -> None:
        """The oldest for either side, once or, as a repeat does, twice."""
        flight = next((each for each in self.channel if each.to == at % 2), self.channel[0])
        self.channel.remove(flight)
        for _ in range(1 + twice):
            self.arrive(flight)

    def agree(self, ours: ZoneKey, theirs: ZoneKey) -> None:
        assert ours.kcv == theirs.kcv, "both have one key, whatever number they give it"


Unversioned.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestUnversioned = Unversioned.TestCase
