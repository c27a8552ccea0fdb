"""AUDITLOG, CLEARAUDIT, AUDITOPTIONS, ERRLOG, CLEARERR."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.officers import two_officers
from support.playbook import Operator

from hsm.audit.anchor import AuditFileError
from hsm.policy.auditing import AuditOptions, Category
from hsm.policy.position import Position
from hsm.state import TamperCause


@pytest.fixture
def operator() -> Operator:
    return Operator()


def sequences(shown: str) -> list[int]:
    return [int(line[:8]) for line in shown.splitlines() if line[:8].strip().isdigit()]


def test_the_newest_entries_come_first(operator: Operator) -> None:
    operator.types("GETTIME", "VR", "NONSENSE")
    shown = operator.types("AUDITLOG 2")
    assert sequences(shown) == [3, 2]
    assert shown.splitlines()[0].split()[3:] == ["$$", "NO", "console", "local"]
    assert shown.splitlines()[1].split()[3:] == ["VR", "00", "console", "local"]


def test_the_log_comes_in_pages(operator: Operator) -> None:
    for _ in range(45):
        operator.types("GETTIME")
    first = operator.types("AUDITLOG")
    assert sequences(first) == list(range(45, 25, -1))
    assert first.endswith("More? [Y/N] [Y]: ")
    assert sequences(operator.types("")) == list(range(25, 5, -1))
    assert sequences(operator.types("y")) == [5, 4, 3, 2, 1]
    assert operator.types("AUDITLOG 21", "N").endswith("More? [Y/N] [Y]: Secure-AUTH> ")


@pytest.mark.parametrize("count", ["0", "-1", "10001", "many", "²", "99999999999999999999"])
def test_counts_that_can_not_be(operator: Operator, count: str) -> None:
    assert "COUNT is a number from 1 to 10000." in operator.types(f"AUDITLOG {count}")


def test_an_empty_log(operator: Operator) -> None:
    assert "The log is empty." in operator.types("ERRLOG")


def test_errors_are_faults_and_events(operator: Operator) -> None:
    operator.appliance.audit.event("START")
    operator.types("GETTIME")
    operator.appliance.tamper(TamperCause.SIGNAL)
    shown = operator.types("ERRLOG")
    assert [line.split()[3:] for line in shown.splitlines()[:-1]] == [
        ["TAMPER", "00", "console", "signal"],
        ["START", "00", "console"],
    ]


def test_clearing_the_audit_log_takes_two_officers_and_is_logged(operator: Operator) -> None:
    alice, pin, *officers = two_officers(operator)
    assert "ALICE has been here already" in operator.types("CLEARAUDIT", alice, pin, alice)
    assert "Cleared" not in operator.types("CLEARAUDIT", alice, pin, *officers, "N")
    before = operator.speaker.entries[-1].sequence
    assert "Cleared." in operator.types("CLEARAUDIT", alice, pin, *officers, "Y")
    first, second = operator.speaker.entries
    assert (first.sequence, first.command, first.who) == (before + 1, "CLEARAUDIT", ("ALICE", "BOB"))
    assert (second.command, second.outcome) == ("CLEARAUDIT", "00")
    assert "ALICE, BOB" in operator.types("AUDITLOG")
    assert "CLEARAUDIT needs the secure state." in Operator(position=Position.OFFLINE).types("CLEARAUDIT")


def test_a_log_that_can_not_be_cleared(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(who: tuple[str, ...]) -> None:
        raise AuditFileError(Path("audit.jsonl"), "No space left on device")

    monkeypatch.setattr(operator.desk.logbook, "clear", full)
    shown = operator.types("CLEARAUDIT", "Y")
    assert "audit.jsonl: No space left on device" in shown
    assert "Cleared" not in shown


def test_clearing_the_errors_leaves_the_audit_log(operator: Operator) -> None:
    alice, pin, *_ = two_officers(operator)
    operator.appliance.audit.event("START")
    assert "Cleared" not in operator.types("CLEARERR", alice, pin, "N")
    assert "Cleared." in operator.types("CLEARERR", alice, pin, "Y")
    assert "The log is empty." in operator.types("ERRLOG")
    assert " START " in operator.types("AUDITLOG")
    assert "There is no card" in operator.types("CLEARERR", "99999999")


def test_what_is_entered_can_be_chosen(operator: Operator) -> None:
    alice, pin, *_ = two_officers(operator)
    assert operator.types("AUDITOPTIONS") == "Entered: console device key storage refusals\nSecure-AUTH> "
    shown = operator.types("AUDITOPTIONS status", alice, pin, "Y")
    assert shown.endswith("Entered: console status\nSecure-AUTH> ")
    assert operator.appliance.audit.options == AuditOptions(
        frozenset((Category.STATUS, Category.CONSOLE)), refusals=False
    )
    operator.types("ONLINE")
    count = len(operator.speaker.entries)
    assert operator.speaker("A00000U").startswith("A100")
    assert operator.speaker("A6").startswith("A7")
    assert len(operator.speaker.entries) == count
    assert operator.speaker("NC").startswith("ND00")
    assert operator.speaker.entries[-1].command == "NC"


def test_what_is_entered_is_an_officers_choice(operator: Operator) -> None:
    two_officers(operator)
    before = operator.appliance.state.audit_options
    assert "is none of status, key" in operator.types("AUDITOPTIONS nonsense")
    assert "is none of" in operator.types("AUDITOPTIONS event")
    assert "There is no card" in operator.types("AUDITOPTIONS pin", "99999999")
    operator.appliance.move(Position.ONLINE)
    assert "A choice needs the offline or secure state." in operator.types("AUDITOPTIONS pin")
    assert operator.appliance.state.audit_options is before
