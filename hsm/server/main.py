"""The ``hsm`` command.  Each subcommand is a module of its own, imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

import click

SUBCOMMANDS = MappingProxyType(
    {
        "serve": ("hsm.server.serve", "Serve host commands on TCP, UDP and TLS."),
        "console": ("hsm.server.console_command", "Speak to an appliance's console from here."),
        "settings": ("hsm.server.settings_command", "List all settings, with what each profile makes of them."),
        "lmk": ("hsm.server.lmk_command", "Make, list and destroy the sealed LMKs of a state directory."),
        "state": ("hsm.server.state_command", "Back up, restore, upgrade and check a state directory."),
        "audit": ("hsm.server.audit_command", "Check, show and put aside the audit log of a state directory."),
        "call": ("hsm.client.call_command", "Send one typed command to any server and show both sides decoded."),
        "decode": ("hsm.client.decode_command", "Explain a captured frame field by field, masked."),
        "bench": ("hsm.server.bench", "Load a server and print commands/s and times to reply."),
    }
)
"""Name → module with a click command ``command``, and the line that ``hsm --help`` shows for it."""


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
    """Zonekey: a payment HSM emulator.  It protects nothing; use test keys only."""


if __name__ == "__main__":
    main()
