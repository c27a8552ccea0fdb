"""Emulated smart cards: who holds them, and what is on them, sealed under the holder's PIN.

The content of a card is sealed with AES-256-GCM twice: under a key that scrypt (RFC 7914) makes of the PIN, and around
that under the rack's own key, so that a stolen file does not let PINs be searched, and a damaged card can be told from a
wrong PIN.  A try is taken off, at rest, before a PIN is looked at, so that no crash gives one back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIN_TRIES = 3
PIN_DIGITS = re.compile("[0-9]{5,8}")
HOLDER = re.compile("[A-Z][A-Z .'-]{0,19}")
SERIAL_DIGITS = 8
CONTENT_BYTES_MAX = 8_192
CARDS_MAX = 10_000

_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 1  # 16 MiB and a twentieth of a second
_NONCE_BYTES, _SALT_BYTES, _KEY_BYTES = 12, 16, 32


class Role(Enum):
    """What the holder of a card may do with it."""

    OFFICER = "officer"
    CUSTODIAN = "custodian"


class CardError(Exception):
    """A card can't be used; the message says why, and never names a PIN."""


class CardPinWrong(CardError):
    """The PIN is wrong."""


class CardLocked(CardError):
    """No tries are left."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it lies in the rack: *serial* 8 digits, *holder* a name in capitals, *sealed* its content."""

    serial: str
    holder: str
    role: Role
    tries_left: int
    salt: bytes
    sealed: bytes

    def bound(self) -> bytes:
        """What the seal binds."""
        return json.dumps(["zonekey card", self.serial, self.holder, self.role.value]).encode()


class CardShelf(Protocol):
    """Where cards lie; every change is at rest before its method returns, or it raises StorageError."""

    def get(self, serial: str) -> Card | None: ...

    def cards(self) -> tuple[Card, ...]: ...

    def put(self, card: Card) -> None: ...

    def remove(self, serial: str) -> None: ...


class MemoryShelf:
    """Cards that last as long as the process."""

    def __init__(self) -> None:
        self._cards: dict[str, Card] = {}

    def get(self, serial: str) -> Card | None:
        return self._cards.get(serial)

    def cards(self) -> tuple[Card, ...]:
        return tuple(self._cards.values())

    def put(self, card: Card) -> None:
        self._cards[card.serial] = card

    def remove(self, serial: str) -> None:
        self._cards.pop(serial, None)


