"""``hsm audit``: check the audit log of a state directory, read it, put a damaged one aside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from hsm.audit.anchor import AnchorBook, AuditFileError, Sealer
from hsm.audit.archive import archived
from hsm.audit.chain import Chain
from hsm.audit.file import DATABASE_NAME
from hsm.audit.record import ENTRIES_KEPT_MAX, Entry
from hsm.audit.segments import segments, tail_lines
from hsm.audit.verification import Verified, check_watched, entry_of, verified
from hsm.ports import SystemClock
from hsm.server.lmk_command import key_file_option, passphrase_file_option, state_dir_option
from hsm.storage.database import Database, DirectoryLock, StorageError
from hsm.storage.passphrase import PASSPHRASE_VARIABLE, opener
from hsm.storage.vault import Vault, exists

CHECKPOINT_BYTES = 8


def _checkpoints(texts: tuple[str, ...]) -> dict[int, bytes]:
    """``SEQ:MAC`` each, as ``verify`` prints it: an entry's number and the beginning of its MAC."""
    found = {}
    for text in texts:
        parts = re.fullmatch(r"([0-9]{1,18}):((?:[0-9A-Fa-f]{2}){8,32})", text.strip())
        if parts is None:
            raise click.BadParameter(f"{text[:90]!r}: expected a number, a colon and 16 to 64 hex digits")
        found[int(parts[1])] = bytes.fromhex(parts[2])
    return found


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong ends the command with a message and status 1."""
    try:
        yield
    except (AuditFileError, StorageError) as error:
        raise click.ClickException(str(error)) from None


def _sealer(state_dir: Path, passphrase_file: Path | None, key_file: Path | None) -> Sealer | None:
    """The vault, when there is one and something to open it with."""
    with closing(Database(state_dir, upgrading=False)) as database:
        given = key_file or passphrase_file or PASSPHRASE_VARIABLE in os.environ
        return Vault(database, opener(os.environ, passphrase_file, key_file)) if given and exists(database) else None


def _there(state_dir: Path) -> None:
    if not (state_dir / DATABASE_NAME).exists():
        raise click.ClickException(f"{state_dir / DATABASE_NAME}: there is no such file")


@click.group("audit")
def command() -> None:
    """The audit log of a state directory."""


@command.command()
@state_dir_option
@passphrase_file_option
@key_file_option
@click.option("--checkpoint", multiple=True, metavar="SEQ:MAC", help="An earlier run's, written down elsewhere.")
def verify(state_dir: Path, passphrase_file: Path | None, key_file: Path | None, checkpoint: tuple[str, ...]) -> None:
    """Check every entry; print what was checked and a checkpoint to write down.

    Exit status 1 when the log is not as it was written.  Only a checkpoint from elsewhere shows that a whole state
    directory was put back to an older one.
    """
    watched = _checkpoints(checkpoint)
    _there(state_dir)
    with _told():
        with closing(AnchorBook(state_dir / DATABASE_NAME, _sealer(state_dir, passphrase_file, key_file))) as book:
            key = book.key()
            if key is None:
                raise click.ClickException(f"{state_dir}: no audit log was ever begun")
            chain = Chain(key)
            # The anchor first: a running appliance may write on in between.
            anchor = book.anchor(chain)
            paths = segments(state_dir)
            found = verified(paths, chain, anchor, tuple(watched))
        check_watched(paths[-1] if paths else state_dir, watched, found)
    _print_verified(found, len(paths))


def _print_verified(found: Verified, files_count: int) -> None:
    plural = "" if files_count == 1 else "s"
    click.echo(
        f"{found.entries_count} entries, {found.first_sequence} to {found.sequence}, in {files_count} file{plural}"
    )
    if found.first_line:
        times = [entry_of(line).time for line in (found.first_line, found.last_line)]
        click.echo(f"first {times[0]:%Y-%m-%d %H:%M:%S}, last {times[1]:%Y-%m-%d %H:%M:%S} UTC")
    if found.torn_bytes:
        click.echo("the last line is cut short; the next start takes it off")
    click.echo(f"checkpoint {found.sequence}:{found.mac[:CHECKPOINT_BYTES].hex().upper()}")


@command.command()
@state_dir_option
@click.option("--last", "count", type=click.IntRange(1, ENTRIES_KEPT_MAX), default=50, show_default=True, metavar="N")
def show(state_dir: Path, count: int) -> None:
    """Print the latest entries, unverified, the latest last."""
    _there(state_dir)
    with _told():
        lines = tail_lines(segments(state_dir), count)
    for line in lines:
        try:
            click.echo(shown(entry_of(line)))
        except ValueError:
            click.echo("(a line that is no audit entry)")


def shown(entry: Entry) -> str:
    """*entry* on one line."""
    parts = (
        f"{entry.sequence:>8}", f"{entry.time:%Y-%m-%d %H:%M:%S}", f"{entry.category.value:<8}", f"{entry.command:<12}",
        entry.outcome, entry.peer or entry.interface.value, entry.place, ", ".join(entry.who),
    )  # fmt: skip
    return " ".join(part for part in parts if part)


@command.command()
@state_dir_option
@passphrase_file_option
@key_file_option
def archive(state_dir: Path, passphrase_file: Path | None, key_file: Path | None) -> None:
    """Put the log aside, in whatever condition, and begin a new one whose first entry says so."""
    _there(state_dir)
    with _told(), closing(DirectoryLock(state_dir)):
        where = archived(state_dir, SystemClock(), _sealer(state_dir, passphrase_file, key_file))
    click.echo(f"the log is in {where}; a new one has begun")
