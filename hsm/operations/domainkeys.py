"""Keys under the Domain Master Key: made, taken in from under a transport key, given out under one, and described."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.domain import cbc_form_for, form_for, key_in
from hsm.keys.domaintypes import DERIVES, PVK, DomainKeyType
from hsm.keys.generate import random_key
from hsm.keys.km import Held, KeyAndTable, TransportKey, check_value, has_odd_parity
from hsm.keys.specifier import BLOCK, KEY_BYTES
from hsm.keys.strength import is_weak_key
from hsm.operations.border import check_bare, check_strength, narrowed
from hsm.refusal import (
    DestinationKeyParity,
    FieldsInconsistent,
    KeyBlockExportabilityInvalid,
    KeyLengthInvalid,
    KeySpecForbidden,
    KeySpecUnsupported,
    KeyTypeInvalid,
)

BLOCK_KEY_BYTES = 16
"""A new key in a TR-31 block is of double length: nothing in the request says otherwise."""


@dataclass(frozen=True)
class Kept:
    """A key as a host keeps it: format byte and content of its specifier, and its check value of 3 bytes."""

    specifier: str
    check_value: bytes


@dataclass(frozen=True)
class Sort:
    """What a session key is to be: its type and length, and whether all that it lies under enciphers it by CBC."""

    row: DomainKeyType
    key_bytes: int
    cbc: bool


@dataclass(frozen=True)
class Details:
    """What may be told of a key: whether every byte has odd parity, and its check value of 3 bytes."""

    odd_parity: bool
    check_value: bytes


def new_key(hsm: Hsm, row: DomainKeyType, form: int) -> str:
    """Format byte and content of the specifier, of format *form*, of a new key of type *row*.

    Raises KeySpecUnsupported for a format that holds no key, KeyTypeInvalid for a PVK, which would have no table, and
    KeyLengthInvalid for a single-length key to derive others from.
    """
    if form != BLOCK and form not in KEY_BYTES:
        raise KeySpecUnsupported
    if row is PVK:
        raise KeyTypeInvalid
    key = random_key(Algorithm.TDES, KEY_BYTES.get(form, BLOCK_KEY_BYTES), hsm.random.bytes)
    if row in DERIVES and key.key_bytes != 16:
        raise KeyLengthInvalid
    hsm.domain.rules.allow(key)
    return hsm.domain.wrap(key, row, form, hsm.random.bytes)


def import_key(hsm: Hsm, transport: TransportKey, cryptogram: bytes, row: DomainKeyType, *, cbc: bool) -> Kept:
    """The key of type *row* in *cryptogram* under *transport*, made odd, under the KM.

    Raises KeyLengthInvalid (also for a transport key weaker than the key), DestinationKeyParity for a weak or zero key,
    VariantSchemeInvalid, DecimalisationTableInvalid, KeyMasquerades, and KeySchemeInvalid in trusted format only.
    """
    held = taken_in(hsm, transport, cryptogram, row, cbc=cbc)
    return _kept(hsm, held, row, form_for(held))


def taken_in(hsm: Hsm, transport: TransportKey, cryptogram: bytes, row: DomainKeyType, *, cbc: bool) -> Held:
    """The key of type *row* in *cryptogram* under *transport*, made odd; raises as ``import_key``."""
    check_bare(hsm)
    held = transport.unwrap(cryptogram, row, cbc=cbc)
    key = key_in(held)
    check_strength(hsm, transport.key, key)
    if is_weak_key(key):
        raise DestinationKeyParity
    hsm.domain.rules.allow(key)
    return held


def _kept(hsm: Hsm, held: Held, row: DomainKeyType, form: int) -> Kept:
    return Kept(hsm.domain.wrap(held, row, form, hsm.random.bytes), check_value(key_in(held)))


def bound_key(hsm: Hsm, held: Held, row: DomainKeyType, mode: str, exportability: str) -> Kept:
    """*held*, of type *row*, in a TR-31 block of that *mode* of use and *exportability*, neither of which allows more.

    Raises KeySpecForbidden for a PVK with its table, KeyBlockModeInvalid, KeyBlockExportabilityInvalid.
    """
    if isinstance(held, KeyAndTable):
        raise KeySpecForbidden
    own = held.attributes or hsm.domain.domain.km.usual_attributes(held, row)
    bound = held.with_attributes(narrowed(own, replace(own, mode=mode, exportability=exportability)))
    return _kept(hsm, bound, row, BLOCK)


def new_session_key(hsm: Hsm, transport: TransportKey, sort: Sort) -> tuple[bytes, Kept]:
    """A new key of that *sort*, under *transport* and under the KM.

    Raises KeyLengthInvalid for a transport key weaker than the key, VariantSchemeInvalid, and what the rules raise.
    """
    key = random_key(Algorithm.TDES, sort.key_bytes, hsm.random.bytes)
    hsm.domain.rules.allow(key)
    cryptogram, _ = export_key(hsm, transport, key, sort.row, cbc=sort.cbc)
    return cryptogram, _kept(hsm, key, sort.row, cbc_form_for(key) if sort.cbc else form_for(key))


def received_session_key(hsm: Hsm, transport: TransportKey, cryptogram: bytes, sort: Sort) -> Kept:
    """The key of that *sort* in *cryptogram* under *transport*, under the KM.

    Raises as ``import_key``, and FieldsInconsistent for a key of another length.
    """
    held = taken_in(hsm, transport, cryptogram, sort.row, cbc=sort.cbc)
    if key_in(held).key_bytes != sort.key_bytes:
        raise FieldsInconsistent
    return _kept(hsm, held, sort.row, cbc_form_for(held) if sort.cbc else form_for(held))


def export_key(hsm: Hsm, transport: TransportKey, held: Held, row: DomainKeyType, *, cbc: bool) -> tuple[bytes, bytes]:
    """*held*, of type *row*, under *transport*, and its check value of 3 bytes.

    Raises KeyLengthInvalid for a transport key weaker than the key, VariantSchemeInvalid, and
    KeyBlockExportabilityInvalid for a key whose block says that it does not leave (ANSI X9.143 clause 6.7), and
    KeySchemeInvalid in trusted format only.
    """
    check_bare(hsm)
    key = key_in(held)
    if key.attributes is not None and key.attributes.exportability == "N":
        raise KeyBlockExportabilityInvalid
    check_strength(hsm, transport.key, key)
    return transport.wrap(held, row, cbc=cbc), check_value(key)


def details(held: Held) -> Details:
    """What may be told of *held*."""
    key = key_in(held)
    return Details(has_odd_parity(key), check_value(key))


def specifier_of(index: int) -> str:
    """The key specifier, led by its count, of the key stored at *index*, 1 to 9999."""
    return "\x03\x03" + index.to_bytes(2, "big").decode("latin-1")