class CardRack:
    """The cards of one appliance on *shelf*, under the rack's *key* of 32 bytes."""

    def __init__(self, shelf: CardShelf, key: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._shelf = shelf
        self._outer = AESGCM(key)
        self._random = random

    def rekey(self, key: bytes) -> None:
        """Lie under another *key*, because the one there was is destroyed: no card sealed before opens any more."""
        self._outer = AESGCM(key)

    def cards(self) -> tuple[Card, ...]:
        """All cards, by serial number."""
        return tuple(sorted(self._shelf.cards(), key=lambda card: card.serial))

    def card(self, serial: str) -> Card:
        """The card with the number *serial*.  Raises CardError."""
        found = self._shelf.get(serial)
        if found is None:
            raise CardError(f"There is no card {serial[:SERIAL_DIGITS]}.")
        return found

    def issue(self, holder: str, role: Role, pin: str) -> Card:
        """A new, empty card of *holder* under *pin* (5 to 8 digits).  Raises CardError for either that will not do."""
        if not HOLDER.fullmatch(holder):
            raise CardError("A holder's name is 1 to 20 letters, blanks, dots, dashes and apostrophes.")
        self._check_form(pin)
        taken = {card.serial for card in self._shelf.cards()}
        if len(taken) >= CARDS_MAX:
            raise CardError(f"There are {CARDS_MAX} cards already.")
        while (serial := f"{int.from_bytes(self._random(8), 'big') % 10**SERIAL_DIGITS:0{SERIAL_DIGITS}d}") in taken:
            pass
        card = Card(serial, holder, role, PIN_TRIES, self._random(_SALT_BYTES), b"")
        card = self._sealed(card, pin, b"")
        self._shelf.put(card)
        return card

    def read(self, serial: str, pin: str) -> bytes:
        """What is on the card.  Raises CardPinWrong, CardLocked, CardError."""
        return self._opened(serial, pin)[1]

    def write(self, serial: str, pin: str, content: bytes) -> None:
        """Put *content* on the card in place of what was there.  Raises as ``read``."""
        if len(content) > CONTENT_BYTES_MAX:
            raise CardError(f"A card holds {CONTENT_BYTES_MAX} bytes.")
        card, _ = self._opened(serial, pin)
        self._shelf.put(self._sealed(card, pin, content))

    def change_pin(self, serial: str, pin: str, new_pin: str) -> None:
        """Have the card's content lie under *new_pin*.  Raises as ``read``."""
        self._check_form(new_pin)
        card, content = self._opened(serial, pin)
        self._shelf.put(self._sealed(card, new_pin, content))

    def erase(self, serial: str) -> None:
        """Destroy the card.  Raises CardError when there is none."""
        self._shelf.remove(self.card(serial).serial)

    def give_tries_back(self, serial: str) -> None:
        """Let the holder of a locked card try again.  Raises CardError when there is none."""
        self._shelf.put(replace(self.card(serial), tries_left=PIN_TRIES))

    def zeroise(self, key: bytes) -> None:
        """Destroy every card; those to come lie under *key*.  Raises StorageError; no card can be read even so."""
        self._outer = AESGCM(key)
        for card in self._shelf.cards():
            self._shelf.remove(card.serial)

    def check(self, card: Card) -> bytes:
        """What of *card* can be seen without its PIN, still sealed.  Raises CardError when it is damaged."""
        try:
            return self._outer.decrypt(card.sealed[:_NONCE_BYTES], card.sealed[_NONCE_BYTES:], card.bound())
        except InvalidTag:
            raise CardError(f"Card {card.serial} is damaged.") from None

    @staticmethod
    def _check_form(pin: str) -> None:
        if not PIN_DIGITS.fullmatch(pin):
            raise CardError("A card's PIN is 5 to 8 digits.")

    def _opened(self, serial: str, pin: str) -> tuple[Card, bytes]:
        card = self.card(serial)
        if card.tries_left <= 0:
            raise CardLocked(f"Card {serial} is locked.")
        inner = self.check(card)
        tried = replace(card, tries_left=card.tries_left - 1)
        self._shelf.put(tried)
        try:
            content = self._of_pin(card, pin).decrypt(inner[:_NONCE_BYTES], inner[_NONCE_BYTES:], card.bound())
        except InvalidTag:
            if not tried.tries_left:
                raise CardLocked(f"Wrong PIN: card {serial} is locked now.") from None
            left = "1 try is" if tried.tries_left == 1 else f"{tried.tries_left} tries are"
            raise CardPinWrong(f"Wrong PIN: {left} left.") from None
        self._shelf.put(replace(card, tries_left=PIN_TRIES))
        return replace(card, tries_left=PIN_TRIES), content

    def _sealed(self, card: Card, pin: str, content: bytes) -> Card:
        card = replace(card, salt=self._random(_SALT_BYTES))
        inner, outer = self._random(_NONCE_BYTES), self._random(_NONCE_BYTES)
        under_pin = inner + self._of_pin(card, pin).encrypt(inner, content, card.bound())
        return replace(card, sealed=outer + self._outer.encrypt(outer, under_pin, card.bound()))

    @staticmethod
    def _of_pin(card: Card, pin: str) -> AESGCM:
        made = hashlib.scrypt(
            pin.encode("ascii", "replace"), salt=card.salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=_KEY_BYTES
        )
        return AESGCM(made)
