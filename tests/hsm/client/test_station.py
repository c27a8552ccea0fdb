"""Appliances are greeted, compared with each other and checked when they are quiet."""

from __future__ import annotations

import pytest
from support.poolside import DIAGNOSED, Poolside

from hsm.client.agreement import Probe
from hsm.client.codec import Reply
from hsm.dialects.thales.status import AskStatus
from hsm.wire.message import Empty


def test_a_quiet_connection_is_checked_and_a_busy_one_is_not() -> None:
    side = Poolside(check_seconds=10)
    connected = side.admit()
    side.reactor.advance(9)
    side.call()
    (request,) = connected.requests()
    connected.hear(request[:4] + DIAGNOSED)
    side.reactor.advance(1)
    assert connected.requests() == []
    side.reactor.advance(10)
    assert connected.greet() == []
    for _ in range(3):
        side.reactor.advance(10)
    side.reactor.advance(2)
    side.reactor.advance(0)
    assert connected.lost, "three checks in a row were not answered"


def test_an_odd_appliance_is_refused_with_the_reason() -> None:
    side = Poolside(priorities=(0, 0))
    side.admit(0)
    odd = side.accept(1)
    odd.greet(b"ND00" + b"08D7B4FB629D0885" + b"0001-0900")
    side.reactor.advance(0)
    assert odd.lost
    figures = side.pool.figures().sites[1]
    assert figures.connections == 0
    assert figures.complaint == "NC tells lmk_check_value 08D7B4FB629D0885; the pool has 2686040000000000"
    side.reactor.advance(0.1)
    side.admit(1)
    assert side.pool.figures().sites[1].complaint is None, "it was put right"


def test_two_odd_appliances_that_answer_at_once_are_not_both_admitted() -> None:
    probes = (Probe("NC", Empty(), ("lmk_check_value",)), Probe("NO", AskStatus(mode="01"), ("buffer_or_compliance",)))
    side = Poolside(priorities=(0, 0), probes=probes)
    both = side.accept(0), side.accept(1)
    for connected, digit in zip(both, b"12", strict=True):
        assert len(connected.greet(b"ND00" + bytes((digit,)) * 16 + b"0001-0900")) == 1
    for connected in both:
        connected.hear(b"0002NP001")
    side.reactor.advance(0)
    assert [each.lost for each in both] == [False, True]


def test_what_the_pool_expects_decides() -> None:
    probe = Probe("NC", Empty(), ("lmk_check_value",), expected=("08D7B4FB629D0885",))
    side = Poolside(probes=(probe,))
    connected = side.accept()
    connected.greet()
    side.reactor.advance(0)
    assert connected.lost


@pytest.mark.parametrize("reply", [b"ND13", b"ND41", b"XX00"])
def test_an_appliance_that_is_not_well_is_not_admitted(reply: bytes) -> None:
    side = Poolside()
    connected = side.accept()
    connected.greet(reply)
    side.reactor.advance(0)
    assert connected.lost


def test_an_appliance_that_loses_its_keys_is_left() -> None:
    side = Poolside(priorities=(0, 1))
    primary, standby = side.admit(0), side.admit(1)
    outcome = side.call()
    (request,) = primary.requests()
    primary.hear(request[:4] + b"ND13")
    assert isinstance(outcome.got[0], Reply), "the refusal is the reply"
    assert primary.greet(b"ND13") == []
    side.call()
    assert len(standby.requests()) == 1
