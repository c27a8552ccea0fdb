"""``switch perso``: the parts of personalisation, each a command or a process of its own."""

from __future__ import annotations

from types import MappingProxyType

from hsm.client.subcommands import LazyGroup

SUBCOMMANDS = MappingProxyType(
    {
        "issuer": ("switch.server.perso.issuer_command", "An issuer's tool: its keys, orders, and pushing them."),
        "receive": ("switch.server.perso.receive_command", "The External Data Receiving Server."),
        "host": ("switch.server.perso.host_command", "The Internal Data Hosting Server."),
        "pmp": ("switch.server.perso.pmp_command", "The PMP: keys, products, and the import of orders."),
        "users": ("switch.server.perso.users_command", "Users of the internal server's FTP port."),
        "authority": ("switch.server.perso.authority_command", "A test certification authority for issuers' keys."),
        "cardink": ("switch.server.perso.cardink_command", "CardInk: keys, certificates, profiles, data preparation."),
        "produce": ("switch.server.perso.production_command", "Production: cards and PIN mailers of prepared orders."),
        "demo": ("switch.server.perso.demo_command", "An order of test cards through every part of a bureau."),
        "handout": (
            "switch.server.perso.handout_command",
            "Finished cards for simulated terminals and issuers' hosts.",
        ),
        "audit": ("switch.server.perso.audit_command", "Verify and show a part's audit chain."),
    }
)
"""Name → module with a click command ``command``, and the line that ``switch perso --help`` shows for it."""

command = LazyGroup("perso", SUBCOMMANDS, "Cards personalised without a key or PIN in the clear.")
