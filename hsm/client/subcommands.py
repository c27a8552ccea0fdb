"""A command line whose subcommands are modules of their own, imported only when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

Subcommands = Mapping[str, tuple[str, str]]
"""Name → module with a click command ``command``, and the line that ``--help`` shows for it."""


class LazyGroup(click.Group):
    """A group of *subcommands* that imports a module when it runs it, and not to list it."""

    def __init__(self, name: str, subcommands: Subcommands, description: str) -> None:
        super().__init__(name, help=description, context_settings={"help_option_names": ["-h", "--help"]})
        self._subcommands = subcommands
        click.version_option(package_name="zonekey", message="%(prog)s %(version)s")(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return sorted(self._subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand *cmd_name*, or None."""
        if cmd_name not in self._subcommands:
            return None
        command = import_module(self._subcommands[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._subcommands[name][1]) for name in self.list_commands(ctx)])
