"""The ``hsm`` command.  Each subcommand is a module of its own, imported only when it is called."""

from __future__ import annotations

from types import MappingProxyType

from hsm.client.leash import take_leash
from hsm.client.subcommands import LazyGroup

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

main = LazyGroup("hsm", SUBCOMMANDS, "Zonekey: a payment HSM emulator.  It protects nothing; use test keys only.")


if __name__ == "__main__":
    take_leash()
    main()
