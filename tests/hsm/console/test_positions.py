"""The key switches: one officer offline, two different ones secure, nobody back to online."""

from __future__ import annotations

import pytest
from support.officers import outcomes, two_officers
from support.playbook import Operator

from hsm.policy.position import Position
from hsm.storage.cards import Role


@pytest.fixture
def operator() -> Operator:
    return Operator(position=Position.ONLINE)


def test_offline_takes_an_officer_and_secure_two(operator: Operator) -> None:
    alice, alices_pin, bob, bobs_pin = two_officers(operator)
    assert operator.types("OFFLINE") == "Officer, insert card (its number): "
    assert operator.types(alice, alices_pin) == "Enter PIN: The appliance is offline.\nOffline-AUTH> "
    assert operator.speaker("NC") == "ND68"
    assert "First officer" in operator.types("SECURE")
    assert "Second officer" in operator.types(alice, alices_pin)
    assert operator.types(bob, bobs_pin).endswith("The appliance is secure.\nSecure-AUTH> ")
    assert operator.types("OFFLINE") == "The appliance is offline.\nOffline-AUTH> "
    assert operator.types("ONLINE") == "The appliance is online.\nOnline-AUTH> "
    assert operator.speaker("NC").startswith("ND00")


def test_the_same_officer_twice_is_one(operator: Operator) -> None:
    alice, alices_pin, *_ = two_officers(operator)
    second = operator.card("ALICE", Role.OFFICER)
    for card in (alice, second.serial):
        assert "ALICE has been here already" in operator.types("SECURE", alice, alices_pin, card)
    assert operator.appliance.state.position is Position.ONLINE
    assert outcomes(operator) == [("SECURE", "NO")] * 2


def test_a_custodian_is_no_officer(operator: Operator) -> None:
    two_officers(operator)
    carol = operator.card("CAROL")
    assert "is no officer's card" in operator.types("OFFLINE", carol.serial)
    assert operator.appliance.state.position is Position.ONLINE


def test_wrong_pins_lock_the_card_and_move_nothing(operator: Operator) -> None:
    alice, *_ = two_officers(operator)
    assert "is locked now" in operator.types("OFFLINE", alice, "99999", "99999", "99999")
    assert "is locked." in operator.types("OFFLINE", alice, "12345")
    assert operator.appliance.state.position is Position.ONLINE


@pytest.mark.parametrize("known", [(), ("ALICE",), ("ALICE", "ALICE")])
def test_until_two_officers_have_cards_the_local_line_is_free(known: tuple[str, ...]) -> None:
    for line, moved in (("local", Position.SECURE), ("telnet 127.0.0.1", Position.ONLINE)):
        operator = Operator(position=Position.ONLINE, line=line)
        for holder in known:
            operator.card(holder, Role.OFFICER)
        shown = operator.types("SECURE")
        assert operator.appliance.state.position is moved
        assert ("only the local console may do this" in shown) is (line != "local")


def test_where_it_stands_already_nothing_moves(operator: Operator) -> None:
    version = operator.appliance.version
    assert "is online already" in operator.types("ONLINE")
    assert operator.appliance.version == version


def test_no_key_turns_during_a_ceremony(operator: Operator) -> None:
    with operator.ceremonies.held("ssh carol"):
        for name in ("ONLINE", "OFFLINE", "SECURE"):
            assert "A ceremony is in progress on ssh carol" in operator.types(name)
