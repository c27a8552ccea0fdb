"""Host ports."""

from __future__ import annotations

from collections.abc import Iterator

from hsm.console.declaration import OFFLINE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, chosen, confirmed
from hsm.console.dualcontrol import one_agrees
from hsm.storage.hostports import FIELDS, HostPort, readable

UNSET = "-"


@console.command("QH")
def tell_ports(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell the host ports: how each runs, and what is stored for the next start."""
    yield Say(
        "\n".join(line for port in desk.ports.running() for line in _told(desk, port)) or "There are no host ports."
    )


def _told(desk: Desk, port: HostPort) -> Iterator[str]:
    stored = desk.ports.stored()
    yield f"Port {port.name}: {port.transport}, {port.address}"
    yield f"  {port.limits}"
    for field in FIELDS:
        later = stored.get((port.name, field))
        note = "" if later is None or later == port.values.get(field) else f"  (from the next start on: {later})"
        yield f"  {field:16}{port.values.get(field, UNSET)}{note}"


@console.command("CH", OFFLINE, ceremony=True)
def configure_port(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Store how a host port speaks, from the next start on.

    An officer must agree.  What is stored goes before the command line and the configuration file; the answer - takes
    it away again.  Where a port listens is set there alone.
    """
    ports = {port.name: port for port in desk.ports.running()}
    if not ports:
        raise Abandoned("There are no host ports.")
    yield from one_agrees(desk)
    name = (yield from chosen("Port", tuple(each.upper() for each in ports))).lower()
    port = next(each for key, each in ports.items() if key.lower() == name)
    stored = desk.ports.stored()
    changes: dict[tuple[str, str], str | None] = {}
    for field, kind in FIELDS.items():
        now = stored.get((port.name, field), port.values.get(field, UNSET))

        def read(answer: str, field: str = field) -> str:
            return answer if answer in ("", UNSET) else readable(field, answer.lower())

        answer = yield from asked(Ask(f"{field} [{now}]: "), read, f"{kind.expected}, or - for none stored")
        if answer == UNSET and (port.name, field) in stored:
            changes[port.name, field] = None
        elif answer not in ("", UNSET, now):
            changes[port.name, field] = answer
    if not changes:
        yield Say("Nothing is changed.")
        return
    yield Say("\n".join(f"  {field}: {value or 'no longer stored'}" for (_, field), value in changes.items()))
    if (yield from confirmed("From the next start on.  Store?")):
        desk.ports.store(changes)
        yield Say("Stored; it comes in force when the appliance is started again.")
