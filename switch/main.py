"""The ``switch`` command.  Each subcommand is a module of its own, imported only when it is called."""

from __future__ import annotations

from types import MappingProxyType

from hsm.client.leash import take_leash
from hsm.client.subcommands import LazyGroup

SUBCOMMANDS = MappingProxyType(
    {
        "serve": ("switch.server.serve_command", "Run a switch, a bank's host or a concentrator."),
        "console": ("switch.server.console_command", "Ask a running switch, or tell it something."),
        "demo": ("switch.server.demo.command", "Show a small country's payments, all on this machine."),
        "bench": ("switch.server.bench_command", "Measure a switch, as processes of this machine."),
        "decode": ("switch.decode_command", "Explain an ISO 8583 message element by element, masked."),
        "encode": ("switch.encode_command", "Write a message, given as JSON, in a network's dialect."),
        "scenario": (
            "switch.server.scenario_command",
            "Play failures out: between terminals, acquirer, switch and issuer.",
        ),
        "simulate": ("switch.server.simulate_command", "Run ATMs and POS terminals that talk to a host."),
        "storm": (
            "switch.server.storm_command",
            "Try every fault on a simulated network, and see whether all books agree.",
        ),
        "specs": ("switch.specs_command", "List the networks' dialects, or one dialect's elements."),
        "perso": ("switch.server.perso.command", "Personalise cards: each part of a bureau, and an issuer's tool."),
    }
)
"""Name → module with a click command ``command``, and the line that ``switch --help`` shows for it."""

main = LazyGroup("switch", SUBCOMMANDS, "Zonekey's payment switch: ISO 8583 between members, its secrets in the HSM.")


if __name__ == "__main__":
    take_leash()
    main()
