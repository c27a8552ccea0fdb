"""A further dialect's entries stand in the same log; its counts stand apart."""

from __future__ import annotations

from support.auditlogs import FakeClock

from hsm.audit.apart import AuditApart
from hsm.audit.record import Audit, MemoryAuditor
from hsm.policy.auditing import AuditOptions, Category


def test_another_dialect_enters_into_the_same_log_and_is_counted_apart() -> None:
    auditor = MemoryAuditor()
    audit = Audit(auditor, FakeClock())
    other = AuditApart(audit, "eracom", "10")
    audit.done("A0", "00", Category.KEY)
    assert other.done("EE0619", "00", Category.KEY)
    assert other.done("EE0602", "00", Category.PIN)
    assert [(each.sequence, each.command) for each in auditor.entries] == [(1, "A0"), (2, "EE0619")]
    assert [audit.outcomes.total(name) for name in ("00", "eracom 00")] == [1, 2]
    assert [audit.volumes.total(name) for name in ("A0", "EE0619", "eracom EE0619")] == [1, 0, 1]


def test_it_goes_by_the_options_in_force_and_stops_when_the_log_does() -> None:
    auditor = MemoryAuditor()
    audit = Audit(auditor, FakeClock())
    other = AuditApart(audit, "eracom", "10")
    audit.take(AuditOptions(frozenset(), refusals=False))
    assert other.done("EE0619", "0A", Category.KEY)
    assert other.done("EE0619", "10", Category.KEY)
    assert [each.outcome for each in auditor.entries] == ["10"]
    audit.take(AuditOptions())
    audit.set_writable(False)
    assert not other.done("EE0619", "00", Category.KEY)
    assert other.done("EE0602", "00", Category.PIN)
    assert len(auditor.entries) == 1
