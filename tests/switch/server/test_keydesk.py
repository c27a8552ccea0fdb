"""Two desks facing each other: the keys of a zone come into force, change, and survive losses and crashes."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace

import pytest
from support.keydesks import End, MadeUpHsm, MemoryStore, Traffic, Wire, run
from twisted.internet.task import Clock

from switch import asking as q
from switch.codec.message import Message, Parts, Value
from switch.flow.ports import Keys, Use
from switch.keys.config import KeysConfig, LinkKeysConfig, Role
from switch.keys.effects import Direction, KeyType
from switch.keys.forms import Form, Labelled, ServiceMessages, Tagged
from switch.keys.line import Rules
from switch.keys.link import Which
from switch.link.config import LinkConfig
from switch.link.profile import Profile, SignOn
from switch.server.exchange import Aside
from switch.server.keydesk import LINKS_PER_TURN_MAX, KeyDesk
from switch.server.keylink import LinkDesk

ZPK, ZAK = (KeyType.ZPK, Direction.BOTH), (KeyType.ZAK, Direction.BOTH)
RULES = Rules(period_s=None, uses_max=None)
FORMS: dict[str, tuple[str, Form, Form]] = {
    "tagged": ("napas", Tagged(), Tagged()),
    "label": ("banknet", Labelled(), Labelled()),
    "csm": ("cmf-like", ServiceMessages("SWITCH", "BANK"), ServiceMessages("BANK", "SWITCH")),
}


def wired(
    form: str = "tagged", rules: Rules = RULES, lines: tuple[Which, ...] = (ZPK, ZAK), seed: int = 0,
    export: q.KeyForm = q.KeyForm.X9_17,
) -> Wire:  # fmt: skip
    clock = Clock()
    wire = Wire(clock, random.Random(seed))
    spec, ours, theirs = FORMS[form]
    for role, said in ((Role.SWITCH, ours), (Role.MEMBER, theirs)):
        link = LinkConfig("alpha", spec.replace("cmf-like", "bcd"), "127.0.0.1", 5001, Profile(sign_on=SignOn.NONE))
        keys = LinkKeysConfig("alpha", role, said, lines, "U" + 32 * "0", "ABCDEF", export, rules=rules)
        wire.ends.append(End(clock, link, KeysConfig((keys,)), wire))
    return wire


def agreed(wire: Wire, use: Use = Use.PIN) -> str:
    """The cryptogram that both ends protect with, and expect."""
    switch, member = wire.ends
    keys = {end.desk.outgoing("alpha", use) for end in wire.ends}
    cryptograms = {key.cryptogram for key in keys if key}
    assert len(cryptograms) == 1, [end.desk.status() for end in wire.ends]
    (found,) = cryptograms
    for end in (switch, member):
        assert end.desk.incoming("alpha", use)[0].cryptogram == found
        assert end.desk.in_force("alpha", use)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_keys_come_into_force_by_themselves_and_change_when_the_operator_asks(form: str) -> None:
    wire = wired(form)
    assert not wire.ends[0].desk.in_force("alpha", Use.PIN)
    assert wire.ends[0].desk.incoming("alpha", Use.PIN) == ()
    run(wire, 10)
    first, mac = agreed(wire), agreed(wire, Use.MAC)
    assert first != mac
    wire.ends[0].desk.change("alpha", KeyType.ZPK)
    traffic = Traffic(wire)
    run(wire, 5, [traffic.send])
    assert agreed(wire) != first
    assert agreed(wire, Use.MAC) == mac
    assert traffic.unreadable == []
    run(wire, 62, [traffic.send])
    assert [len(end.desk.incoming("alpha", Use.PIN)) for end in wire.ends] == [1, 1], "the old one is gone"
    assert [end.alarms for end in wire.ends] == [[], []]


def test_keys_that_another_process_takes_over_are_those_that_the_store_has() -> None:
    wire = wired()
    run(wire, 10)
    end = wire.ends[0]
    before = end.desk.incoming("alpha", Use.PIN), end.desk.incoming("alpha", Use.MAC)
    end.desk.leave({"alpha"})
    assert (end.desk.incoming("alpha", Use.PIN), end.desk.outgoing("alpha", Use.MAC)) == ((), None)
    assert end.desk.status() == ()
    # What was under way about them moves nothing here.
    end.desk.proved(before[0][0])
    end.desk.failed("alpha", Use.PIN)
    end.desk.changed(end.link)
    used: list[str] = []

    def writer_of(link: str) -> MemoryStore:
        used.append(link)
        return end.store

    other = KeyDesk(
        end.keys_config, end.hsm, MemoryStore(end.clock), end.clock, end.clock.seconds, end.notes.append, writer_of
    )
    other.start((), ())
    assert other.incoming("alpha", Use.PIN) == ()
    other.take(end.store.rows.values(), {"beta"})
    assert other.incoming("alpha", Use.PIN) == ()
    other.take(end.store.rows.values(), {"alpha"})
    assert (other.incoming("alpha", Use.PIN), other.incoming("alpha", Use.MAC)) == before
    assert used == ["alpha"]
    end.desk = other
    run(wire, 1)
    other.changed(end.link)
    other.change("alpha", KeyType.ZPK)
    run(wire, 10)
    assert agreed(wire) != before[0][0].cryptogram
    assert agreed(wire, Use.MAC) == before[1][0].cryptogram


def test_a_member_asks_for_a_key_and_gets_one() -> None:
    wire = wired()
    run(wire, 10)
    first = agreed(wire)
    wire.ends[1].desk.change("alpha", KeyType.ZPK)
    run(wire, 70)
    assert agreed(wire) != first
    assert any(message.fields.get(70) == "101" for message in wire.ends[0].heard)


def test_uses_the_clock_and_sync_errors_start_an_exchange() -> None:
    wire = wired(rules=replace(RULES, uses_max=20, period_s=500.0))
    run(wire, 5)
    found = [agreed(wire)]
    traffic = Traffic(wire)
    run(wire, 30, [traffic.send])
    found.append(agreed(wire))
    run(wire, 70)
    assert agreed(wire) == found[-1]
    run(wire, 500)
    found.append(agreed(wire))
    for _ in range(3):
        wire.ends[0].desk.failed("alpha", Use.PIN)
    run(wire, 70)
    found.append(agreed(wire))
    assert len(set(found)) == 4
    assert traffic.unreadable == []


def test_keys_go_in_blocks_and_for_each_direction_its_own() -> None:
    lines = ((KeyType.ZPK, Direction.TO_MEMBER), (KeyType.ZPK, Direction.FROM_MEMBER))
    wire = wired(lines=lines, export=q.KeyForm.TR_31)
    traffic = Traffic(wire)
    run(wire, 20, [traffic.send])
    switch, member = (end.desk for end in wire.ends)
    there, back = switch.outgoing("alpha", Use.PIN), member.outgoing("alpha", Use.PIN)
    assert there
    assert back
    assert there.cryptogram != back.cryptogram
    assert member.incoming("alpha", Use.PIN)[0].cryptogram == there.cryptogram
    assert switch.incoming("alpha", Use.PIN)[0].cryptogram == back.cryptogram
    assert traffic.unreadable == []
    offers = [message for message in wire.ends[1].heard if message.fields.get(70) == "161"]
    assert all(
        str(message.fields[48]["01"]).startswith("B0080") for message in offers if isinstance(message.fields[48], Parts)
    )


def test_an_offer_that_is_repeated_while_the_hsm_works_is_answered_once_to_the_newest_question() -> None:
    wire = wired(lines=(ZPK,))
    switch, member = wire.ends
    member.hsm.seconds = lambda: 25.0
    run(wire, 60)
    agreed(wire)
    offers = [message.fields[11] for message in member.heard if message.fields[70] == "161"]
    answers = [message.fields[11] for message in switch.heard if message.fields[70] == "161"]
    assert len(offers) > 1
    assert answers == offers[-1:]


@pytest.mark.parametrize("form", FORMS)
def test_an_offer_whose_answer_was_lost_is_taken_again_as_the_same(form: str) -> None:
    wire = wired(form, lines=(ZPK,))
    switch, member = wire.ends
    wire.connect()
    while not member.desk.in_force("alpha", Use.PIN):
        wire.clock.advance(0.001)
    assert not switch.desk.in_force("alpha", Use.PIN)
    first = member.desk.outgoing("alpha", Use.PIN)
    wire.cut()
    run(wire, 30)
    assert first
    assert agreed(wire) == first.cryptogram
    assert [end.alarms for end in wire.ends] == [[], []]


def test_uses_survive_a_crash_but_for_a_tenth() -> None:
    wire = wired(rules=replace(RULES, uses_max=1000))
    run(wire, 5)
    end = wire.ends[0]
    for _ in range(500):
        end.desk.outgoing("alpha", Use.PIN)
    run(wire, 2)
    end.crash()
    run(wire, 5)
    (line,) = (line for line in end.desk.status() if line.type == "ZPK")
    assert line.uses >= 400


def test_what_goes_out_is_committed_before() -> None:
    wire = wired(lines=(ZPK,))
    switch, member = wire.ends
    member.store.away = True
    run(wire, 30)
    assert not member.desk.in_force("alpha", Use.PIN), "a key that is not kept protects nothing"
    assert not switch.desk.in_force("alpha", Use.PIN), "and its receipt is not told"
    assert any("not kept in the store" in each for each in member.alarms)
    member.store.away = False
    run(wire, 60)
    agreed(wire)
    switch.store.away = True
    switch.desk.change("alpha")
    run(wire, 30)
    first = agreed(wire)
    switch.store.away = False
    run(wire, 60)
    assert agreed(wire) != first


def test_an_hsm_that_makes_no_key_is_asked_again() -> None:
    wire = wired()
    for end in wire.ends:
        end.hsm.fails = True
    run(wire, 20)
    assert wire.ends[0].alarms
    wire.ends[0].hsm.fails = False
    run(wire, 60)
    assert any("refused" in each for each in wire.ends[1].alarms)
    wire.ends[1].hsm.fails = False
    run(wire, 400)
    agreed(wire)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(4))
def test_over_a_bad_wire_both_sides_converge_and_every_message_is_read(form: str, seed: int) -> None:
    """A form that names no version keeps the order of the wire, as a connection does; there only connections are lost."""
    lossy = form == "tagged"
    wire = wired(form, replace(RULES, uses_max=40, sync_errors_max=None), lines=(ZPK,), seed=seed)
    wire.loss = 0.3 if lossy else 0.0
    traffic, chance = Traffic(wire), random.Random(seed)

    def trouble() -> None:
        if chance.random() < 0.02:
            wire.cut()
        if chance.random() < 0.01:
            chance.choice(wire.ends).crash()

    run(wire, 300, [traffic.send, trouble])
    wire.loss = 0.0
    run(wire, 400, [traffic.send])
    agreed(wire)
    assert traffic.unreadable == []
    assert traffic.opened > 500


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_crash_at_any_commit_is_survived(who: int, done: bool) -> None:
    number = 0
    while True:
        number += 1
        wire = wired(lines=(ZPK,), seed=number)
        end = wire.ends[who]
        end.store.crash_at = (number, done)
        traffic = Traffic(wire)
        run(wire, 20, [traffic.send])
        wire.ends[number % 2].desk.change("alpha")
        run(wire, 150, [traffic.send])
        if not end.crashes:
            break
        end.store.crash_at = None
        run(wire, 100, [traffic.send])
        agreed(wire)
        assert traffic.unreadable == []
    assert number > 2, "there were commits to crash at"


def test_a_store_that_was_lost_on_one_side_is_made_good_with_an_alarm() -> None:
    wire = wired(lines=(ZPK,))
    run(wire, 10)
    wire.ends[0].store.rows.clear()
    wire.ends[0].crash()
    run(wire, 200)
    agreed(wire)
    assert any("out of step" in each for end in wire.ends for each in end.alarms)


def test_what_has_no_meaning_gets_its_refusal() -> None:
    wire = wired(lines=(ZPK,))
    run(wire, 5)
    end, other = wire.ends
    own: dict[int, Value] = {7: "1122334455", 32: "970400"}
    for stan, security, code, expected in (
        ("900001", "0100000000010000", "161", "30"),
        ("900002", "0200000000010000", "101", "12"),
        ("900003", "9900000000010000", "301", "30"),
    ):
        message = Message("0800", {**own, 11: stan, 53: security, 70: code})
        end.link.frame(end.link.codec.encode(message))
        run(wire, 1)
        (reply,) = (each for each in other.heard if each.fields.get(11) == stan)
        assert (reply.mti, reply.fields[39]) == ("0810", expected)
    assert len(end.alarms) == 3


def test_an_echo_with_keys_is_answered_where_there_are_none() -> None:
    wire = wired()
    bare = wire.ends[1]
    bare.keys_config = KeysConfig()
    bare.crash()
    run(wire, 10)
    assert any(message.fields.get(70) == "301" and 53 in message.fields for message in bare.heard)
    assert bare.unclaimed, "an offer is none of its business"
    assert all(message.fields[70] == "161" for message in bare.unclaimed)
    assert bare.desk.outgoing("alpha", Use.PIN) is None
    bare.desk.failed("alpha", Use.PIN)
    assert bare.desk.status() == ()


def test_it_fits_where_flows_and_links_want_it() -> None:
    desk = wired().ends[0].desk
    for_flows: Keys = desk
    aside: Aside = desk
    assert for_flows.incoming("nowhere", Use.PIN) == ()
    assert not aside.takes("somebody else's question")


def test_nothing_of_a_key_is_told() -> None:
    wire = wired()
    run(wire, 10)
    found = agreed(wire)
    end = wire.ends[0]
    texts = [note.text for note in end.notes] + [repr(end.desk.status()), repr(end.desk.outgoing("alpha", Use.PIN))]
    texts += [repr(end.desk.config), *map(repr, end.store.rows.values()), *map(repr, end.heard)]
    assert not any(found[1:] in text or "0" * 32 in text for text in texts)
    (zpk, _) = end.desk.status("alpha")
    assert (zpk.state, zpk.kcv, zpk.zmk_kcv, zpk.pending) == ("in force", found[-6:], "ABCDEF", 0)
    assert zpk.age_seconds > 0
    assert isinstance(end.hsm.asked[0], q.NewZoneKey)


@pytest.mark.parametrize("count", [1, 200, 201, 450])
def test_each_link_has_its_tick_every_second_but_not_all_at_once(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    ticked: list[tuple[float, str]] = []
    clock = Clock()
    monkeypatch.setattr(LinkDesk, "tick", lambda desk: ticked.append((clock.seconds(), desk.config.link)))
    links = [
        LinkKeysConfig(f"l{n}", Role.SWITCH, Tagged(), (ZPK,), "U" + 32 * "0", "ABCDEF", rules=RULES)
        for n in range(count)
    ]
    desk = KeyDesk(KeysConfig(tuple(links)), MadeUpHsm(clock), MemoryStore(clock), clock, clock.seconds, lambda _: None)
    desk.start([])
    clock.pump([0.01] * 250)
    desk.stop()
    assert {name for _, name in ticked} == {each.link for each in links}
    for each in links[:3] + links[-3:]:
        times = [at for at, name in ticked if name == each.link]
        assert all(later - sooner < 1.05 for sooner, later in itertools.pairwise(times))
    assert max(Counter(at for at, _ in ticked).values()) <= LINKS_PER_TURN_MAX
