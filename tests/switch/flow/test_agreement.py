"""Whatever goes wrong in whatever order, in the end the acquirer and the issuer agree on every transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.hopside import ACQUIRER, ISSUER, approval, reversal, withdrawal
from support.standingside import POLICY, StandingBench

from switch.asking import Cause, NoAnswer
from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.saf.rules import Rules
from switch.saf.works import UNSETTLED
from switch.server.recovery import giving_up
from switch.store.rows import Irregular, Owed, Stage, Transaction
from switch.store.standinrows import StandInApproval, StandInBin

AMOUNT = 500_000


def echoed(asked: Message) -> Message:
    """The answer to an echo: what is up to a link is not what is tried here."""
    return asked.changed(mti=reply_mti(asked.mti), fields={39: "00"})


@dataclass
class Issuer:
    """Books that post a transaction once, whether a request or an advice tells of it, and take it back once.

    *mute*: it does what it is asked and says nothing; *declines*: it answers requests with 51; *putting_off*: so many
    reversals and advices are answered with 96.
    """

    mute: bool = False
    declines: bool = False
    putting_off: int = 0

    def __post_init__(self) -> None:
        self.posted: dict[str, int] = {}
        self.reversed: set[str] = set()
        self.heard: list[tuple[str, str]] = []

    def __call__(self, asked: Message) -> Message | None:
        stan = str(asked.fields[11])
        if asked.mti[1] == "8":
            return echoed(asked)
        self.heard.append((asked.mti, stan))
        response = self.respond(asked.mti, stan)
        if self.mute:
            return None
        if asked.mti == "0200":
            return approval(asked, response)
        return asked.changed(mti=reply_mti(asked.mti), fields={39: response}, without=(38, 60))

    def respond(self, mti: str, stan: str) -> str:
        if mti != "0200" and self.putting_off:
            self.putting_off -= 1
            return "96"
        if mti[1] == "4":
            self.reversed.add(stan)
            return "00" if self.posted.pop(stan, 0) else "25"
        assert stan not in self.reversed, "a reversal never overtakes what it takes back"
        if mti == "0200" and self.declines:
            return "51"
        self.posted[stan] = AMOUNT
        return "00"


class Agreement(RuleBasedStateMachine):
    @initialize(stands_in=st.booleans(), narrow=st.booleans(), window=st.integers(1, 2), drain_first=st.booleans())
    def begin(self, stands_in: bool, narrow: bool, window: int, drain_first: bool) -> None:
        policy = replace(POLICY, count_a_day=1 if narrow else 100, amount_a_day=10**9, exposure=10**9)
        self.bench = StandingBench(policy if stands_in else None, Rules(window, drain_first=drain_first))
        self.issuer = self.bench.issuer.says = Issuer()
        self.bench.acquirer.says = self.heard
        self.deaf = False
        self.stan = 0
        self.waits: set[int] = set()
        self.given: set[int] = set()
        self.giving_back: set[int] = set()

    def heard(self, message: Message) -> Message | None:
        """What the acquirer makes of an answer, if it gets it."""
        stan = int(str(message.fields[11]))
        if message.mti == "0800":
            return echoed(message)
        if self.deaf:
            return None
        if message.mti == "0210" and stan in self.waits:
            self.waits.discard(stan)
            if message.fields[39] == "00":
                self.given.add(stan)
        elif message.mti == "0430" and message.fields[39] in ("00", "25"):
            self.giving_back.discard(stan)
        return None

    def up(self, link: str) -> bool:
        """A stalled connection may have been given up."""
        return self.bench.exchange.is_connected(link)

    # -- the acquirer

    @precondition(lambda self: self.up(ACQUIRER))
    @rule(seconds=st.sampled_from([0.0, 0.0, 21.0]))
    def asks(self, seconds: float) -> None:
        self.stan += 1
        self.waits.add(self.stan)
        self.bench.acquirer.say(withdrawal(self.stan, AMOUNT))
        self.passes(seconds)

    @precondition(lambda self: self.waits or self.given)
    @rule(which=st.integers(0, 9), dispensed=st.booleans())
    def gives_up(self, which: int, dispensed: bool) -> None:
        """No answer in time, or the dispenser is stuck."""
        some = sorted(self.given if dispensed and self.given else self.waits or self.given)
        stan = some[which % len(some)]
        self.waits.discard(stan)
        self.given.discard(stan)
        self.giving_back.add(stan)
        if self.up(ACQUIRER):
            self.bench.acquirer.say(reversal(stan, AMOUNT))

    @rule()
    def says_it_again(self) -> None:
        if self.up(ACQUIRER):
            for stan in sorted(self.giving_back):
                self.bench.acquirer.say(reversal(stan, AMOUNT, mti="0421"))

    # -- faults

    @rule(link=st.sampled_from([ACQUIRER, ISSUER, ISSUER]))
    def cut(self, link: str) -> None:
        if self.up(link):
            self.bench.lose(link)
        else:
            self.bench.far[link].full = False
            self.bench.regain(link)

    @rule(link=st.sampled_from([ACQUIRER, ISSUER]))
    def stalls(self, link: str) -> None:
        """What is said to it stays in our queue, and is certainly not seen if the connection ends then."""
        self.bench.far[link].full = True

    @rule(link=st.sampled_from([ACQUIRER, ISSUER]))
    def reads(self, link: str) -> None:
        self.bench.far[link].full = False
        self.bench.links[link].writable()

    @rule(mute=st.booleans(), declines=st.booleans(), putting_off=st.integers(0, 2))
    def changes_mood(self, mute: bool, declines: bool, putting_off: int) -> None:
        self.issuer.mute, self.issuer.declines, self.issuer.putting_off = mute, declines, putting_off

    @rule()
    def loses_answers(self) -> None:
        self.deaf = not self.deaf

    @rule(seconds=st.sampled_from([0.0, 6.0]))
    def hsm_goes_away(self, seconds: float) -> None:
        self.bench.hsm.away = NoAnswer(Cause.NOT_ASKED)
        self.passes(seconds)
        self.bench.hsm.away = None

    @rule(seconds=st.sampled_from([0.0, 6.0]))
    def store_goes_away(self, seconds: float) -> None:
        self.bench.memory.away = True
        self.passes(seconds)
        self.bench.memory.away = False

    @rule(seconds=st.sampled_from([0.0, 0.0, 1.0, 6.0, 20.0]))
    def passes(self, seconds: float) -> None:
        self.bench.pass_(seconds)
        self.bench.pass_()

    # -- when everything works again

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        bench = self.bench
        self.deaf = False
        self.changes_mood(False, False, 0)
        for link in (ACQUIRER, ISSUER):
            self.reads(link)
            if not self.up(link):
                bench.regain(link)
        for _ in range(40):
            self.give_up_what_nobody_works_on()
            bench.pass_(10.0)
            bench.pass_()
            self.giving_back |= self.waits
            self.waits.clear()
            self.says_it_again()
            bench.pass_()
            if not (self.giving_back or self.unsettled() or bench.exchange.under_way):
                break
        self.agree()

    def give_up_what_nobody_works_on(self) -> None:
        """What the sweep does."""
        for row in self.bench.memory.every(Transaction):
            if row.stage == Stage.AWAITING_ISSUER and row.id not in self.bench.exchange.live():
                self.bench.writer.submit(giving_up(self.bench.exchange.world, row), lambda result: None)
                self.bench.pass_()
                self.bench.forwarding.wake(ISSUER)

    def unsettled(self) -> list[Owed]:
        return [row for row in self.bench.owed() if row.state in UNSETTLED]

    def agree(self) -> None:
        bench = self.bench
        assert not self.unsettled(), "whatever is owed gets through"
        assert not self.giving_back
        assert self.issuer.posted == {f"{stan:06d}": AMOUNT for stan in self.given}
        assert not bench.memory.every(Irregular)
        approvals = bench.memory.every(StandInApproval)
        assert sum(row.exposed for row in bench.memory.every(StandInBin)) == 0
        assert {row.state for row in approvals} <= {"settled"}
        assert all(row.stage in (Stage.ANSWERED, Stage.REVERSED, Stage.TOMBSTONE) for row in bench.rows())
        assert bench.exchange.under_way == 0


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=250, stateful_step_count=30, deadline=None)
