"""``switch serve``: a file becomes a running switch."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from switch.config.switchfile import SwitchConfig, read_config
from switch.config.tables import TableRefused
from switch.link.lines import ConfigError
from switch.routing.binfile import NAME
from switch.store.database import StoreError
from switch.store.opening import database as database_at


@click.command("serve", short_help="Run a switch, a bank's host or a concentrator.")
@click.option("--config", "file", required=True, metavar="FILE", type=click.Path(path_type=Path), help="TOML file")
@click.option("--state-dir", metavar="DIR", type=click.Path(path_type=Path), help="where the store is; wins over FILE")
@click.option("--database", metavar="URL", help="sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME; wins over FILE")
@click.option("--member", metavar="NAME", help="this process's name in [cluster]; wins over FILE")
@click.option("--ready-file", metavar="PATH", help="written as JSON when everything listens")
def command(
    file: Path, state_dir: Path | None, database: str | None, member: str | None, ready_file: str | None
) -> None:
    """Serve until SIGTERM or Ctrl-C, which sign off and let what is under way come to its end.

    Exit status 2 when the configuration is wrong, 1 when the switch can't start.
    """
    try:
        config = read_config(file)
        config = replace(config, state_dir=state_dir or config.state_dir, database=database or config.database)
        config = _member(config, member)
        tables = config.files.read()
        database_at(config.database_url)
    except (ConfigError, TableRefused, StoreError) as fault:
        click.echo(f"switch serve: {fault}", err=True)
        sys.exit(2)
    from switch.server.serving import serve

    sys.exit(serve(config, tables, ready_file))


def _member(config: SwitchConfig, member: str | None) -> SwitchConfig:
    """*config* for the process *member*, if it is one of several.  Raises ConfigError."""
    if config.cluster is None:
        if member is not None:
            raise ConfigError(str(config.path), "cluster", "a table [cluster], for --member")
        return config
    if config.database_url.startswith("sqlite:"):
        raise ConfigError(str(config.path), "switch.database", "PostgreSQL, as several processes share it")
    if member is None:
        return config
    if NAME.fullmatch(member) is None:
        raise ConfigError("--member", "member", "a name")
    return replace(config, cluster=replace(config.cluster, member=member))
