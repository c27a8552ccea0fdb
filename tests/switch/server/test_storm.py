"""What a storm keeps of transactions that were checked: nothing."""

from __future__ import annotations

from collections import Counter

from switch.server.storm import Storm
from switch.server.stormstore import StormMemory
from switch.store.row import Row
from switch.store.rows import Account
from switch.store.standinrows import StandInBin, StandInCard
from switch.storm.plan import Plan

CALLS_MAX = 100


def kinds(memory: StormMemory) -> Counter[type[Row]]:
    return Counter(kind for kind, _ in memory.rows)


def test_a_storm_that_is_over_keeps_nothing_of_its_transactions() -> None:
    storm = Storm(Plan(600, 0.05, seed=10))
    before = {name: kinds(node.memory) for name, node in storm.nodes.items()}
    storm.run()
    assert storm.checked == 600
    assert storm.happened["node killed"]
    for name, node in storm.nodes.items():
        # Accounts of the bank's own are opened with their first posting; stand-in counts by cards and BINs.
        assert kinds(node.memory) - before[name] <= Counter({Account: 1, StandInCard: 200, StandInBin: 1})
        assert not node.memory.unfinished
        assert not any(node.memory.owed.values())
        assert not node.memory._about
    assert not storm.deals
    for acquirer in storm.acquirers:
        assert not acquirer.deals
        assert not acquirer._timers
    assert len(storm.clock.getDelayedCalls()) < CALLS_MAX
