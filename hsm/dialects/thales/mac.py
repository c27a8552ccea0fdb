"""MACs of whole messages under terminal authentication keys: MA, MC, ME, MK, MM."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import Tak
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations import macs
from hsm.operations.macs import MacAlgorithm
from hsm.refusal import DataLengthInvalid
from hsm.wire.kinds import Hex
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Prefixed, Rest

CATEGORY = Category.MAC

MAC_BYTES = 4
_BINARY_BYTES_MAX = 0x320


class GenerateMac(Message):
    tak: Tak
    data: Annotated[bytes, Rest(hidden=True)]


class VerifyMac(Message):
    tak: Tak
    mac: Annotated[bytes, Hex(MAC_BYTES)]
    data: Annotated[bytes, Rest(hidden=True)]


class TranslateMac(Message):
    source_tak: Tak
    destination_tak: Tak
    mac: Annotated[bytes, Hex(MAC_BYTES)]
    data: Annotated[bytes, Rest(hidden=True)]


class GenerateBinaryMac(Message):
    tak: Tak
    data: Annotated[bytes, Prefixed(3, 16, most=_BINARY_BYTES_MAX, hidden=True, wrong=DataLengthInvalid)]


class VerifyBinaryMac(Message):
    tak: Tak
    mac: Annotated[bytes, Hex(MAC_BYTES)]
    data: Annotated[bytes, Prefixed(3, 16, most=_BINARY_BYTES_MAX, hidden=True, wrong=DataLengthInvalid)]


class MacGenerated(Message):
    mac: Annotated[bytes, Hex(MAC_BYTES)]


@thales.command("MA")
def generate_mac(ask: GenerateMac, hsm: Hsm) -> MacGenerated:
    """Generate the MAC of a message: ANSI X9.9 with a single-length TAK, X9.19 with a longer one.

    The message is everything to the end, so neither LMK identifier nor trailer can follow it.  The earlier revision of
    the HSM 8000 manual refuses double-length keys (27); the later one, which this follows, takes them.
    """
    return MacGenerated(mac=_generated(hsm.key(ask.tak, Usage.TAK), ask.data))


@thales.command("MC")
def verify_mac(ask: VerifyMac, hsm: Hsm) -> Empty:
    """Verify the MAC of a message; the message goes to the end, as with MA."""
    _verify(hsm.key(ask.tak, Usage.TAK), ask.data, ask.mac)
    return Empty()


@thales.command("ME")
def translate_mac(ask: TranslateMac, hsm: Hsm) -> MacGenerated:
    """Verify the MAC of a message and generate another under a second TAK; the message goes to the end, as with MA."""
    source, destination = hsm.key(ask.source_tak, Usage.TAK), hsm.destination(ask.destination_tak, Usage.TAK)
    _verify(source, ask.data, ask.mac)
    return MacGenerated(mac=_generated(destination, ask.data))


@thales.command("MK")
def generate_binary_mac(ask: GenerateBinaryMac, hsm: Hsm) -> MacGenerated:
    """Generate the MAC of a binary message of 1 to 800 bytes (Base24).

    The length counts bytes; the count of hexadecimal characters that asynchronous lines had does not occur on TCP or
    UDP.  The algorithm is MA's.
    """
    return MacGenerated(mac=_generated(hsm.key(ask.tak, Usage.TAK), ask.data))


@thales.command("MM")
def verify_binary_mac(ask: VerifyBinaryMac, hsm: Hsm) -> Empty:
    """Verify the MAC of a binary message of 1 to 800 bytes (Base24); see MK."""
    _verify(hsm.key(ask.tak, Usage.TAK), ask.data, ask.mac)
    return Empty()


def _generated(key: ClearKey, data: bytes) -> bytes:
    return macs.generate(macs.des_key(key), MacAlgorithm.RETAIL, data)[:MAC_BYTES]


def _verify(key: ClearKey, data: bytes, given: bytes) -> None:
    macs.verify(macs.des_key(key), MacAlgorithm.RETAIL, data, given)
