"""Who asked may have given up before what was asked is entered."""

from __future__ import annotations

import pytest
from support.hopside import HopBench, withdrawal
from twisted.internet.defer import Deferred

from switch.asking import PinBlock


@pytest.mark.parametrize(("seconds", "asked"), [(29.9, 1), (30.1, 0)])
def test_what_lay_here_until_its_acquirer_gave_up_is_not_asked_of_its_issuer(seconds: float, asked: int) -> None:
    bench = HopBench()
    slow: Deferred[PinBlock] = Deferred()
    bench.hsm.perform = lambda question: slow  # type: ignore[method-assign,return-value,assignment]  # slow at any question
    bench.acquirer.say(withdrawal())
    bench.pass_(seconds)
    slow.callback(PinBlock(bytes.fromhex("0123456789ABCDEF")))
    bench.pass_()
    assert len(bench.issuer.take()) == len(bench.rows()) == asked
    assert bench.exchange.under_way == asked
    assert not bench.owed()
