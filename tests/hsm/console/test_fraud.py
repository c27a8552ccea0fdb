"""A5 and A7: limits, and the way out of a stop."""

from __future__ import annotations

from support.appliances import make_speaker
from support.officers import two_officers
from support.playbook import Operator

from hsm.policy.position import Position


def stopped(authorise: str = "") -> Operator:
    settings = {"fraud-detection": "yes", "pin-verifies-per-minute": "1"}
    operator = Operator(make_speaker(settings, authorise=authorise), Position.OFFLINE)
    operator.appliance.fraud.failed()
    assert operator.appliance.fraud.counts.stopped
    return operator


def test_limits_are_set_when_authorised() -> None:
    operator = Operator(position=Position.OFFLINE)
    shown = operator.types("A5", "ON", "5", "50")
    assert "pin-verifies-per-minute is 100.\nNew limit (1-999999): " in shown
    assert "Expected a number from 1 to 999999." in operator.types("0")
    assert "Set." in operator.types("9")
    settings = operator.appliance.settings
    assert settings.fraud_detection
    assert (settings.pin_verifies_per_minute, settings.pin_verifies_per_hour, settings.pin_attack_limit) == (5, 50, 9)
    operator.types("A5", "OFF")
    assert not operator.appliance.settings.fraud_detection


def test_limits_need_authority_and_the_offline_state() -> None:
    assert "needs the authorised state" in Operator(make_speaker(authorise=""), Position.OFFLINE).types("A5")
    assert "needs the offline" in Operator(position=Position.ONLINE).types("A5")


def test_two_officers_enable_verification_again() -> None:
    operator = stopped()
    alice, pin, *officers = two_officers(operator)
    assert "too many failed verifications.\n" in operator.types("A7")
    assert "ALICE has been here already" in operator.types(alice, pin, alice)
    assert operator.appliance.fraud.counts.stopped
    operator.types("A7", alice, pin, *officers, "N")
    assert operator.appliance.fraud.counts.stopped
    assert "PIN verification is enabled." in operator.types("A7", alice, pin, *officers, "Y")
    assert not operator.appliance.fraud.counts.stopped
    operator.appliance.fraud.admit()


def test_who_is_authorised_needs_no_officers() -> None:
    operator = stopped("admin.console")
    two_officers(operator)
    assert "PIN verification is enabled." in operator.types("A7", "Y")
    hosts_only = stopped("admin.host")
    two_officers(hosts_only)
    assert "First officer" in hosts_only.types("A7")


def test_what_is_not_stopped() -> None:
    assert "PIN verification is not stopped." in Operator(position=Position.OFFLINE).types("A7")
