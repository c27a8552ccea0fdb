"""A terminal's key request through a concentrator."""

from __future__ import annotations

from support.hopside import ACQUIRER, ISSUER, HopBench

from switch.codec.message import Message
from switch.flow.partner import Partner, PinsUnder
from switch.server.relay import Relay


def bench() -> HopBench:
    made = HopBench(partners=[Partner(ACQUIRER, channel="pos", pins=PinsUnder.PASSED, relays_to=ISSUER)])
    made.exchange.join(made.links, None, Relay(made.world.hop, made.links))
    return made


def key_request(**more: str) -> Message:
    return Message("0800", {7: "1122120000", 11: "000001", 70: "101"} | {int(n[2:]): v for n, v in more.items()})


def test_the_hosts_answer_comes_back() -> None:
    hop = bench()
    hop.acquirer.say(key_request(DE41="POS00001"))
    (asked,) = hop.issuer.take()
    assert (asked.fields[41], asked.fields[70]) == ("POS00001", "101")
    hop.issuer.say(Message("0810", {**asked.fields, 39: "00"}))
    (answered,) = hop.acquirer.take()
    assert (answered.mti, answered.fields[39], answered.fields[41]) == ("0810", "00", "POS00001")


def test_what_names_no_terminal_is_not_relayed() -> None:
    hop = bench()
    hop.acquirer.say(key_request())
    assert not hop.issuer.take()
    assert [m.fields[39] for m in hop.acquirer.take()] == ["12"]


def test_a_host_that_is_silent_leaves_nothing_behind() -> None:
    hop = bench()
    hop.acquirer.say(key_request(DE41="POS00001"))
    hop.issuer.hang_up()
    hop.pass_(31.0)
    assert not hop.acquirer.take()
    hop.acquirer.say(key_request(DE41="POS00001"))
    assert hop.links[ACQUIRER].owed == 1
