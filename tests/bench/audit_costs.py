"""What the audit log costs: an entry, a group, verifying a long log, and a start upon one.

    cd tests; python -m bench.audit_costs [--check]

The figure of each is the least of several runs, since others share the machine.  With ``--check`` the exit code is 1 when
one is missed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.costs import started

from hsm.audit.anchor import AnchorBook
from hsm.audit.chain import Chain
from hsm.audit.file import FileAuditor
from hsm.audit.record import Audit, Category, MemoryAuditor
from hsm.audit.segments import segments
from hsm.audit.verification import verified
from hsm.ports import SystemClock
from hsm.storage.database import Database

ENTRIES, GROUP, RUNS = 100_000, 16, 5
FIGURES = {
    "entry beyond one kept in memory, groups of 16, us": 16.0,
    "entry beyond one kept in memory, alone, us": 30.0,
    "verified lines a second, thousands": 300.0,
    "start upon 100,000 entries, s": 1.5,
}


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(RUNS))


def entered(audit: Audit, group: int, count: int) -> float:
    """Microseconds an entry."""
    began = time.perf_counter()
    for number in range(count):
        audit.done("A0", "00", Category.KEY, "192.0.2.1:1500", began=began)
        if number % group == group - 1:
            audit.flush()
    return (time.perf_counter() - began) / count * 1e6


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        Database(directory).close()
        auditor = FileAuditor(directory, clock)
        memory, file = Audit(MemoryAuditor(), clock), Audit(auditor, clock)
        base = least(lambda: entered(memory, GROUP, 10_000))
        grouped = least(lambda: entered(file, GROUP, 10_000)) - base
        alone = least(lambda: entered(file, 1, 5_000)) - base
        while auditor.last_sequence < ENTRIES:
            entered(file, 1_000, 1_000)
        auditor.close()
        with closing(AnchorBook(directory / "hsm.db")) as book:
            key = book.key()
            assert key is not None
            chain = Chain(key)
            anchor = book.anchor(chain)

        def verify() -> float:
            began = time.perf_counter()
            verified(segments(directory), chain, anchor)
            return time.perf_counter() - began

        rate = auditor.last_sequence / least(verify) / 1_000
        start = least(lambda: started("--state-dir", name)[0])
    measured = dict(zip(FIGURES, (grouped, alone, rate, start), strict=True))
    for what, value in measured.items():
        bound = "at least" if "lines" in what else "at most"
        print(f"{what}: {value:.2f} ({bound} {FIGURES[what]:g})")
    missed = [what for what, value in measured.items() if (value < FIGURES[what]) is ("lines" in what)]
    return int("--check" in sys.argv and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
