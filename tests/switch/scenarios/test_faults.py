"""What becomes of each message."""

from __future__ import annotations

from switch.scenarios.faults import UNHARMED, Faults, fate_of
from switch.scenarios.scenario import Fault, Harm

LOST = Fault("A", "B", "0200", Harm.LOST)


def test_only_the_message_that_is_meant() -> None:
    faults = Faults(
        [LOST, Fault("A", "B", "0421", Harm.TWICE, number=0, times=5), Fault("A", "B", "0420", Harm.LOST, 2)]
    )
    assert faults.fate("B", "A", "0200") == UNHARMED
    assert faults.fate("A", "B", "0200").arrives == ()
    assert faults.fate("A", "B", "0200") == UNHARMED
    assert [faults.fate("A", "B", "0421").arrives for _ in range(3)] == [(0.0,) * 5] * 3
    assert [faults.fate("A", "B", "0420").arrives for _ in range(3)] == [(0.0,), (), (0.0,)]


def test_every_harm_is_another() -> None:
    fates = [fate_of(Fault("A", "B", "0200", harm, seconds=3.0)) for harm in Harm]
    assert len(set(fates)) == len(fates)
    assert UNHARMED not in fates
    assert all(fate.word for fate in fates)
    assert [each.arrives for each in fates if each.cuts] == [(), (), (0.0,)]
