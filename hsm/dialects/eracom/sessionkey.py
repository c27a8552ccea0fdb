"""Session keys, made for another party or received from it: EE0400 to EE0405, EE040C, 41."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, TypedDict

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    ANY_KEY,
    CBC,
    UNDER_TRANSPORT,
    AnyKey,
    CheckValue,
    Kir,
    Kis,
    Ktm,
    Mode,
    Request,
    StoredIndex,
    UnderTransport,
    key_field,
    specifier,
    stored,
)
from hsm.keys.domaintypes import DPK, IPEK, KI, KIR, KIS, KTM, MPK, PPK
from hsm.keys.km import TransportKey, VariantScheme
from hsm.keys.specifier import DUKPT, parsed
from hsm.operations import domainkeys
from hsm.operations.domainkeys import Kept, Sort
from hsm.refusal import DigitsInvalid, KeySpecForbidden, MessageLengthInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import Whole
from hsm.wire.shapes import Group, Repeated, ToEnd

CATEGORY = Category.KEY

_OF_FLAG = MappingProxyType(
    {
        0: (DPK, 8), 1: (PPK, 8), 2: (MPK, 8),
        4: (DPK, 24), 5: (PPK, 24), 6: (MPK, 24),
        8: (DPK, 16), 9: (PPK, 16), 10: (MPK, 16),
    }
)  # fmt: skip
"""Type and length, bytes, of the key that a flag asks for."""
_MODES = MappingProxyType({0: False, 1 << 12: True})
_MODE_BITS = 3 << 12
KEYS_MAX = len(_OF_FLAG)

KeyFlags = Annotated[int, Whole(2, 0, 0xFFFF)]
"""Which keys are wanted: bits 0 to 2, from the lowest, a DPK, PPK and MPK of single, 4 to 6 of triple, 8 to 10 of double
length; bits 12 and 13 are 01 for CBC.  See ``Wanted``."""


@dataclass(frozen=True)
class Wanted:
    """What the key *flags* of a request ask for."""

    flags: int

    def check_count(self, given: int) -> None:
        """Nothing, if a request brings *given* keys, one for each flag; else MessageLengthInvalid."""
        if (self.flags & ~_MODE_BITS).bit_count() != given:
            raise MessageLengthInvalid

    def sorts(self) -> tuple[Sort, ...]:
        """The keys in order; raises DigitsInvalid for none, a reserved flag, or a mode whose form is not public."""
        modes, bits = self.flags & _MODE_BITS, self.flags & ~_MODE_BITS
        sorts = tuple(
            Sort(*of, cbc=_MODES[modes]) for bit, of in _OF_FLAG.items() if bits >> bit & 1 and modes in _MODES
        )
        if not sorts or len(sorts) != bits.bit_count():
            raise DigitsInvalid
        return sorts


class KeyMade(Message):
    """A key under the transport key, the same under the KM, and its check value."""

    cryptogram: UnderTransport
    key: AnyKey
    check_value: CheckValue


class KeyReceived(Message):
    """A key under the KM, and its check value."""

    key: AnyKey
    check_value: CheckValue


class KeyUnderPresent(Message):
    """The present session key, and its successor under it."""

    present: AnyKey
    cryptogram: UnderTransport


KeyCount = Annotated[int, Whole(1, 1, KEYS_MAX)]


class KeysMade(Message):
    count: KeyCount
    keys: Annotated[tuple[KeyMade, ...], Repeated("count", Group(KeyMade))]


class KeysReceived(Message):
    count: KeyCount
    keys: Annotated[tuple[KeyReceived, ...], Repeated("count", Group(KeyReceived))]


class MakeForTerminal(Request):
    terminal_key: Ktm
    flags: KeyFlags


class MakeUnderPresent(Request):
    flags: KeyFlags
    present: Annotated[tuple[str, ...], ToEnd(ANY_KEY, KEYS_MAX)]


class MakeForInterchange(Request):
    transport_key: Kis
    flags: KeyFlags


class ReceiveFromInterchange(Request):
    transport_key: Kir
    flags: KeyFlags
    cryptograms: Annotated[tuple[bytes, ...], ToEnd(UNDER_TRANSPORT, KEYS_MAX)]


class ReceiveUnderPresent(Request):
    flags: KeyFlags
    keys: Annotated[tuple[KeyUnderPresent, ...], ToEnd(Group(KeyUnderPresent), KEYS_MAX)]


class DeriveInitialKey(Request):
    terminal_key: Ktm
    serial_number: Annotated[str, key_field(IPEK)]
    mode: Mode


class InitialKey(Message):
    cryptogram: UnderTransport
    check_value: CheckValue


class MakeTerminalPinKey(Message):
    terminal_key_index: StoredIndex


class TerminalPinKey(Message):
    under_terminal_key: Annotated[bytes, Binary(8)]
    under_km: Annotated[bytes, Binary(8)]


class _Told(TypedDict):
    key: str
    check_value: bytes


def _made(hsm: Hsm, transports: Sequence[TransportKey], sorts: tuple[Sort, ...]) -> KeysMade:
    made = [domainkeys.new_session_key(hsm, *each) for each in zip(transports, sorts, strict=True)]
    keys = tuple(KeyMade(cryptogram=under, **_told(kept)) for under, kept in made)
    return KeysMade(count=len(keys), keys=keys)


def _told(kept: Kept) -> _Told:
    return {"key": specifier(kept.specifier), "check_value": kept.check_value}


def _received(kept: list[Kept]) -> KeysReceived:
    return KeysReceived(count=len(kept), keys=tuple(KeyReceived(**_told(each)) for each in kept))


def _present(hsm: Hsm, specifiers: Sequence[str], wanted: Wanted) -> tuple[list[TransportKey], tuple[Sort, ...]]:
    """The present session keys, each of the type of its flag, as what their successors lie under."""
    wanted.check_count(len(specifiers))
    rows = [sort.row for sort in wanted.sorts()]
    found = [hsm.domain_key(*each) for each in zip(specifiers, rows, strict=True)]
    return [TransportKey(key, VariantScheme.NONE, hsm.domain.domain.km) for key in found], wanted.sorts()


@eracom.command("EE0400")
def make_for_terminal(ask: MakeForTerminal, hsm: Hsm) -> KeysMade:
    """Make session keys for a terminal, under its KTM.

    The flags, from the lowest bit: 0 to 2 a DPK, PPK and MPK of single length, 4 to 6 of triple, 8 to 10 of double; bits
    12 and 13 are the mode, 00 for ECB and 01 for CBC with a zero vector, under the KTM and the KM alike.  There is one
    group for each bit that is set, the lowest first (inferred; most hosts ask for one key).  Refused (04): no key, the
    mode 10, whose TR-31 form is not public, and bits 3, 7 and 11, once key-encrypting keys and now reserved.
    """
    transport = hsm.domain.transport_key(ask.terminal_key, (KTM,))
    sorts = Wanted(ask.flags).sorts()
    return _made(hsm, [transport] * len(sorts), sorts)


@eracom.command("EE0401")
def make_under_present(ask: MakeUnderPresent, hsm: Hsm) -> KeysMade:
    """Make the next session keys for a terminal, each under the present one.

    One present key stands for each flag, in the order of the flags, and is of the type that its flag says; other numbers
    of keys are a wrong length (03).  What holds of the flags for EE0400 holds here.
    """
    return _made(hsm, *_present(hsm, ask.present, Wanted(ask.flags)))


@eracom.command("EE0402")
def make_for_interchange(ask: MakeForInterchange, hsm: Hsm) -> KeysMade:
    """Make session keys for an interchange partner, under a KIS or, where format 08 says so, a KI.

    Flags as for EE0400, variants of transport keys as for EE0200.
    """
    transport = hsm.domain.transport_key(ask.transport_key, (KIS, KI))
    sorts = Wanted(ask.flags).sorts()
    return _made(hsm, [transport] * len(sorts), sorts)


@eracom.command("EE0403")
def receive_from_interchange(ask: ReceiveFromInterchange, hsm: Hsm) -> KeysReceived:
    """Take in session keys from an interchange partner, under a KIR or, where format 08 says so, a KI.

    One key stands for each flag; other numbers of keys are a wrong length (03), a key of another length than its flag says
    is inconsistent (0C).  The keys get odd parity.  Flags as for EE0400, variants of transport keys as for EE0200.
    """
    wanted = Wanted(ask.flags)
    wanted.check_count(len(ask.cryptograms))
    transport = hsm.domain.transport_key(ask.transport_key, (KIR, KI))
    pairs = zip(ask.cryptograms, wanted.sorts(), strict=True)
    return _received([domainkeys.received_session_key(hsm, transport, *pair) for pair in pairs])


@eracom.command("EE0404")
def make_next_for_interchange(ask: MakeUnderPresent, hsm: Hsm) -> KeysMade:
    """Make the next session keys for an interchange partner, each under the present one.

    As EE0401; that no variant is used under a present key is inferred.
    """
    return _made(hsm, *_present(hsm, ask.present, Wanted(ask.flags)))


@eracom.command("EE0405")
def receive_next_from_interchange(ask: ReceiveUnderPresent, hsm: Hsm) -> KeysReceived:
    """Take in the next session keys from an interchange partner, each under the present one.

    The present keys are as for EE0404; what is told of the new ones, as for EE0403.
    """
    transports, sorts = _present(hsm, [each.present for each in ask.keys], Wanted(ask.flags))
    given = zip(transports, (each.cryptogram for each in ask.keys), sorts, strict=True)
    return _received([domainkeys.received_session_key(hsm, *each) for each in given])


@eracom.command("EE040C")
def derive_initial_key(ask: DeriveInitialKey, hsm: Hsm) -> InitialKey:
    """Derive a DUKPT initial key (ANSI X9.24-1:2009 annex A.6) for a terminal, under its KTM.

    The serial number is a key specifier of format 20 (else 23): a BDK, the key serial number, of which the counter is not
    looked at, and 00.  The key is under the KTM as it is derived, whatever its parity.  The mode is 00 for ECB, 01 for CBC
    with a zero vector.
    """
    if parsed(ask.serial_number).form != DUKPT:
        raise KeySpecForbidden
    transport = hsm.domain.transport_key(ask.terminal_key, (KTM,))
    key = hsm.domain_key(ask.serial_number, IPEK)
    cryptogram, check_value = domainkeys.export_key(hsm, transport, key, IPEK, cbc=ask.mode == CBC)
    return InitialKey(cryptogram=cryptogram, check_value=check_value)


@eracom.command("41")
def make_terminal_pin_key(ask: MakeTerminalPinKey, hsm: Hsm) -> TerminalPinKey:
    """Make a PPK of single length for a terminal, under its stored KTM and under the KM."""
    transport = hsm.domain.transport_key(stored(ask.terminal_key_index), (KTM,))
    cryptogram, kept = domainkeys.new_session_key(hsm, transport, Sort(PPK, 8, cbc=False))
    return TerminalPinKey(under_terminal_key=cryptogram, under_km=kept.specifier[1:].encode("latin-1"))
