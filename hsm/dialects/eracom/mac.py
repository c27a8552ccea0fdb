"""MACs: EE0700, EE0701, EE0702, 70.

EE0710 and EE0711 (ZKA) answer 02, like any unknown function: one client names them, and what they do is not public.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.mac import Padding
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import DATA_BYTES_MAX, Data, MacValue, Mpk, Request, StoredIndex, Vector, stored
from hsm.keys.domaintypes import MPK
from hsm.operations import macs
from hsm.operations.macs import MacAlgorithm, Part
from hsm.refusal import DataLengthInvalid, DigitsInvalid, InputInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Empty, Message
from hsm.wire.packed import PackedChoice, Whole
from hsm.wire.shapes import Rest

CATEGORY = Category.MAC
MAC_BYTES_MIN = 4
"""ISO 16609 clause 5.3 has no shorter MAC, and a shorter one could be found by trying."""
LEGACY_MAC_BYTES = 4
_ZERO = bytes(8)

_METHODS = MappingProxyType(
    {
        "00": (MacAlgorithm.RETAIL, Padding.ZEROS),
        "01": (MacAlgorithm.CBC, Padding.ZEROS),
        "10": (MacAlgorithm.RETAIL, Padding.BIT),
        "11": (MacAlgorithm.CBC, Padding.BIT),
    }
)
Method = Annotated[str, PackedChoice(tuple(_METHODS), wrong=DigitsInvalid)]
"""On the right 0 for ISO 9797-1 algorithm 3 (ANSI X9.19), 1 for triple DES in CBC; on the left 0 for padding with zeros,
1 for 80 and zeros."""


class UpdateMac(Request):
    method: Method
    running: Vector
    key: Mpk
    data: Data


class MacUpdated(Message):
    running: Vector


@eracom.command("EE0700")
def update_mac(ask: UpdateMac, hsm: Hsm) -> MacUpdated:
    """Take in a part of a message whose MAC is to be made or verified: whole blocks of 8 bytes, and not the last part.

    The running value, zeros for the first part, goes on to the next one.  It is the last block of the CBC encipherment
    under the first 8 bytes of the key, or under the whole key for methods 01 and 11: what the standards chain (inferred).
    """
    key = hsm.domain_key(ask.key, MPK)
    algorithm, _ = _METHODS[ask.method]
    return MacUpdated(running=macs.advance(key, algorithm, ask.data, ask.running))


class MakeMac(Request):
    method: Method
    mac_length: Annotated[int, Whole(1, MAC_BYTES_MIN, 8, wrong=DigitsInvalid)]
    running: Vector
    key: Mpk
    data: Data


class MacMade(Message):
    mac: MacValue


@eracom.command("EE0701")
def make_mac(ask: MakeMac, hsm: Hsm) -> MacMade:
    """Make a MAC of a message, or of the last part of one; the data may be of any length but none.

    The MAC is cut on the left to 4 to 8 bytes; that shorter ones are refused is our choice.
    """
    key = hsm.domain_key(ask.key, MPK)
    algorithm, padding = _METHODS[ask.method]
    mac = macs.generate(key, algorithm, ask.data, padding=padding, part=Part.LAST, running=ask.running)
    return MacMade(mac=mac[: ask.mac_length])


class VerifyMac(Request):
    method: Method
    running: Vector
    key: Mpk
    mac: MacValue
    data: Data


@eracom.command("EE0702")
def verify_mac(ask: VerifyMac, hsm: Hsm) -> Empty:
    """Verify the left 4 to 8 bytes of a MAC of a message, or of the last part of one."""
    key = hsm.domain_key(ask.key, MPK)
    if len(ask.mac) < MAC_BYTES_MIN:
        raise InputInvalid
    algorithm, padding = _METHODS[ask.method]
    macs.verify(key, algorithm, ask.data, ask.mac, padding=padding, part=Part.LAST, running=ask.running)
    return Empty()


class MakeLegacyMac(Message):
    key_index: StoredIndex
    data: Annotated[bytes, Rest(most=DATA_BYTES_MAX, hidden=True)]


class LegacyMacMade(Message):
    mac: Annotated[bytes, Binary(LEGACY_MAC_BYTES)]


@eracom.command("70")
def make_legacy_mac(ask: MakeLegacyMac, hsm: Hsm) -> LegacyMacMade:
    """Make a MAC of 4 bytes, under a stored MPK, of the whole blocks of 8 bytes that are the rest of the message.

    One client's request is all there is: that its first byte is the index of the MPK and what follows it the data, and
    that the MAC is that of ANSI X9.19 (X9.9 under a single-length key) are inferred.
    """
    key = hsm.domain_key(stored(ask.key_index), MPK)
    if len(ask.data) % 8:
        raise DataLengthInvalid
    mac = macs.generate(key, MacAlgorithm.RETAIL, ask.data, part=Part.LAST, running=_ZERO)
    return LegacyMacMade(mac=mac[:LEGACY_MAC_BYTES])
