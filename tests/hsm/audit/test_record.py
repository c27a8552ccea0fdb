"""Every command is counted, those that matter are entered, and no entry has room for a secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.audit.record import (
    HOLDERS_MAX,
    UNKNOWN_COMMAND,
    UNNAMED,
    Audit,
    AuditOptions,
    AuditUnwritable,
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
    assert auditor.entries[0].duration_us >= 250_000
    assert auditor.entries[1].duration_us == 0
    assert [audit.volumes.total(code) for code in ("CA", "A0", "CC")] == [2, 1, 0]
    assert [audit.outcomes.total(code) for code in ("00", "20")] == [2, 1]


def test_the_holders_present_are_named() -> None:
    assert named("ALICE", "BOB O'NEIL-SMITH JR.").fields()["who"] == ["ALICE", "BOB O'NEIL-SMITH JR."]
    assert len(named(*["EVE"] * HOLDERS_MAX).who) == HOLDERS_MAX
    for who in (("alice",), ("1234",), ("",), ("A" * 21,), ("EVE",) * (HOLDERS_MAX + 1)):
        with pytest.raises(ValueError, match="holders"):
            named(*who)


def named(*who: str) -> Entry:
    return Entry(1, FakeClock().now(), Interface.CONSOLE, "", "LK", "00", Category.CONSOLE, 9, who=who)


@pytest.mark.parametrize("original", [entry(), entry(place="KeyError at pins.py:41"), named("ALICE", "BOB")])
def test_plain_values_make_the_entry_again(original: Entry) -> None:
    assert Entry.of(original.fields()) == original
    assert Entry.of(original.fields(), 7).sequence == 7
    for name in original.fields():
        if name not in ("place", "who"):
            with pytest.raises(ValueError, match=r"."):
                Entry.of({key: value for key, value in original.fields().items() if key != name})
    with pytest.raises(ValueError, match="no audit entry"):
        Entry.of(original.fields() | {"time": 5})


def test_errors_are_faults_of_ours_and_events() -> None:
    auditor = MemoryAuditor(clock=FakeClock())
    audit = Audit(auditor, FakeClock(), AuditOptions(frozenset(), refusals=False))
    for command, outcome, place in (("CA", "20", ""), ("CA", "41", ""), ("CA", "00", ""), ("A0", "15", "account")):
        audit.done(command, outcome, Category.PIN, place=place)
    audit.event("WORKER")
    assert [each.command for each in auditor.errors(9)] == ["CA", "WORKER"]
    assert [each.outcome for each in auditor.entries] == ["41", "00"], (
        "a fault and an event are entered whatever is set"
    )
    auditor.clear_errors(("ALICE",))
    assert auditor.errors(9) == ()
    audit.event("WORKER")
    assert [each.command for each in auditor.errors(9)] == ["WORKER"]
    assert auditor.errors(0) == ()


def test_a_log_in_memory_is_read_and_cleared() -> None:
    auditor = MemoryAuditor(clock=FakeClock())
    audit = Audit(auditor, FakeClock())
    for code in ("A0", "A2", "A4"):
        audit.done(code, "00", Category.KEY)
    assert [each.command for each in auditor.latest(2)] == ["A2", "A4"]
    assert auditor.latest(0) == ()
    auditor.clear(("ALICE", "BOB"))
    assert [(e.sequence, e.command, e.who) for e in auditor.latest(9)] == [(4, "CLEARAUDIT", ("ALICE", "BOB"))]


class FailingAuditor(MemoryAuditor):
    """An auditor that can't write while *broken*."""

    def __init__(self) -> None:
        super().__init__(clock=FakeClock())
        self.broken = False
        self.flushed: list[bool] = []

    def flush(self, lasting: bool = False) -> None:
        if self.broken:
            raise AuditUnwritable
        self.flushed.append(lasting)


def test_while_the_log_cannot_be_written_what_needs_an_entry_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    auditor, told = FailingAuditor(), []
    audit = Audit(auditor, FakeClock())
    monkeypatch.setattr(audit, "_writes", True)
    audit.on_change(lambda: told.append(audit.writable))
    auditor.broken = True
    assert audit.done("A0", "00", Category.KEY)
    with pytest.raises(AuditUnwritable):
        audit.flush()
    assert (audit.writable, told) == (False, [False])
    assert [audit.admits(each) for each in (Category.KEY, Category.PIN)] == [False, True]
    assert not audit.done("A0", "00", Category.KEY)
    assert not audit.done("CA", "20", Category.PIN)
    assert audit.done("CA", "00", Category.PIN)
    audit.flush()  # nothing was entered since, so there is nothing to hold back
    assert not audit.writable
    auditor.broken = False
    audit.flush()
    assert (audit.writable, told) == (True, [False, True])
    assert audit.done("CA", "20", Category.PIN)
    assert [(e.command, e.outcome) for e in auditor.entries] == [("A0", "00"), ("STORAGE", "41"), ("CA", "20")]
    assert audit.volumes.total("CA") == 3


def test_entries_of_changes_are_flushed_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = FailingAuditor()
    audit = Audit(auditor, FakeClock())
    monkeypatch.setattr(audit, "_writes", True)
    audit.done("A0", "00", Category.KEY)
    audit.flush()
    audit.done("LA", "00", Category.STORAGE, lasting=True)
    audit.done("A0", "00", Category.KEY)
    audit.flush()
    audit.flush()
    assert auditor.flushed == [False, True, False]


@given(st.frozensets(st.sampled_from([each for each in Category if each is not Category.EVENT])), st.booleans())
def test_options_as_words(categories: frozenset[Category], refusals: bool) -> None:
    options = AuditOptions(categories, refusals)
    assert AuditOptions.parse(str(options)) == options
    assert AuditOptions.parse(str(options).upper()) == options


@pytest.mark.parametrize("text", ["event", "keys", "key, pin"])
def test_what_is_no_audit_option(text: str) -> None:
    with pytest.raises(ValueError, match="is none of status, key"):
        AuditOptions.parse(text)


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


@pytest.mark.parametrize("command", ["123456", "FFF0000", "EE06", "AB0602", "EE06020"])
def test_no_other_run_of_hex_digits_is_a_command(command: str) -> None:
    with pytest.raises(ValueError, match="command"):
        entry(command=command)
