"""The audit log for a further dialect."""

from __future__ import annotations

from hsm.audit.record import Audit
from hsm.policy.auditing import Category
from hsm.policy.authority import Interface


def name_apart(dialect: str, code: str) -> str:
    """What *code* of *dialect* is counted as.

    >>> name_apart("eracom", "EE0602")
    'eracom EE0602'
    """
    return f"{dialect} {code}"


class AuditApart:
    """An audit log as one dialect uses it: its codes mean other things and are counted under names of their own."""

    def __init__(self, whole: Audit, dialect: str, fault: str) -> None:
        self._whole = whole
        self._prefix = name_apart(dialect, "")
        self._fault = fault
        self._count_command = whole.volumes.add
        self._count_outcome = whole.outcomes.add

    def done(
        self,
        command: str,
        outcome: str,
        category: Category,
        peer: str = "",
        *,
        began: float | None = None,
        place: str = "",
        lasting: bool = False,
    ) -> bool:
        """As ``Audit.done``, of a host command."""
        whole, prefix = self._whole, self._prefix
        self._count_command(prefix + command)
        self._count_outcome(prefix + outcome)
        if whole.enters(category, outcome, self._fault):
            return whole.enter(command, outcome, category, peer, Interface.HOST, began, place, (), lasting)
        return True
