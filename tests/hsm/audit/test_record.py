"""Every command is counted, those that matter are entered, and no entry has room for a secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.audit.record import (
    UNKNOWN_COMMAND,
    UNNAMED,
    Audit,
    AuditOptions,
    Category,
    Entry,
    MemoryAuditor,
    MemoryTally,
)
from hsm.policy.authority import Interface


class FakeClock:
    """Noon, always."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2024, 1, 1, 12, tzinfo=UTC)


def entry(**changed: str) -> Entry:
    given = {"peer": "192.0.2.1:4000", "command": "CA", "outcome": "20", "place": ""} | changed
    now = FakeClock().now()
    return Entry(
        1, now, Interface.HOST, given["peer"], given["command"], given["outcome"], Category.PIN, 9, given["place"]
    )


def test_an_entry_as_plain_values() -> None:
    assert entry(place="account").fields() == {
        "sequence": 1,
        "time": "2024-01-01T12:00:00.000000+00:00",
        "interface": "host",
        "peer": "192.0.2.1:4000",
        "command": "CA",
        "outcome": "20",
        "category": "pin",
        "duration_us": 9,
        "place": "account",
    }
    assert "place" not in entry().fields()


@pytest.mark.parametrize(
    "place", ["", "source_block", "KeyError", "KeyError at pins.py:41", " at pins.py:41", "KeyError at tr31.py:7"]
)
def test_places(place: str) -> None:
    assert entry(place=place).place == place


@pytest.mark.parametrize(
    "command", ["CA", "M6", "01", UNKNOWN_COMMAND, "CONFIGCMDS", "N", "$", "EE0602", "EF2010", "FFF000"]
)
def test_commands(command: str) -> None:
    assert entry(command=command).command == command


@given(
    st.sampled_from(["command", "outcome", "place"]),
    st.from_regex(r"[0-9]{4,12}|[0-9A-F]{16}|[0-9A-F]{32}|U[0-9A-F]{32}", fullmatch=True).filter(
        lambda secret: re.search("[0-9]", secret) is not None
    ),
)
def test_neither_a_pin_nor_a_key_fits_into_an_entry(field: str, secret: str) -> None:
    with pytest.raises(ValueError, match=field) as caught:
        entry(**{field: secret})
    assert secret not in str(caught.value)


def test_everything_is_counted_and_what_matters_entered() -> None:
    auditor = MemoryAuditor()
    audit = Audit(auditor, FakeClock())
    audit.done("CA", "00", Category.PIN)
    audit.done("CA", "20", Category.PIN, "192.0.2.1:4000", began=perf_counter() - 0.25)
    audit.done("A0", "00", Category.KEY)
    audit.flush()
    assert [(each.sequence, each.command, each.outcome) for each in auditor.entries] == [
        (1, "CA", "20"),
        (2, "A0", "00"),
    ]
    assert [each.duration_us // 250_000 for each in auditor.entries] == [1, 0]
    assert [audit.volumes.total(code) for code in ("CA", "A0", "CC")] == [2, 1, 0]
    assert [audit.outcomes.total(code) for code in ("00", "20")] == [2, 1]


def test_options() -> None:
    auditor = MemoryAuditor()
    audit = Audit(auditor, FakeClock(), AuditOptions(frozenset((Category.PIN,)), refusals=False))
    audit.done("CA", "00", Category.PIN)
    audit.done("A0", "17", Category.KEY)
    assert [each.command for each in auditor.entries] == ["CA"]


def test_memory_is_bounded() -> None:
    auditor, tally = MemoryAuditor(entries_max=3), MemoryTally(names_max=2)
    audit = Audit(auditor, FakeClock(), volumes=tally)
    for code in ("A0", "A2", "A4", "A6", "A0"):
        audit.done(code, "00", Category.KEY)
    assert [each.sequence for each in auditor.entries] == [3, 4, 5]
    assert [tally.total(name) for name in ("A0", "A2", UNNAMED)] == [2, 1, 2]


def test_another_dialect_enters_into_the_same_log_and_is_counted_apart() -> None:
    auditor = MemoryAuditor()
    audit = Audit(auditor, FakeClock())
    other = audit.apart("eracom")
    audit.done("A0", "00", Category.KEY)
    other.done("EE0619", "00", Category.KEY)
    assert [(each.sequence, each.command) for each in auditor.entries] == [(1, "A0"), (2, "EE0619")]
    assert [audit.outcomes.total(name) for name in ("00", "eracom 00")] == [1, 1]
    assert [other.volumes.total(name) for name in ("A0", "EE0619")] == [0, 1]


@pytest.mark.parametrize("command", ["123456", "FFF0000", "EE06", "AB0602", "EE06020"])
def test_no_other_run_of_hex_digits_is_a_command(command: str) -> None:
    with pytest.raises(ValueError, match="command"):
        entry(command=command)
