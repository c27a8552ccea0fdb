"""The rules R1 to R10 and the agreement of all books, over whatever schedules of faults Hypothesis comes up with.

The world is the storm's, small, and its faults are put in one by one, so that a failure shrinks to the few that matter.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from switch.server.storm import Storm
from switch.server.stormstore import Fate
from switch.storm.plan import FrameFault, Plan

NODES, WIRES = st.integers(0, 2), st.integers(0, 3)
SECONDS = st.sampled_from([0.0, 0.002, 0.5, 6.0, 21.0, 45.0])


class Faults(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**32 - 1), spoil=st.sampled_from([0.0, 0.3]))
    def begin(self, seed: int, spoil: float) -> None:
        """*spoil* is of the acquirers; the wires have no fault but those that are put in."""
        plan = Plan(10**6, spoil, seed, acquirers=2, issuers=2, cards=6)
        self.storm = Storm(plan)
        self.storm.calm = True
        self.storm.open()
        self.storm.pass_(10.0)

    @rule(count=st.integers(1, 4), seconds=SECONDS)
    def asks(self, count: int, seconds: float) -> None:
        for _ in range(count):
            self.storm.ask()
        self.storm.pass_(seconds)

    @rule(seconds=SECONDS)
    def passes(self, seconds: float) -> None:
        self.storm.pass_(seconds)

    @rule(faults=st.lists(st.sampled_from([None, *FrameFault]), min_size=1, max_size=6))
    def messages_suffer(self, faults: list[FrameFault | None]) -> None:
        """The next frames, whoever says them; None stands for one that arrives."""
        self.storm.frame_fates.extend(faults)

    @rule(node=NODES, fate=st.sampled_from([fate for fate in Fate if fate is not Fate.DONE]))
    def a_commit_fails(self, node: int, fate: Fate) -> None:
        self.storm.fates[list(self.storm.nodes)[node]] = fate

    @rule(node=NODES, seconds=SECONDS)
    def a_node_is_killed(self, node: int, seconds: float) -> None:
        self.storm.node(node).crash(seconds)

    @rule(node=NODES, seconds=SECONDS)
    def a_store_goes_away(self, node: int, seconds: float) -> None:
        self.storm.node(node).lose_store(seconds)

    @rule(node=NODES, seconds=SECONDS, asked=st.booleans())
    def an_hsm_goes_away(self, node: int, seconds: float, asked: bool) -> None:
        self.storm.node(node).lose_hsm(seconds, asked)

    @rule(node=NODES, seconds=st.sampled_from([-90.0, -5.0, 5.0, 90.0]))
    def a_clock_is_wrong(self, node: int, seconds: float) -> None:
        self.storm.node(node).skew(seconds)

    @rule(wire=WIRES, seconds=st.sampled_from([0.0, 1.0, 30.0, 300.0]))
    def a_link_is_down(self, wire: int, seconds: float) -> None:
        self.storm.wires[wire].bar(seconds)

    @rule(wire=WIRES, side=st.integers(0, 1), seconds=st.sampled_from([0.5, 10.0, 25.0]))
    def a_peer_stops_reading(self, wire: int, side: int, seconds: float) -> None:
        self.storm.wires[wire].stall(side, seconds)

    def teardown(self) -> None:
        if hasattr(self, "storm"):
            try:
                self.storm.finish()
            finally:
                self.storm.close()


TestFaults = Faults.TestCase
EXAMPLES_LEAST, EXAMPLES_USUAL = 40, 100
examples = settings.default.max_examples if settings.default else EXAMPLES_USUAL
TestFaults.settings = settings(
    max_examples=EXAMPLES_LEAST if examples == EXAMPLES_USUAL else examples,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
)
