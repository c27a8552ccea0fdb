"""Coverage-guided fuzzing with atheris: ``python tests/fuzz/run.py --seconds 60 [--target NAME]...``.

Prints a line for each target; exits with 1 when one of them found something.  What it found lies in ``--artifacts``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SIZE_MAX = {
    "command": 2_000,
    "session": 6_000,
    "function": 2_000,
    "soh": 6_000,
    "keyblock": 1_000,
    "config": 2_000,
    "console": 4_000,
    "iso8583": 1_000,
    "hop": 3_000,
}
TARGETS = tuple(SIZE_MAX)


def run(target: str, seconds: int, artifacts: Path) -> bool:
    """Fuzz *target*; True when nothing was found."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS)))}
    with tempfile.TemporaryDirectory() as scratch:
        statistics = Path(scratch) / "statistics.json"
        statistics.write_text("{}")
        grown = Path(scratch) / "corpus"
        grown.mkdir()
        process = subprocess.run(
            [
                *(sys.executable, "-m", "fuzz.harness", target, str(statistics)),
                *(f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024", f"-max_len={SIZE_MAX[target]}"),
                *(f"-artifact_prefix={artifacts}/{target}-", "-print_final_stats=1"),
                *(str(grown), str(TESTS / "fuzz" / "corpus" / target)),
            ],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(target, statistics.read_text(), "inputs kept:", len(list(grown.iterdir())))
        if process.returncode:
            print(process.stderr[process.stderr.find("Uncaught Python exception") :][:4000])
    return process.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--artifacts", type=Path, default=Path(tempfile.gettempdir()) / "zonekey-fuzz")
    given = parser.parse_args()
    given.artifacts.mkdir(parents=True, exist_ok=True)
    clean = [run(target, given.seconds, given.artifacts) for target in given.target or TARGETS]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
