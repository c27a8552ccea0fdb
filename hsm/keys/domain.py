"""What a Domain Master Key rules: the keys that the appliance keeps for hosts, and any key that a host can specify.

Stored keys stand in one table for each key type, under an index; they lie under the KM as those that hosts keep do.
Opening a specifier costs more than using the key, so keys once opened are kept in a bounded cache, as in ``ring``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from hsm.crypto.dukpt import Variant
from hsm.crypto.parity import with_odd
from hsm.keys.domaintypes import BDK, DOMAIN_KEY_TYPES, DPK, IPEK, KI, KMC, MPK, PPK, PVK, DomainKeyType
from hsm.keys.dukpt import transaction_key
from hsm.keys.initialkey import initial_key
from hsm.keys.km import (
    Held,
    KeyAndTable,
    Km,
    Random,
    TransportKey,
    VariantScheme,
    check_value,
    with_table,
)
from hsm.keys.ring import Rules
from hsm.keys.secret import ClearKey
from hsm.keys.signing import SigningKey
from hsm.keys.specifier import CARD, DUKPT, RSA_PUBLIC, SESSION, Specifier, checked_index, parsed
from hsm.refusal import (
    DomainUnavailable,
    KeyLengthInvalid,
    KeyNotStored,
    KeySpecContentInvalid,
    KeySpecForbidden,
    KeyTypeInvalid,
)

_FORMS = MappingProxyType({8: 0x10, 16: 0x11, 24: 0x12})
_CBC_FORMS = MappingProxyType({0x10: 0x10, 0x11: 0x13, 0x12: 0x14})
_DUKPT_VARIANTS = MappingProxyType({PPK: Variant.PIN, MPK: Variant.MAC_REQUEST, DPK: Variant.DATA_REQUEST})
_CARD_TYPES = frozenset({PPK, MPK, DPK})
_ZERO = bytes(8)
SIGNING_KEYS_MAX = 64
"""How many RSA keys are kept open."""

Place = tuple[str, int]
"""Where a stored key stands: the code of its type and its index, 1 to 9999."""


@dataclass(frozen=True)
class StoredKey:
    """A key kept for hosts: 8, 16 or 24 bytes under the KM (ECB), and its check value of 3 bytes.

    *scheme* is how it is changed for the keys under it, if it is a transport key; None: as is usual for its type.
    """

    cryptogram: bytes
    check_value: bytes
    scheme: VariantScheme | None = None


@dataclass(frozen=True)
class Domain:
    """A KM and the keys stored under it."""

    km: Km
    stored: Mapping[Place, StoredKey] = field(default_factory=lambda: MappingProxyType({}))

    def storing(self, place: Place, stored: StoredKey) -> Domain:
        """This domain with *stored* at *place*."""
        return Domain(self.km, MappingProxyType({**self.stored, place: stored}))

    def without(self, place: Place) -> Domain:
        """This domain with nothing at *place*."""
        return Domain(self.km, MappingProxyType({at: key for at, key in self.stored.items() if at != place}))


def stored_key(km: Km, clear: bytes, row: DomainKeyType, scheme: VariantScheme | None = None) -> StoredKey:
    """Clear bytes as a stored key of type *row*: 8, 16 or 24, of which a PVK's last 8 are its table.

    Raises KeyLengthInvalid, and DecimalisationTableInvalid for a PVK without table.
    """
    if len(clear) not in _FORMS:
        raise KeyLengthInvalid
    held: Held = with_table(clear) if row is PVK else ClearKey(clear)
    return stored_held(km, held, row, scheme)


def stored_held(km: Km, held: Held, row: DomainKeyType, scheme: VariantScheme | None = None) -> StoredKey:
    """*held* as a stored key of type *row*."""
    form = form_for(held)
    return StoredKey(km.wrap(held, row, form, lambda count: b"")[1:], check_value(key_in(held)), scheme)


def key_in(held: Held) -> ClearKey:
    """The key alone."""
    return held.key if isinstance(held, KeyAndTable) else held


def form_for(held: Held) -> int:
    """The specifier format of ECB that is as long as *held*."""
    return _FORMS[held.key.key_bytes + len(held.table) // 2 if isinstance(held, KeyAndTable) else held.key_bytes]


def cbc_form_for(held: Held) -> int:
    """As ``form_for``, of CBC; a single-length key is one block, for which the two are the same."""
    return _CBC_FORMS[form_for(held)]


def usual_scheme(row: DomainKeyType) -> VariantScheme:
    """How a transport key of type *row* is changed when nothing says so: KI by the Eracom scheme, others not at all.

    The first is in device traces; so is that a KTM is not.  For KIS and KIR in formats 10 to 14 it is inferred.
    """
    return VariantScheme.ERACOM if row is KI else VariantScheme.NONE


class DomainRing:
    """Every key that specifiers stand for in *domain*, None when no KM is loaded."""

    def __init__(self, domain: Domain | None, rules: Rules, *, cached_keys_max: int = 4096) -> None:
        """*cached_keys_max* bounds each of the caches, which are of keys, transport keys and PIN verification keys."""
        self._domain = domain
        self.rules = rules
        self.key: Callable[[str, DomainKeyType], ClearKey] = self._key
        """The key that a specifier (text, led by its count) stands for, in a field for keys of that type.

        Raises the KeySpec refusals, IndexInvalid, KeyNotStored, KeyTypeInvalid, DomainUnavailable, the KeyBlock refusals
        and those of the rules.
        """
        self.verification_key: Callable[[str], KeyAndTable] = self._verification_key
        """The PIN verification key of type PVK with its decimalisation table; raises as ``key``."""
        self.transport_key: Callable[[str, tuple[DomainKeyType, ...]], TransportKey] = self._transport_key
        """A transport key, of the first of these types unless the specifier states another of them; raises as ``key``."""
        self.key_and_type: Callable[[str, tuple[DomainKeyType, ...]], tuple[ClearKey, DomainKeyType]] = (
            self._key_and_type
        )
        """The key that a specifier stands for, and which of these types it is of; otherwise as ``key``."""
        self.signing_key: Callable[[str], SigningKey] = self._signing_key
        """The RSA key in a TR-31 block under the KM.  Raises the KeyBlock refusals, DomainUnavailable."""
        if rules.cache:
            self.signing_key = lru_cache(maxsize=SIGNING_KEYS_MAX)(self._signing_key)
            self.key = lru_cache(maxsize=cached_keys_max)(self._key)
            self.key_and_type = lru_cache(maxsize=cached_keys_max)(self._key_and_type)
            self.verification_key = lru_cache(maxsize=cached_keys_max)(self._verification_key)
            self.transport_key = lru_cache(maxsize=cached_keys_max)(self._transport_key)

    @property
    def domain(self) -> Domain:
        """Raises DomainUnavailable when no KM is loaded."""
        if self._domain is None:
            raise DomainUnavailable
        return self._domain

    def wrap(self, held: Held, row: DomainKeyType, form: int, random: Random) -> str:
        """The specifier, of format *form* and without its count, of *held* under the KM; see ``Km.wrap``."""
        return self.domain.km.wrap(held, row, form, random).decode("latin-1")

    def held(self, text: str, row: DomainKeyType) -> Held:
        """What a specifier stands for in one piece: a PVK with its table, any other key."""
        return self.verification_key(text) if row is PVK else self.key(text, row)

    def check(self, text: str, codes: tuple[str, ...]) -> None:
        """Nothing, if the specifier stands for a key of one of the types *codes*; else raises what using it would."""
        rows = tuple(DOMAIN_KEY_TYPES[code] for code in codes)
        if PVK in rows:
            self.verification_key(text)
        elif rows:
            self.transport_key(text, rows)
        else:
            parsed(text)

    def _key_and_type(self, text: str, rows: tuple[DomainKeyType, ...]) -> tuple[ClearKey, DomainKeyType]:
        return self._opened(parsed(text), rows)

    def _key(self, text: str, row: DomainKeyType) -> ClearKey:
        key, _ = self._opened(parsed(text), (row,))
        return key

    def _verification_key(self, text: str) -> KeyAndTable:
        given, row = _typed(parsed(text), (PVK,))
        stored = self._stored(given, row)
        if stored is None:
            held = self.domain.km.open_with_table(given.form, given.content)
        else:
            held = self.domain.km.open_with_table(_FORMS[len(stored.cryptogram)], stored.cryptogram)
        self.rules.allow(held.key)
        return held

    def _transport_key(self, text: str, rows: tuple[DomainKeyType, ...]) -> TransportKey:
        given = parsed(text)
        key, row = self._opened(given, rows)
        stored = self._stored(_typed(given, rows)[0], row)
        scheme = stored.scheme if stored is not None and stored.scheme is not None else usual_scheme(row)
        return TransportKey(key, scheme, self.domain.km)

    def _signing_key(self, block: str) -> SigningKey:
        return self.domain.km.open_signing_key(block)

    def _opened(self, given: Specifier, rows: tuple[DomainKeyType, ...]) -> tuple[ClearKey, DomainKeyType]:
        given, row = _typed(given, rows)
        stored = self._stored(given, row)
        if stored is not None:
            key = self.domain.km.open(_FORMS[len(stored.cryptogram)], stored.cryptogram, row)
        elif given.inner is not None:
            key = self._derived(given, given.inner, row)
        elif given.form == RSA_PUBLIC:
            raise KeySpecForbidden
        else:
            key = self.domain.km.open(given.form, given.content, row)
        self.rules.allow(key)
        return key, row

    def _stored(self, given: Specifier, row: DomainKeyType) -> StoredKey | None:
        """The stored key that *given* names; None when it names none.  Raises IndexInvalid, KeyNotStored."""
        if given.index is None:
            return None
        try:
            return self.domain.stored[row.code, checked_index(given.index, given.form)]
        except KeyError:
            raise KeyNotStored from None

    def _derived(self, given: Specifier, inner: Specifier, row: DomainKeyType) -> ClearKey:
        """The key of a transaction (20), card (50) or card session (51).

        20: the initial key for an IPEK, else the key of that transaction for the use of the field: PIN, MAC or data in
        requests.  The byte that says what is derived is not public: 00 alone is taken.  50: the card data enciphered
        under the KMC; 51: the session data under that, CBC; as card management derives keys (EMV CPS 1.1, inferred).
        """
        if given.form == DUKPT:
            if given.extra != b"\x00":
                raise KeySpecContentInvalid
            bdk, _ = self._opened(inner, (BDK,))
            if row is IPEK:
                return initial_key(bdk, given.content.hex()[:16], 16)
            if row not in _DUKPT_VARIANTS:
                raise KeySpecForbidden
            return transaction_key(bdk, given.content, _DUKPT_VARIANTS[row])
        if given.form not in (CARD, SESSION) or row not in _CARD_TYPES:
            raise KeySpecForbidden
        kmc, _ = self._opened(inner, (KMC,))
        key = ClearKey(with_odd(kmc.cipher.encrypt(given.content)))
        if given.form == SESSION:
            key = ClearKey(with_odd(key.cipher.encrypt_cbc(given.extra, _ZERO)))
        return key


def _typed(given: Specifier, rows: tuple[DomainKeyType, ...]) -> tuple[Specifier, DomainKeyType]:
    """What stands in *given*, and the type it is of: one of *rows*, the first unless *given* states another."""
    if given.key_type is None or given.inner is None:
        return given, rows[0]
    if given.key_type not in rows:
        raise KeyTypeInvalid
    return given.inner, given.key_type
