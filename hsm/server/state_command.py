"""``hsm state``: back a state directory up and restore it, bring it up to date, check it."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from hsm.server.lmk_command import asked, key_file_option, passphrase_file_option, state_dir_option, told
from hsm.storage.backup import backup, restore
from hsm.storage.check import check
from hsm.storage.database import DATABASE_NAME, Database, DirectoryLock
from hsm.storage.passphrase import PASSPHRASE_VARIABLE, opener
from hsm.storage.schema import SCHEMA_VERSION
from hsm.storage.vault import Vault, exists


@click.group("state")
def command() -> None:
    """A state directory as a whole: settings, sealed LMKs, cards, user storage, audit log."""


def _there(state_dir: Path) -> None:
    if not (state_dir / DATABASE_NAME).exists():
        raise click.ClickException(f"{state_dir / DATABASE_NAME}: there is no such file")


@command.command("backup")
@state_dir_option
@click.argument("file", type=click.Path(path_type=Path))
def back_up(state_dir: Path, file: Path) -> None:
    """Copy everything into one FILE, while the appliance runs or not.  What is sealed stays sealed."""
    _there(state_dir)
    if file.exists():
        raise click.ClickException(f"{file}: there is such a file already")
    with told():
        others = backup(state_dir, file)
    click.echo(f"{file}: the database and {others} other files")


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@state_dir_option
def restore_from(file: Path, state_dir: Path) -> None:
    """Make an empty or new directory of a backup FILE.  The audit log will say that it was."""
    with told():
        others = restore(file, state_dir)
        Database(state_dir).close()
    click.echo(f"{state_dir}: the database and {others} other files")


@command.command()
@state_dir_option
def upgrade(state_dir: Path) -> None:
    """Bring the database up to date, leaving a copy of it beside it.  `hsm serve` does so too."""
    _there(state_dir)
    with told(), closing(DirectoryLock(state_dir)):
        Database(state_dir).close()
    click.echo(f"{state_dir / DATABASE_NAME}: schema {SCHEMA_VERSION}")


@command.command("check")
@state_dir_option
@passphrase_file_option
@key_file_option
def check_all(state_dir: Path, passphrase_file: Path | None, key_file: Path | None) -> None:
    """Look at every record; a bad one is named.  With the passphrase, every seal is opened too."""
    _there(state_dir)
    with told(), closing(Database(state_dir, upgrading=False)) as database:
        given = key_file or passphrase_file or PASSPHRASE_VARIABLE in os.environ or sys.stdin.isatty()
        vault = None
        if given and exists(database):
            vault = Vault(database, opener(os.environ, passphrase_file, key_file, asked()))
        checked = check(database, vault)
    for fault in checked.faults:
        click.echo(f"{state_dir / DATABASE_NAME}: {fault}", err=True)
    unopened = f"; {checked.unopened} sealed ones not opened, for want of a passphrase" if checked.unopened else ""
    click.echo(f"{checked.records} records, {len(checked.faults)} bad{unopened}")
    sys.exit(1 if checked.faults else 0)
