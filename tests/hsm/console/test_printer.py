"""PRINTER: what is listed, who may release a page, and that it is shown once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.appliances import make_speaker
from support.playbook import Operator, quick_cards

from hsm.console import printer  # noqa: F401  # it declares the command
from hsm.policy.position import Position
from hsm.storage.cards import Role
from hsm.storage.printer import Words

PIN = "592638174055"
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> Operator:
    quick_cards(monkeypatch)
    at_console = Operator(make_speaker(authorise=""), Position.ONLINE)
    at_console.appliance.printer.print("PIN mailer", [Words(1, 2, PIN)], NOON)
    return at_console


def test_the_list_tells_number_time_and_kind(operator: Operator) -> None:
    told = operator.types("PRINTER")
    assert "1  20" in told
    assert "PIN mailer" in told
    assert PIN not in told
    operator.appliance.printer.zeroise()
    assert "The tray is empty." in operator.types("printer")


def test_two_officers_release_a_page(operator: Operator) -> None:
    officers = operator.holders("ALICE", "BOB", role=Role.OFFICER)
    assert PIN not in operator.types("PRINTER RELEASE 1")
    told = operator.puts_in(*officers)
    assert f"\n  {PIN}\nPage 1 is destroyed." in told
    assert "The tray is empty." in operator.types("PRINTER")
    operator.types("PRINTER RELEASE 1")
    assert "There is no page 1." in operator.puts_in(*officers)
    assert PIN not in repr(operator.speaker.entries)


@pytest.mark.parametrize("second", ["ALICE", "CAROL"])
def test_one_officer_or_a_custodian_do_not(operator: Operator, second: str) -> None:
    (first,) = operator.holders("ALICE", role=Role.OFFICER)
    (other,) = operator.holders(second, role=Role.OFFICER if second == "ALICE" else Role.CUSTODIAN)
    operator.types("PRINTER RELEASE 1")
    assert PIN not in operator.puts_in(first, other)
    assert len(operator.appliance.printer.pages()) == 1


def test_given_up_the_page_stays(operator: Operator) -> None:
    operator.types("PRINTER RELEASE 1")
    operator.shell.interrupt()
    assert len(operator.appliance.printer.pages()) == 1


def test_an_authorised_activity_releases_too(monkeypatch: pytest.MonkeyPatch) -> None:
    at_console = Operator(make_speaker(authorise="misc.printer.console"), Position.ONLINE)
    at_console.appliance.printer.print("PIN mailer", [Words(0, 0, PIN)], NOON)
    assert PIN in at_console.types("PRINTER RELEASE 1")
    for_hosts = Operator(make_speaker(authorise="misc.printer.host"), Position.ONLINE)
    for_hosts.appliance.printer.print("PIN mailer", [Words(0, 0, PIN)], NOON)
    assert PIN not in for_hosts.types("PRINTER RELEASE 1")


@pytest.mark.parametrize("words", ["RELEASE", "RELEASE X", "RELEASE 1 2", "SHOW 1", "1", "RELEASE 123456789"])
def test_nonsense_is_told_in_words(operator: Operator, words: str) -> None:
    told = operator.types(f"PRINTER {words}")
    assert "PRINTER RELEASE and a page's number" in told
    assert PIN not in told
