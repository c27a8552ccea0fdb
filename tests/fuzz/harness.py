"""One fuzzing process: ``python -m fuzz.harness TARGET STATISTICS-FILE [libFuzzer options] [corpus directories]``."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hsm", "switch"]):
    from fuzz.mutation import MUTATORS, pool
    from fuzz.targets import TARGETS, counts

    from hsm.dialects.thales.families import load

    load()

REPORT_EVERY = 2_000
SECONDS_MAX = 1.0
WARM_EXECUTIONS = 20_000


def main(name: str, statistics: Path, options: list[str]) -> None:
    """Run until libFuzzer has had enough; *statistics* is rewritten from time to time."""
    target, mutator = TARGETS[name], MUTATORS[name]
    pool()  # takes seconds, which no single input may
    began = time.monotonic()
    warm_kib = 0
    slowest = 0.0

    def one_input(data: bytes) -> None:
        nonlocal warm_kib, slowest
        start = time.process_time()
        target(data)
        spent = time.process_time() - start
        slowest = max(slowest, spent)
        if spent > SECONDS_MAX:
            raise AssertionError(f"{spent:.1f} s for one input")
        if counts["executions"] == WARM_EXECUTIONS:
            warm_kib = resident_kib()
        if counts["executions"] % REPORT_EVERY == 0:
            told = {
                **counts,
                "seconds": round(time.monotonic() - began, 1),
                "slowest ms": round(1000 * slowest, 1),
                "resident KiB warm": warm_kib,
                "resident KiB": resident_kib(),
            }
            statistics.write_text(json.dumps(told))

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        return mutator(data, size_max, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], *options], one_input, custom_mutator=mutate)
    atheris.Fuzz()


def resident_kib() -> int:
    """Memory that this process occupies now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
