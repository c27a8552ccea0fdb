"""What is under way is worked on once."""

from __future__ import annotations

from support.hopside import ACQUIRER, HopBench, approval, reversal, withdrawal

from switch.store.rows import Noted


def test_a_reversal_said_again_and_again_while_the_first_is_under_way_is_worked_on_once() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.acquirer.take()
    bench.memory.away = True
    bench.acquirer.say(reversal())
    for _ in range(9):
        bench.acquirer.say(reversal(mti="0421"))
    assert bench.exchange.under_way == 1
    bench.memory.away = False
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["00"]
    assert len([n for n in bench.memory.every(Noted) if (n.link, n.mti[:3]) == (ACQUIRER, "042")]) == 1
    assert bench.links[ACQUIRER].counts["repeats of what is under way"] == 9
    bench.acquirer.say(reversal(mti="0421"))
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["00"], "the answer may be what was lost"
    assert [row.mti for row in bench.owed()] == ["0420"]
