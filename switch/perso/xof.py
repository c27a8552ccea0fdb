"""The XOF file: an order at the bureau, each attribute of each card under its DKep (protocol-spec/perso/xof.md, xof.xsd).

Written and read card by card, so that memory does not grow with the order.  The MAC in the last element is of the SHA-256
digest of all bytes before that element; who holds the HSM makes and verifies it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from types import MappingProxyType
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from switch.perso.chain import HEAD, START
from switch.perso.partfile import Written
from switch.perso.sealing import VALUE_BYTES_MAX, check_value_shape
from switch.perso.terms import (
    ATTRIBUTES,
    CARDS_MAX,
    CHECK_VALUE,
    ISSUER,
    NAME,
    Attribute,
    CardValues,
    Content,
    KeyName,
    Refused,
)

NAMESPACE = "urn:zonekey:xof:1"
CHUNK_BYTES = 65_536
TOTAL_BYTES_MAX = 1_024
"""How long the last start tag may be: its beginning is looked for in what has not been digested yet."""
_FIELDS = MappingProxyType(
    {
        "xof": (),
        "order": ("issuer", "id", "product", "key-version", "cards", "imported", "audit"),
        "dkep": ("name", "type", "kcv"),
        "card": ("sequence",),
        "attribute": ("name", "dkep", "kcv"),
        "total": ("cards", "mac", "dkep", "kcv"),
    }
)
_PARENT = MappingProxyType(
    {"xof": "", "order": "xof", "dkep": "xof", "card": "xof", "attribute": "card", "total": "xof"}
)


@dataclass(frozen=True)
class XofHead:
    """The order: names, *key_version* of TKissuer (2 digits), how many *cards*, when *imported* (ISO 8601, UTC).

    *audit* is the hash of the entry in the PMP's audit with which the import began.
    """

    issuer: str
    order: str
    product: str
    key_version: str
    cards: int
    imported: str
    audit: str = START


@dataclass(frozen=True)
class XofTotal:
    """The end: how many *cards*, and the MAC, of 8 bytes, of the *digest* under the DKep *key*."""

    cards: int
    mac: bytes
    key: KeyName
    digest: bytes


class XofWriter:
    """Writes to *out*; *keys* has a DKep for each attribute, *mac_key* the one for the MAC.

    It goes on behind the cards that are *written*, or else begins with the head.
    """

    def __init__(
        self,
        out: BufferedIOBase,
        head: XofHead,
        keys: Mapping[Attribute, KeyName],
        mac_key: KeyName,
        written: Written | None = None,
    ) -> None:
        self._out = out
        self.written = written or Written()
        self._mac_key = mac_key
        self._written = {
            attribute: f'<attribute name="{attribute.label}" dkep={quoteattr(key.name)} kcv="{key.check_value}">'
            for attribute, key in keys.items()
        }
        if self.written.cards:
            return
        self._put('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._put(f'<xof xmlns="{NAMESPACE}">\n')
        self._put(
            f'<order issuer="{head.issuer}" id="{head.order}" product="{head.product}" key-version="{head.key_version}" '
            f'cards="{head.cards}" imported="{head.imported}" audit="{head.audit}"/>\n'
        )
        for key in dict.fromkeys((*keys.values(), mac_key)):
            self._put(f'<dkep name="{key.name}" type="{key.content.value}" kcv="{key.check_value}"/>\n')

    def card(self, card: CardValues) -> None:
        """Write the next card."""
        self.written.cards += 1
        values = "".join(
            f"{self._written[attribute]}{value.hex().upper()}</attribute>" for attribute, value in card.values.items()
        )
        self._put(f'<card sequence="{card.sequence}">{values}</card>\n')

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of what is written: the MAC is of this one when all cards are written."""
        return self.written.digest.digest()

    def end(self, mac: bytes) -> None:
        """Write the end, with the *mac* of ``digest``."""
        key = self._mac_key
        total = (
            f'<total cards="{self.written.cards}" mac="{mac.hex().upper()}" dkep="{key.name}" kcv="{key.check_value}"/>'
        )
        self._out.write(f"{total}\n</xof>\n".encode())

    def _put(self, text: str) -> None:
        raw = text.encode()
        self.written.digest.update(raw)
        self._out.write(raw)


