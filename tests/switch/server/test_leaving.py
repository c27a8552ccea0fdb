"""A switch that ends begins nothing, and finishes what it has begun."""

from __future__ import annotations

from support.hopside import ACQUIRER, ISSUER, HopBench, approval, withdrawal


def test_what_comes_late_is_turned_away_and_what_was_begun_is_answered() -> None:
    bench = HopBench()
    acquirer, issuer = bench.far[ACQUIRER], bench.far[ISSUER]
    acquirer.say(withdrawal(1))
    bench.clock.advance(0.1)
    [asked] = issuer.take()
    bench.exchange.leaving = True
    acquirer.say(withdrawal(2))
    bench.clock.advance(0.1)
    assert issuer.take() == []
    [refused] = acquirer.take()
    assert (refused.mti, refused.fields[11], refused.fields[39]) == ("0210", "000002", "91")
    issuer.say(approval(asked))
    bench.clock.advance(0.1)
    [answered] = acquirer.take()
    assert (answered.fields[11], answered.fields[39]) == ("000001", "00")
    assert bench.exchange.under_way == 0
