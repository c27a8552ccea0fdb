"""Diagnostics and status: NC, NO, NI, N0, B2."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import SOCKETS_WIDTH
from hsm.operations import status
from hsm.operations.status import Compliance, OpenConnection
from hsm.refusal import ModeInvalid, NetworkOptionInvalid, RandomLengthInvalid
from hsm.wire.kinds import Choice, Digits, Hex, Number, Text
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Group, IfMore, Prefixed, Repeated, Rest

CATEGORY = Category.STATUS

STATUS_MODE, COMPLIANCE_MODE = "00", "01"
IO_BUFFER_32K = "3"
SERVES_TCP = "1"
NO_DSP = "00000"
"""The two reserved fields; the second told of a signal processor that HSMs before the 8000 had."""
COMPLIANCE_DIGITS = MappingProxyType(
    {Compliance.TERMINAL_KEYS_MIXED: "0", Compliance.FULL: "1", Compliance.OTHERWISE_LACKING: "2"}
)
CONNECTIONS_TOLD_MAX = 1_000
CELL_MAX, LONG_CELL_MAX = 2**32 - 1, 2**64 - 1


class Diagnosed(Message):
    lmk_check_value: Annotated[str, Text("H", 16, 16)]
    firmware: Annotated[str, Text("A", 9, 9)]


@thales.command("NC")
def diagnose(ask: Empty, hsm: Hsm) -> Diagnosed:
    """Test the appliance and tell the check value of its LMK and its firmware version."""
    return Diagnosed(lmk_check_value=hsm.lmk_for().check_value, firmware=hsm.settings.firmware)


class AskStatus(Message):
    mode: Annotated[str, Choice((STATUS_MODE, COMPLIANCE_MODE), wrong=ModeInvalid)]


class Interfaces(Message):
    transport: Annotated[str, Choice(("0", "1"))]
    tcp_sockets: Annotated[str, Digits(SOCKETS_WIDTH)]
    firmware: Annotated[str, Text("A", 9, 9)]
    reserved: Annotated[str, Digits(5)]


class Status(Message):
    buffer_or_compliance: Annotated[str, Digits(1)]
    interfaces: Annotated[Interfaces | None, IfMore(Group(Interfaces))]


@thales.command("NO")
def tell_status(ask: AskStatus, hsm: Hsm) -> Status:
    """Tell the host interface (mode 00), or whether the settings comply with PCI HSM (mode 01).

    Mode 00: I/O buffer (3: 32K), transport (1: TCP, though the same port takes UDP), TCP sockets, firmware version, and
    five reserved digits.  payShield 10K writes four digits of sockets from firmware 1.8a on, everything before it two:
    the setting socket-digits decides, and a number that does not fit is told as 99.

    Mode 01: 1 when key type 002 is separated and PIN block usage is restricted, 2 when only the former, else 0.
    """
    if ask.mode == COMPLIANCE_MODE:
        return Status(buffer_or_compliance=COMPLIANCE_DIGITS[status.compliance(hsm.settings)], interfaces=None)
    width = int(hsm.settings.socket_digits.value)
    sockets = min(hsm.appliance.network.connections_max, 10**width - 1)
    firmware = hsm.settings.firmware
    interfaces = Interfaces(
        transport=SERVES_TCP, tcp_sockets=f"{sockets:0{width}d}", firmware=firmware, reserved=NO_DSP
    )
    return Status(buffer_or_compliance=IO_BUFFER_32K, interfaces=interfaces)


class AskNetwork(Message):
    statistics: Annotated[str, Choice(("1",), wrong=NetworkOptionInvalid)]
    interface: Annotated[str, Choice(("1",))]


class ConnectionTold(Message):
    protocol: Annotated[str, Choice(("0", "1"))]
    local_port: Annotated[int, Number(4, 0, 0xFFFF, 16)]
    address: Annotated[bytes, Hex(4)]
    remote_port: Annotated[int, Number(4, 0, 0xFFFF, 16)]
    state: Annotated[str, Choice(("0", "1"))]
    seconds: Annotated[int, Number(8, 0, CELL_MAX, 16)]


class NetworkTold(Message):
    connection_count: Annotated[int, Number(4, 0, CONNECTIONS_TOLD_MAX)]
    connections: Annotated[tuple[ConnectionTold, ...], Repeated("connection_count", Group(ConnectionTold))]
    bytes_sent: Annotated[int, Number(16, 0, LONG_CELL_MAX, 16)]
    bytes_received: Annotated[int, Number(16, 0, LONG_CELL_MAX, 16)]
    unicast_sent: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    unicast_received: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    other_sent: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    other_received: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    discarded_sent: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    discarded_received: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    errors_sent: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    errors_received: Annotated[int, Number(8, 0, CELL_MAX, 16)]
    unknown_received: Annotated[int, Number(8, 0, CELL_MAX, 16)]


@thales.command("NI", refusals={NetworkOptionInvalid: "82"})
def tell_network(ask: AskNetwork, hsm: Hsm) -> NetworkTold:
    """Tell the connections of the host ports and what passed through them.

    One public client shows the layout, with option 1 and interface 1; others are refused, and there is one interface.
    Chosen here: ports and seconds are hexadecimal, as that client reads all other counters; counters start again from
    zero when they are full.  A peer with an IPv6 address that carries none of IPv4 is told as 00000000.  With worker
    processes the connections are those of the process that answers, the counters those of all.
    """
    told = tuple(_told(each) for each in status.connections(hsm, CONNECTIONS_TOLD_MAX))
    traffic = hsm.appliance.network.traffic()
    return NetworkTold(
        connection_count=len(told),
        connections=told,
        bytes_sent=traffic.bytes_sent & LONG_CELL_MAX,
        bytes_received=traffic.bytes_received & LONG_CELL_MAX,
        unicast_sent=traffic.packets_sent & CELL_MAX,
        unicast_received=traffic.packets_received & CELL_MAX,
        other_sent=0,  # host ports answer single hosts and join no multicast group
        other_received=0,
        discarded_sent=traffic.discarded_sent & CELL_MAX,
        discarded_received=traffic.discarded_received & CELL_MAX,
        errors_sent=traffic.errors_sent & CELL_MAX,
        errors_received=traffic.errors_received & CELL_MAX,
        unknown_received=traffic.unknown_received & CELL_MAX,
    )


def _told(connection: OpenConnection) -> ConnectionTold:
    return ConnectionTold(
        protocol="0",
        local_port=connection.local_port,
        address=connection.address,
        remote_port=connection.remote_port,
        state="0",
        seconds=min(connection.seconds, CELL_MAX),
    )


class AskRandom(Message):
    length: Annotated[int, Number(3, 1, status.RANDOM_BYTES_MAX, wrong=RandomLengthInvalid)]


class RandomValue(Message):
    value: Annotated[bytes, Rest(status.RANDOM_BYTES_MAX)]


@thales.command("N0", refusals={RandomLengthInvalid: "01"})
def random_value(ask: AskRandom, hsm: Hsm) -> RandomValue:
    """Give as many random bytes as the host asks for, 1 to 999."""
    return RandomValue(value=hsm.random.bytes(ask.length))


class AskEcho(Message):
    data: Annotated[bytes, Prefixed(4, base=16)]


class Echo(Message):
    data: Annotated[bytes, Rest()]


@thales.command("B2")
def echo(ask: AskEcho, hsm: Hsm) -> Echo:
    """Send back what came.

    The count is hexadecimal.  Data shorter than it says is refused with 80, longer with 15 (ThalesSim's tests).
    """
    return Echo(data=ask.data)
