"""``hsm lmk``: make LMKs for a state directory, sealed under a passphrase, list and destroy them; change the passphrase."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from hsm.keys.masters import KINDS, lmk_of_material, new_material
from hsm.ports import SystemRandom
from hsm.storage.database import DATABASE_NAME, Database, DirectoryLock, StorageError
from hsm.storage.passphrase import PASSPHRASE_VARIABLE, new_key_file, opener
from hsm.storage.secrets import change_passphrase
from hsm.storage.vault import LmkLabel, Vault, exists, labels

TEST_PREFIX = "test-"

state_dir_option = click.option(
    "--state-dir", required=True, type=click.Path(path_type=Path), help="Directory that holds the appliance's state."
)


passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help=f"File with the vault's passphrase; else {PASSPHRASE_VARIABLE}, else it is asked for.",
)
key_file_option = click.option(
    "--key-file", type=click.Path(path_type=Path), help="Key file that opens the vault instead."
)


def asked(prompt: Callable[[], str] | None = None) -> Callable[[], str] | None:
    """How to ask for a passphrase, by *prompt* if not as usual; None where nobody is to be asked."""
    return (prompt or _asked) if sys.stdin.isatty() else None


def _asked() -> str:
    return str(click.prompt("Passphrase", hide_input=True, err=True))


def _asked_twice() -> str:
    return str(click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))


@contextmanager
def _opened(state_dir: Path, *, there: bool = True) -> Iterator[Database]:
    """The database of *state_dir*, which must be *there*; what is wrong with it ends the command with a message."""
    if there and not (state_dir / DATABASE_NAME).exists():
        raise click.ClickException(f"{state_dir / DATABASE_NAME}: there is no such file")
    with told(), closing(Database(state_dir)) as database:
        yield database


@contextmanager
def told() -> Iterator[None]:
    """A StorageError ends the command with its message and status 1."""
    try:
        yield
    except StorageError as error:
        raise click.ClickException(str(error)) from None


@click.group("lmk")
def command() -> None:
    """Local master keys in a state directory.  Their key material is never shown."""


@command.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@state_dir_option
@click.option("--comment", default="", help="Up to 60 characters, shown beside the LMK.")
@passphrase_file_option
@key_file_option
def new(
    name: str, kind: str, state_dir: Path, comment: str, passphrase_file: Path | None, key_file: Path | None
) -> None:
    """Make an LMK called NAME at random and seal it into the vault."""
    if name.startswith(TEST_PREFIX):
        raise click.ClickException(f"names that begin with {TEST_PREFIX} belong to the published test LMKs")
    # LMKs never come from a seed: they outlive the run that made them.
    material = new_material(kind, SystemRandom().bytes)
    try:
        label = LmkLabel(name, kind, lmk_of_material(kind, "00", material, name).check_value, comment)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    with _opened(state_dir, there=False) as database:
        ask = _asked if exists(database) else _asked_twice
        passphrase = opener(os.environ, passphrase_file, key_file, asked(ask))
        Vault(database, passphrase, make=True).add(label, material)
    click.echo(_line(label))


@command.command("list")
@state_dir_option
def list_lmks(state_dir: Path) -> None:
    """Name, kind, check value and comment of each LMK; needs no passphrase."""
    with _opened(state_dir) as database:
        for label in labels(database):
            click.echo(_line(label))


@command.command()
@click.argument("name")
@state_dir_option
@passphrase_file_option
@key_file_option
def remove(name: str, state_dir: Path, passphrase_file: Path | None, key_file: Path | None) -> None:
    """Destroy the sealed LMK called NAME.  One that is loaded stays loaded until it is deleted at the console."""
    with _opened(state_dir) as database:
        passphrase = opener(os.environ, passphrase_file, key_file, asked())
        Vault(database, passphrase).remove(name)


@command.command()
@state_dir_option
@passphrase_file_option
@key_file_option
@click.option(
    "--new-passphrase-file", type=click.Path(path_type=Path), help="File with the new one; else it is asked for."
)
@click.option("--new-key-file", type=click.Path(path_type=Path), help="Key file that opens the vault from now on.")
def passphrase(
    state_dir: Path,
    passphrase_file: Path | None,
    key_file: Path | None,
    new_passphrase_file: Path | None,
    new_key_file: Path | None,
) -> None:
    """Seal everything anew, under another passphrase or key file.  The appliance must be stopped."""
    with told(), closing(DirectoryLock(state_dir)), _opened(state_dir) as database:
        vault = Vault(database, opener(os.environ, passphrase_file, key_file, asked()))
        # The variable holds the old one, if anything.
        change_passphrase(database, vault, opener({}, new_passphrase_file, new_key_file, asked(_asked_twice)))


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def keyfile(file: Path) -> None:
    """Make a key FILE of 32 random bytes, which opens a vault in place of a passphrase."""
    with told():
        new_key_file(file)


def _line(label: LmkLabel) -> str:
    return f"{label.name:<32} {label.kind:<12} {label.check_value} {label.comment}".rstrip()
