"""``hsm lmk``: make LMKs for a state directory, sealed under a passphrase, and list them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hsm.keys.masters import KINDS, lmk_of_material, new_material
from hsm.ports import SystemRandom
from hsm.storage.database import DATABASE_NAME, Database, StorageError
from hsm.storage.passphrase import PASSPHRASE_VARIABLE, passphrase_from
from hsm.storage.vault import LmkLabel, Vault, exists, labels

TEST_PREFIX = "test-"

_state_dir = click.option(
    "--state-dir", required=True, type=click.Path(path_type=Path), help="Directory that holds the appliance's state."
)


def _asked() -> str:
    return str(click.prompt("Passphrase", hide_input=True, err=True))


def _asked_twice() -> str:
    return str(click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))


@contextmanager
def _opened(state_dir: Path) -> Iterator[Database]:
    """The database of *state_dir*; what is wrong with it ends the command with a message and status 1."""
    try:
        database = Database(state_dir)
        try:
            yield database
        finally:
            database.close()
    except StorageError as error:
        raise click.ClickException(str(error)) from None


@click.group("lmk")
def command() -> None:
    """Local master keys in a state directory.  Their key material is never shown."""


@command.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@_state_dir
@click.option("--comment", default="", help="Up to 60 characters, shown beside the LMK.")
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help=f"File with the vault's passphrase; else {PASSPHRASE_VARIABLE}, else it is asked for.",
)
def new(name: str, kind: str, state_dir: Path, comment: str, passphrase_file: Path | None) -> None:
    """Make an LMK called NAME at random and seal it into the vault."""
    if name.startswith(TEST_PREFIX):
        raise click.ClickException(f"names that begin with {TEST_PREFIX} belong to the published test LMKs")
    # LMKs never come from a seed: they outlive the run that made them.
    material = new_material(kind, SystemRandom().bytes)
    try:
        label = LmkLabel(name, kind, lmk_of_material(kind, "00", material, name).check_value, comment)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    with _opened(state_dir) as database:
        ask = _asked if exists(database) else _asked_twice
        passphrase = passphrase_from(os.environ, passphrase_file, ask if sys.stdin.isatty() else None)
        Vault(database, passphrase, make=True).add(label, material)
    click.echo(_line(label))


@command.command("list")
@_state_dir
def list_lmks(state_dir: Path) -> None:
    """Name, kind, check value and comment of each LMK; needs no passphrase."""
    if not (state_dir / DATABASE_NAME).exists():
        raise click.ClickException(f"{state_dir / DATABASE_NAME}: there is no such file")
    with _opened(state_dir) as database:
        for label in labels(database):
            click.echo(_line(label))


def _line(label: LmkLabel) -> str:
    return f"{label.name:<32} {label.kind:<12} {label.check_value} {label.comment}".rstrip()
