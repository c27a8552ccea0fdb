"""What modules read at run time is installed with them."""

from __future__ import annotations

from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

from support.sources import ROOT


def patterns() -> dict[str, list[str]]:
    """By package: the files that setup.cfg installs with it."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return {name: listed.replace(",", " ").split() for name, listed in config["options.package_data"].items()}


def is_installed(path: Path, declared: dict[str, list[str]]) -> bool:
    for folder in path.parents:
        name = ".".join(folder.relative_to(ROOT).parts)
        inside = str(path.relative_to(folder))
        wanted = declared.get(name, []) + declared["*"]
        if (folder / "__init__.py").exists() and any(fnmatch(inside, each) for each in wanted):
            return True
        if folder == ROOT:
            return False
    return False


def test_every_file_beside_the_modules_is_installed() -> None:
    declared = patterns()
    beside = [
        path
        for top in ("hsm", "switch")
        for path in sorted((ROOT / top).rglob("*"))
        if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    ]
    assert len(beside) > 20
    assert [str(path.relative_to(ROOT)) for path in beside if not is_installed(path, declared)] == []
