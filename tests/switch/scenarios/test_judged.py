"""What is not as a scenario says is told, whatever it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switch.scenarios.judged import Held, Outcome, alike, differences
from switch.scenarios.scenario import Does as D
from switch.scenarios.scenario import Ends, Fault, Harm, HostEnds, Scenario, Step
from switch.scenarios.seen import Seen

DEBITED = HostEnds(("withdrawal: answered, 00",), (), (), 5)
SCENARIO = Scenario(
    "x", "extra", "", "t", "s", (Step(0.0, "ATM", D.WITHDRAWS, 5),), (Fault("A", "B", "0200", Harm.LOST),),
    Ends(("withdrawal approved 00",), 5, {"I": DEBITED}, {"A-B": ("A>B 0200", "B>A 0210 00", "A>B 0421 ...")}),
)  # fmt: skip
SEEN = (
    Seen(0.1, "A", "B", "0200"),
    Seen(0.2, "A", "B", "0800"),
    Seen(0.3, "B", "A", "0210", "00"),
    Seen(0.4, "B", "B", "", event="is killed"),
    Seen(0.5, "A", "B", "0421"),
    Seen(0.6, "A", "B", "0421"),
)
NOTHING = Held(HostEnds())
GOOD = Outcome(("withdrawal approved 00",), 5, {"A": NOTHING, "B": NOTHING, "I": Held(DEBITED)}, SEEN)


def test_what_is_as_it_must_be() -> None:
    assert differences(SCENARIO, GOOD) == []


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (replace(GOOD, saw=("withdrawal unable",)), "the cardholder saw [withdrawal unable], not [withdrawal approved 00]"),
        (replace(GOOD, has=4), "the cardholder has 4, not 5"),
        (replace(GOOD, has=4), "5 was taken from accounts, and the cardholder has 4"),
        (replace(GOOD, hosts={**GOOD.hosts, "B": Held(DEBITED)}), "B: transactions: [withdrawal: answered, 00], not"),
        (replace(GOOD, hosts={**GOOD.hosts, "I": Held(replace(DEBITED, taken=10))}), "I: taken: 10, not 5"),
        (replace(GOOD, hosts={**GOOD.hosts, "B": Held(HostEnds(owed=("0420",)))}), "B: owed: [0420], not nothing"),
        (replace(GOOD, hosts={**GOOD.hosts, "B": Held(HostEnds(irregular=("x",)))}), "B: irregular: [x], not nothing"),
        (replace(GOOD, hosts={**GOOD.hosts, "A": Held(HostEnds(), (0, 1))}), "A: credits and debits differ by (0, 1)"),
        (replace(GOOD, seen=SEEN[1:]), "A-B carried [B>A 0210 00; A>B 0421; A>B 0421], not [A>B 0200;"),
    ],
)  # fmt: skip
def test_what_is_not(bad: Outcome, told: str) -> None:
    assert any(told in line for line in differences(SCENARIO, bad))


def test_messages_that_cross_are_compared_each_way_where_clocks_are_real() -> None:
    crossed = replace(GOOD, seen=(SEEN[0], SEEN[4], SEEN[2], SEEN[5]))
    assert differences(SCENARIO, crossed)
    assert differences(SCENARIO, crossed, in_order=False) == []
    assert differences(SCENARIO, replace(GOOD, seen=(SEEN[4], SEEN[0], SEEN[2])), in_order=False)


@pytest.mark.parametrize(
    ("carried", "wanted", "same"),
    [
        ([], [], True),
        (["a"], [], False),
        ([], ["a"], False),
        (["a", "b"], ["b", "a"], False),
        (["a", "a", "b"], ["a ...", "b"], True),
        (["b"], ["a ...", "b"], False),
        (["a", "a"], ["a"], False),
        (["a"], ["b ?", "a", "b ?"], True),
        (["b", "b", "a"], ["b ?", "a"], True),
    ],
)
def test_a_line_that_repeats(carried: list[str], wanted: list[str], same: bool) -> None:
    assert alike(carried, wanted) is same
