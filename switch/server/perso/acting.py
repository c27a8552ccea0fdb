"""Officers who act together at a command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from switch.perso.chain import Chain
from switch.perso.dual import NotAllowed, Officers
from switch.perso.shelf import is_ours

officers_option = click.option(
    "--officer", "officers", multiple=True, help="NAME, or NAME:FILE with the passphrase; twice"
)


def two(officers: Officers, given: tuple[str, ...]) -> tuple[str, str]:
    """Two of *officers* who gave their passphrases; *given* are NAME or NAME:FILE.  Raises NotAllowed, OSError."""
    files = dict(each.partition(":")[::2] for each in given)
    names = tuple(each.partition(":")[0] for each in given)
    return officers.two(names, lambda name: asked(f"{name}:{files[name]}")[1])


def asked(officer: str, *, confirm: bool = False) -> tuple[str, str]:
    """Name and passphrase, which is asked for unless a file has it."""
    name, _, path = officer.partition(":")
    if path:
        return name, Path(path).read_text(encoding="utf-8").strip("\n")
    return name, str(click.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=confirm))


def added(officers: Officers, chain: Chain, officer: str, given: tuple[str, ...]) -> None:
    """Add *officer* (NAME or NAME:FILE): the first two by themselves, every other with two who are there.

    Repeated for one who is there with this passphrase it completes the *chain*.  Raises NotAllowed, OSError.
    """
    name, passphrase = asked(officer, confirm=True)
    known = officers.names()
    acting = two(officers, given) if given or (len(known) >= 2 and name not in known) else (name,)
    officers.add(name, passphrase)
    chain.once("+".join(acting), "officer added", {"officer": name})


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """As long as this lasts no other process that asks changes what is in *folder*.  Raises NotAllowed."""
    with (folder / "lock").open("w") as file:
        if not is_ours(file.fileno()):
            raise NotAllowed(f"another process works in {folder.name}")
        yield
