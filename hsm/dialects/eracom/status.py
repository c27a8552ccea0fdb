"""Status and random values: 01, EE0002."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Request
from hsm.refusal import DigitsInvalid
from hsm.wire.kinds import Text
from hsm.wire.message import Empty, Message
from hsm.wire.packed import PackedChoice, Whole
from hsm.wire.shapes import Variable

CATEGORY = Category.STATUS
SOFTWARE = "ZONEKEY0"
PASS, ABSENT = "00", "02"
MINUTE, TEN_MINUTES = 60, 600

_Tested = Annotated[str, PackedChoice((PASS, "01", ABSENT))]
_Count = Annotated[int, Whole(4, 0, 0xFFFF_FFFF)]


class Status(Message):
    ram: _Tested
    rom: _Tested
    des: _Tested
    host_port: _Tested
    battery: _Tested
    disk: _Tested
    rsa_accelerator: _Tested
    performance_level: Annotated[int, Whole(1, 0, 255)]
    resets: Annotated[int, Whole(2, 0, 0xFFFF)]
    calls_in_last_minute: _Count
    calls_in_last_ten_minutes: _Count
    software_length: Annotated[int, Whole(1, len(SOFTWARE), len(SOFTWARE))]
    software: Annotated[str, Text("A", len(SOFTWARE), len(SOFTWARE))]


@eracom.command("01")
def status(ask: Empty, hsm: Hsm) -> Status:
    """Tell how the appliance is, how often it was started, and how many functions it was asked for lately.

    Memory, DES, host port and battery pass (00); there is no disk of its own and no RSA accelerator (02).  Numbers have the
    highest byte first, as in device traces; one client reads them the other way.  With worker processes the calls are
    those of the process that answers.
    """
    load = hsm.appliance.load
    return Status(
        ram=PASS,
        rom=PASS,
        des=PASS,
        host_port=PASS,
        battery=PASS,
        disk=ABSENT,
        rsa_accelerator=ABSENT,
        performance_level=0,
        resets=hsm.appliance.reboots & 0xFFFF,
        calls_in_last_minute=load.calls(MINUTE),
        calls_in_last_ten_minutes=load.calls(TEN_MINUTES),
        software_length=len(SOFTWARE),
        software=SOFTWARE,
    )


class AskRandom(Request):
    length: Annotated[int, Whole(1, 1, 255, wrong=DigitsInvalid)]


class RandomValue(Message):
    value: Annotated[bytes, Variable(255)]


@eracom.command("EE0002")
def random_value(ask: AskRandom, hsm: Hsm) -> RandomValue:
    """Give as many random bytes as the host asks for, 1 to 255."""
    return RandomValue(value=hsm.random.bytes(ask.length))
