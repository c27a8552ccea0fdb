"""Commands of the parts, each a process that ends when the demonstration does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hsm.client.leash import Leash

Words = tuple[str | Path, ...]


class StepFailed(Exception):
    """A command failed: the text is what it said."""


def spoken(words: Words, children: Leash, log: Path, module: str = "switch.main", typed: str = "") -> str:
    """What a command of a part says, or another *module*'s, to which something is *typed*; it is added to the file *log*.

    Raises StepFailed.
    """
    part = ("perso", *map(str, words)) if module == "switch.main" else tuple(map(str, words))
    ended = subprocess.run(  # noqa: S603  # our own command line
        [sys.executable, "-m", module, *part],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=children.descriptors,
        env=environment(children),
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{module.partition('.')[0]} {' '.join(part)}\n{ended.stdout}{ended.stderr}")
    if ended.returncode:
        why = ended.stderr.strip() or ended.stdout.strip() or f"it ended with {ended.returncode}"
        raise StepFailed(f"{module.partition('.')[0]} {' '.join(part)}: {why}")
    return ended.stdout


def environment(children: Leash) -> dict[str, str]:
    """That of a part's process: it finds the same modules, and ends with this one."""
    return {**children.environment, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
