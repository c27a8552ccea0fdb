"""The ``switch`` command.  Each subcommand is a module of its own, imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

import click

SUBCOMMANDS = MappingProxyType(
    {
        "decode": ("switch.decode_command", "Explain an ISO 8583 message element by element, masked."),
        "encode": ("switch.encode_command", "Write a message, given as JSON, in a network's dialect."),
        "specs": ("switch.specs_command", "List the networks' dialects, or one dialect's elements."),
    }
)
"""Name → module with a click command ``command``, and the line that ``switch --help`` shows for it."""


class LazyGroup(click.Group):
    """A group that imports a subcommand's module when it runs, and not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand *cmd_name*, or None."""
        if cmd_name not in SUBCOMMANDS:
            return None
        command = import_module(SUBCOMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zonekey", message="%(prog)s %(version)s")
def main() -> None:
    """Zonekey's payment switch, of which the ISO 8583 codec is there so far."""


if __name__ == "__main__":
    main()