class XofReader:
    """Reads *source*, called *name* in complaints.

    ``head`` and ``keys`` are there from the start, ``total`` after the cards.  Raises Refused, also while cards are read,
    for a document that is cut off, reordered, or not of this schema.
    """

    head: XofHead
    total: XofTotal

    def __init__(self, source: BufferedIOBase, name: str) -> None:
        self.keys: dict[str, KeyName] = {}
        """The DKeps that the file names, by name."""
        self.under: dict[Attribute, KeyName] = {}
        """Which of them an attribute lies under, as far as was read: one in a file."""
        self._source = source
        self._name = name
        self._digest = hashlib.sha256()
        self._before = bytearray()
        self._fed = self._digested = 0
        self._open: list[str] = []
        self._ready: list[CardValues] = []
        self._cards = 0
        self._values: dict[Attribute, bytes] = {}
        self._attribute: Attribute | None = None
        self._text: list[str] = []
        self._text_chars = 0
        self._done = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._said
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        while not self._ready and not self._done and not hasattr(self, "total"):
            self._feed()
        if not hasattr(self, "head"):
            self._wrong("", "no order element")

    def __iter__(self) -> Iterator[CardValues]:
        """The cards, in order."""
        while True:
            ready, self._ready = self._ready, []
            yield from ready
            if self._done:
                break
            self._feed()
        if not hasattr(self, "total"):
            self._wrong("total", "the file is cut off")

    # --- the document ---------------------------------------------------------------------------------------------
    def _feed(self) -> None:
        chunk = self._source.read(CHUNK_BYTES)
        if not hasattr(self, "total"):
            self._before += chunk
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as e:
            self._wrong("", f"line {e.lineno}: {expat.ErrorString(e.code)}")
        self._done = not chunk
        settled = len(self._before) - TOTAL_BYTES_MAX
        if settled > 0 and not hasattr(self, "total"):
            self._digest.update(self._before[:settled])
            self._digested += settled
            del self._before[:settled]

    def _refuse_doctype(self, *_: object) -> None:
        self._wrong("", "a document type is not taken")

    def _started(self, full: str, fields: dict[str, str]) -> None:
        space, _, element = full.rpartition(" ")
        if space != NAMESPACE or element not in _FIELDS or _PARENT[element] != (self._open[-1] if self._open else ""):
            self._wrong("", f"an element {element[:32]!r} is not expected here")
        if set(fields) != set(_FIELDS[element]):
            self._wrong(element, f"has {', '.join(_FIELDS[element]) or 'nothing'}")
        if hasattr(self, "total"):
            self._wrong(element, "nothing stands behind the total")
        self._open.append(element)
        if element == "order":
            self._order(fields)
        elif element != "xof" and not hasattr(self, "head"):
            self._wrong(element, "the order comes first")
        elif element == "dkep":
            self._key(fields)
        elif element == "card":
            self._card(fields)
        elif element == "attribute":
            self._begin(fields)
        elif element == "total":
            self._end(fields)

    def _ended(self, full: str) -> None:
        element = self._open.pop()
        if element == "attribute":
            self._value()
        elif element == "card":
            self._ready.append(CardValues(self._cards, MappingProxyType(self._values)))

    def _said(self, text: str) -> None:
        self._text_chars += len(text)
        if self._attribute is None and text.strip():
            self._wrong("", "text where none is expected")
        if self._text_chars > 2 * VALUE_BYTES_MAX:
            self._wrong("", "too much text")
        if self._attribute is not None:
            self._text.append(text)
        else:
            self._text_chars = 0

    # --- the elements ---------------------------------------------------------------------------------------------
    def _order(self, fields: dict[str, str]) -> None:
        if hasattr(self, "head"):
            self._wrong("order", "there is one order in a file")
        for name, pattern in (("issuer", ISSUER), ("id", NAME), ("product", NAME)):
            self._match(name, pattern, fields[name], "a name")
        self._match("key-version", re.compile("[0-9]{2}"), fields["key-version"], "2 digits")
        cards = self._number("cards", fields["cards"])
        self._match("imported", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), fields["imported"], "a time in UTC")
        self._match("audit", HEAD, fields["audit"], "64 hexadecimal digits")
        self.head = XofHead(
            fields["issuer"],
            fields["id"],
            fields["product"],
            fields["key-version"],
            cards,
            fields["imported"],
            fields["audit"],
        )

    def _key(self, fields: dict[str, str]) -> None:
        self._match("name", NAME, fields["name"], "a name")
        self._match("kcv", CHECK_VALUE, fields["kcv"], "6 hexadecimal digits")
        if fields["type"] not in {each.value for each in Content} or fields["name"] in self.keys or self._cards:
            self._wrong("dkep", "a key of a known type, once, before the cards")
        self.keys[fields["name"]] = KeyName(fields["name"], Content(fields["type"]), fields["kcv"])

    def _card(self, fields: dict[str, str]) -> None:
        if self._number("sequence", fields["sequence"]) != self._cards + 1:
            self._wrong("sequence", f"card {self._cards + 1} is missing")
        self._cards += 1
        self._values = {}

    def _begin(self, fields: dict[str, str]) -> None:
        attribute = ATTRIBUTES.get(fields["name"])
        if attribute is None or attribute in self._values:
            self._wrong("attribute", "an attribute that is known, once")
        named = self._named(fields)
        if named.content is not attribute.content:
            self._wrong(attribute.label, "its DKep is of another type")
        if self.under.setdefault(attribute, named) != named:
            self._wrong(attribute.label, "lay under another DKep before")
        self._attribute, self._text, self._text_chars = attribute, [], 0

    def _value(self) -> None:
        attribute, self._attribute = self._attribute, None
        assert attribute is not None
        text = "".join(self._text)
        self._match(attribute.label, re.compile("([0-9A-F]{2})+"), text, "hexadecimal digits")
        value = bytes.fromhex(text)
        try:
            check_value_shape(value, chained=attribute.chained)
        except ValueError as e:
            self._wrong(attribute.label, str(e))
        self._values[attribute] = value

    def _end(self, fields: dict[str, str]) -> None:
        cards = self._number("cards", fields["cards"])
        if not cards == self._cards == self.head.cards:
            self._wrong("total", f"{self._cards} cards are here, {self.head.cards} were ordered, {cards} are told")
        self._match("mac", re.compile("[0-9A-F]{16}"), fields["mac"], "16 hexadecimal digits")
        key = self._named(fields)
        if key.content is not Content.MACS:
            self._wrong("total", "its DKep is of another type")
        upto = self._parser.CurrentByteIndex - self._digested
        if upto < 0:
            self._wrong("total", f"its tag has more than {TOTAL_BYTES_MAX} bytes")
        self._digest.update(self._before[:upto])
        self.total = XofTotal(cards, bytes.fromhex(fields["mac"]), key, self._digest.digest())

    def _named(self, fields: dict[str, str]) -> KeyName:
        key = self.keys.get(fields["dkep"])
        if key is None or key.check_value != fields["kcv"]:
            self._wrong("dkep", "no such key with this check value stands at the beginning of the file")
        return key

    def _number(self, place: str, text: str) -> int:
        self._match(place, re.compile("[1-9][0-9]{0,7}"), text, f"a number, at most {CARDS_MAX}")
        if int(text) > CARDS_MAX:
            self._wrong(place, f"a number, at most {CARDS_MAX}")
        return int(text)

    def _match(self, place: str, pattern: re.Pattern[str], text: str, expected: str) -> None:
        if not pattern.fullmatch(text):
            self._wrong(place, f"expected {expected}")

    def _wrong(self, place: str, why: str) -> NoReturn:
        raise Refused(self._name, self._cards or (0 if self._open else None), place, why)
