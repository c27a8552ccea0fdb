"""The order file: what an issuer sends, each value under TKissuer, the whole under a MAC (protocol-spec/perso/order.md).

Written and read card by card, so that memory does not grow with the order.  Who reads it checks its shape as it goes and
finds ``total`` behind the cards; whether the MAC is right only a holder of its key can tell.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from types import MappingProxyType
from typing import NoReturn

from switch.perso.chain import HEAD, START
from switch.perso.sealing import VALUE_BYTES_MAX, check_value_shape
from switch.perso.terms import ATTRIBUTES, CARDS_MAX, ISSUER, NAME, Attribute, CardValues, Refused

VERSION = "1"
LINE_BYTES_MAX = len(Attribute) * (2 * VALUE_BYTES_MAX + 32)
MAC_BYTES = 8
_VERSION_DIGITS = re.compile("[0-9]{2}")
_NUMBER = re.compile("[1-9][0-9]{0,7}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MAC = re.compile(f"[0-9A-F]{{{2 * MAC_BYTES}}}")
_HEAD = (
    ("version", re.compile(VERSION), f"version {VERSION}"),
    ("issuer", ISSUER, "a name without dash"),
    ("id", NAME, "a name"),
    ("product", NAME, "a name"),
    ("key version", _VERSION_DIGITS, "2 digits"),
    ("cards", _NUMBER, f"a number, at most {CARDS_MAX}"),
    ("created", _TIME, "a time in UTC"),
    ("audit", HEAD, "64 hexadecimal digits"),
)


@dataclass(frozen=True)
class OrderHead:
    """Names, *key_version* of TKissuer (2 digits), how many *cards*, when *created* (ISO 8601, UTC).

    *audit* is the hash of the entry about it in the issuer's audit: what the bureau's audit of the order begins with.
    """

    issuer: str
    order: str
    product: str
    key_version: str
    cards: int
    created: str
    audit: str = START


@dataclass(frozen=True)
class OrderTotal:
    """The end: how many *cards*, and the *mac* that shall be that of *digest*."""

    cards: int
    mac: bytes
    digest: bytes


class OrderWriter:
    """Writes an order to *out*."""

    def __init__(self, out: BufferedIOBase, head: OrderHead) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._cards = 0
        told = (
            VERSION,
            head.issuer,
            head.order,
            head.product,
            head.key_version,
            str(head.cards),
            head.created,
            head.audit,
        )
        self._line("|".join(("ORDER", *told)))

    def card(self, card: CardValues) -> None:
        """Write the next card."""
        self._cards += 1
        values = (f"{attribute.label}={value.hex().upper()}" for attribute, value in card.values.items())
        self._line("|".join(("CARD", str(card.sequence), *values)))

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of what is written: when all cards are, this is what the MAC is of."""
        return self._digest.digest()

    def end(self, mac: bytes) -> None:
        """Write the end, with the *mac* of ``digest``."""
        self._out.write(f"TOTAL|{self._cards}|{mac.hex().upper()}\n".encode("ascii"))

    def _line(self, text: str) -> None:
        raw = f"{text}\n".encode("ascii")
        self._digest.update(raw)
        self._out.write(raw)


class OrderReader:
    """Reads *source*, called *name* in complaints: ``head`` is there from the start, ``total`` behind the cards.

    Raises Refused, also while cards are read, for what is cut off, reordered or of no such shape.
    """

    head: OrderHead
    total: OrderTotal

    def __init__(self, source: BufferedIOBase, name: str) -> None:
        self._source = source
        self._name = name
        self._digest = hashlib.sha256()
        self._record = 0
        line = self._next()
        if line[0] != "ORDER" or len(line) != len(_HEAD) + 1:
            self._wrong("", f"the first line is ORDER and {len(_HEAD)} fields")
        for text, (place, pattern, expected) in zip(line[1:], _HEAD, strict=True):
            self._match(place, pattern, text, expected)
        _, issuer, order, product, key_version, cards, created, audit = line[1:]
        self.head = OrderHead(issuer, order, product, key_version, self._cards(cards), created, audit)

    def __iter__(self) -> Iterator[CardValues]:
        """The cards, in order."""
        while True:
            before = self._digest.digest()
            line = self._next()
            if line[0] == "TOTAL":
                break
            self._record += 1
            yield self._card(line)
        self._total(line, before)

    def _card(self, line: list[str]) -> CardValues:
        if line[0] != "CARD" or len(line) < 2:
            self._wrong("", "a line is CARD, its number and values")
        if line[1] != str(self._record):
            self._wrong("sequence", f"expected card {self._record}")
        values: dict[Attribute, bytes] = {}
        for text in line[2:]:
            label, _, digits = text.partition("=")
            attribute = ATTRIBUTES.get(label)
            if attribute is None or attribute in values:
                self._wrong("attribute", "one that is known, once")
            values[attribute] = self._value(attribute, digits)
        if Attribute.HOLDER not in values:
            self._wrong(Attribute.HOLDER.label, "missing")
        return CardValues(self._record, MappingProxyType(values))

    def _value(self, attribute: Attribute, digits: str) -> bytes:
        if not re.fullmatch("([0-9A-F]{2})+", digits):
            self._wrong(attribute.label, "hexadecimal digits in pairs")
        value = bytes.fromhex(digits)
        try:
            check_value_shape(value, chained=attribute.chained)
        except ValueError as e:
            self._wrong(attribute.label, str(e))
        return value

    def _total(self, line: list[str], before: bytes) -> None:
        if len(line) != 3:
            self._wrong("total", "the last line is TOTAL, how many cards, and the MAC")
        cards = self._cards(line[1])
        if not cards == self._record == self.head.cards:
            self._wrong("total", f"{self._record} cards are here, {self.head.cards} were announced, {cards} are told")
        self._match("mac", _MAC, line[2], f"{2 * MAC_BYTES} hexadecimal digits")
        if self._source.read(1):
            self._wrong("total", "nothing stands behind it")
        self.total = OrderTotal(cards, bytes.fromhex(line[2]), before)

    def _next(self) -> list[str]:
        raw = self._source.readline(LINE_BYTES_MAX + 1)
        if not raw.endswith(b"\n"):
            self._wrong("", "the file is cut off" if len(raw) <= LINE_BYTES_MAX else "a line is too long")
        if not raw.isascii():
            self._wrong("", "other than ASCII")
        self._digest.update(raw)
        return raw[:-1].decode("ascii").split("|")

    def _cards(self, text: str) -> int:
        self._match("cards", _NUMBER, text, f"a number, at most {CARDS_MAX}")
        if int(text) > CARDS_MAX:
            self._wrong("cards", f"a number, at most {CARDS_MAX}")
        return int(text)

    def _match(self, place: str, pattern: re.Pattern[str], text: str, expected: str) -> None:
        if not pattern.fullmatch(text):
            self._wrong(place, f"expected {expected}")

    def _wrong(self, place: str, why: str) -> NoReturn:
        raise Refused(self._name, self._record, place, why)
