"""``switch perso audit``: verify a part's chain, or all parts' chains about one order, and show it."""

from __future__ import annotations

from pathlib import Path

import click

from switch.perso.chain import START, Chain, Entry
from switch.perso.orderaudit import TrailBroken, trail
from switch.perso.returnfile import read_returned
from switch.server.perso.running import told_in_a_line, utc_now

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("audit", short_help="Verify and show audit chains: a part's, or those of a whole order.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_file)
@click.option("--head", help="the hash that the last entry shall have")
@click.option("--returned", type=_file, help="an order's return file: verify that order, in the chains of all parts")
@click.option("--quiet", is_flag=True, help="show no entries")
def command(paths: tuple[Path, ...], head: str | None, returned: Path | None, quiet: bool) -> None:
    """Verify every entry of the chain in FILE; exit status 1 when it is broken or ends otherwise than at --head.

    With --returned: verify an order from the issuer's first entry to the return file; FILEs are the chains of all parts.
    """
    if head is not None if returned is not None else len(paths) > 1:
        raise click.UsageError("one FILE and perhaps --head, or the FILEs of all parts and --returned")
    with told_in_a_line(TrailBroken):
        if returned is None:
            last = _shown(paths[0], quiet)
        else:
            _whole_order(paths, returned, quiet)
            return
    click.echo(last)
    if head is not None and head.lower() != last:
        click.echo("The chain does not end there.", err=True)
        raise SystemExit(1)


def _shown(path: Path, quiet: bool) -> str:
    """The last hash."""
    last = START
    for entry in Chain(path, utc_now).entries():
        last = entry.hash
        if not quiet:
            click.echo(_line(entry))
    return last


def _whole_order(paths: tuple[Path, ...], returned: Path, quiet: bool) -> None:
    with returned.open("rb") as source:
        told = read_returned(source, returned.name)
    named = {path.stem for path in paths}
    chains = {path.stem if len(named) == len(paths) else str(path): Chain(path, utc_now) for path in paths}
    steps = trail(told.issuer, told.order, chains, told.audit)
    for step in steps if not quiet else ():
        click.echo(f"{step.part:12}{_line(step.entry)}")
    parts = ", ".join(dict.fromkeys(step.part for step in steps))
    click.echo(f"{told.issuer} {told.order}: {len(steps)} entries, whole from the issuer to the return file: {parts}")


def _line(entry: Entry) -> str:
    told = " ".join(f"{name}={value}" for name, value in entry.told.items())
    return f"{entry.number:>6} {entry.at} {entry.who}: {entry.what} {told}".rstrip()
