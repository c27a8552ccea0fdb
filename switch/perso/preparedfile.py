"""The prepared file: an order as data preparation gives it to production (protocol-spec/perso/cards.md).

JSON lines: a head, a line a card, an end.  What a person could read of a card lies under the data key, its keys under the
KTK, its PIN under the PTK; the MAC in the end, under the MTK, is of the SHA-256 digest of all lines before it.  Written and
read card by card, so that memory does not grow with the order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any, NoReturn

from switch.perso.card.groups import DataGroup, GroupError, groups_of
from switch.perso.cardkeys import TRANSPORT_ROLES
from switch.perso.chain import HEAD, START
from switch.perso.partfile import Written
from switch.perso.preparing import PreparedCard, Values
from switch.perso.sealing import VALUE_BYTES_MAX, check_value_shape
from switch.perso.terms import CARDS_MAX, CHECK_VALUE, NAME, Cardholder, Refused

FORMAT = 1
LINE_BYTES_MAX = 32_768
_HEX = re.compile("([0-9A-F]{2})+")
_SIZES = {"keys": 48, "kcv": 9, "pin": 8}


@dataclass(frozen=True)
class PreparedHead:
    """The order: names, how many *cards*, whether PINs are mailed, and the check values of the transport keys by role.

    *audit* is the hash of the entry in CardInk's audit with which the preparation began.
    """

    issuer: str
    order: str
    product: str
    profile: str
    cards: int
    mailers: bool
    checks: Mapping[str, str]
    audit: str = START


@dataclass(frozen=True)
class SealedCard:
    """A line: *data* under the data key (IV and cryptogram), *keys* under the KTK, their *checks*, *pin* under the PTK."""

    sequence: int
    data: bytes = field(repr=False)
    keys: bytes = field(repr=False)
    checks: bytes
    pin: bytes = field(repr=False)
    tracks: bytes = field(default=b"", repr=False)
    """Tracks that the issuer made, under the KTK (IV and cryptogram); empty where the bureau made them."""


def content_of(card: PreparedCard) -> bytes:
    """What of *card* is sealed as data."""
    holder, values = card.holder, card.values
    told = {
        "holder": [holder.pan, holder.sequence, holder.expiry, holder.service_code, holder.name],
        "tracks": list(card.tracks),
        "lines": list(card.lines),
        "values": [values.cvv, values.cvv2, values.icvv, values.pin_value],
        "groups": b"".join(group.raw for group in card.plain).hex(),
    }
    return json.dumps(told, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Readable:
    """What production reads of a card."""

    holder: Cardholder
    tracks: tuple[str, str] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    values: Values
    plain: tuple[DataGroup, ...] = field(repr=False)


def read_content(content: bytes) -> Readable:
    """What ``content_of`` made.  Raises ValueError, which shows nothing of it."""
    try:
        told = json.loads(content)
        first, second = told["tracks"]
        plain = groups_of(bytes.fromhex(told["groups"]))
        return Readable(
            Cardholder(*told["holder"]), (first, second), tuple(told["lines"]), Values(*told["values"]), plain
        )
    except (ValueError, KeyError, TypeError, GroupError):
        raise ValueError("the deciphered data are no card's") from None


class PreparedWriter:
    """Writes to *out*, behind the cards that are *written*, or else begins with the head."""

    def __init__(self, out: BufferedIOBase, head: PreparedHead, written: Written | None = None) -> None:
        self._out = out
        self.written = written or Written()
        if self.written.cards:
            return
        told = {
            "prepared": FORMAT,
            "issuer": head.issuer,
            "order": head.order,
            "product": head.product,
            "profile": head.profile,
            "cards": head.cards,
            "mailers": head.mailers,
            "kcv": dict(head.checks),
            "audit": head.audit,
        }
        self._put(told)

    def card(self, card: SealedCard) -> None:
        """Write the next card."""
        self.written.cards += 1
        values = {"data": card.data, "keys": card.keys, "kcv": card.checks, "pin": card.pin}
        values |= {"tracks": card.tracks} if card.tracks else {}
        self._put({"card": card.sequence, **{name: value.hex().upper() for name, value in values.items()}})

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of what is written: the MAC is of it when all cards are."""
        return self.written.digest.digest()

    def end(self, mac: bytes) -> None:
        self._put({"total": self.written.cards, "mac": mac.hex().upper()})

    def _put(self, told: Mapping[str, Any]) -> None:
        raw = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        self.written.digest.update(raw)
        self._out.write(raw)


class PreparedReader:
    """Reads *source*, called *name* in complaints.

    ``head`` is there from the start, ``mac`` and ``digest`` after the cards.  Raises Refused, also while cards are read,
    for a file that is cut off, reordered, or holds something else.
    """

    mac: bytes
    digest: bytes

    def __init__(self, source: BufferedIOBase, name: str) -> None:
        self._source = source
        self._name = name
        self._digest = hashlib.sha256()
        self._cards = 0
        told = self._line()
        names = {"prepared", "issuer", "order", "product", "profile", "cards", "mailers", "kcv", "audit"}
        if told.keys() != names or told["prepared"] is True or told["prepared"] != FORMAT:
            self._wrong("", f"a head of format {FORMAT}")
        for each in ("issuer", "order", "product", "profile"):
            if not isinstance(told[each], str) or not NAME.fullmatch(told[each]):
                self._wrong(each, "a name")
        if type(told["cards"]) is not int or not 1 <= told["cards"] <= CARDS_MAX:
            self._wrong("cards", f"a number, at most {CARDS_MAX}")
        if type(told["mailers"]) is not bool:
            self._wrong("mailers", "true or false")
        checks = told["kcv"]
        if not isinstance(checks, dict) or checks.keys() != set(TRANSPORT_ROLES):
            self._wrong("kcv", f"a check value for each of {', '.join(TRANSPORT_ROLES)}")
        if not all(isinstance(each, str) and CHECK_VALUE.fullmatch(each) for each in checks.values()):
            self._wrong("kcv", "6 hexadecimal digits")
        if not isinstance(told["audit"], str) or not HEAD.fullmatch(told["audit"]):
            self._wrong("audit", "64 hexadecimal digits")
        self.head = PreparedHead(
            told["issuer"],
            told["order"],
            told["product"],
            told["profile"],
            told["cards"],
            told["mailers"],
            checks,
            told["audit"],
        )

    def __iter__(self) -> Iterator[SealedCard]:
        """The cards, in order."""
        while True:
            before = self._digest.digest()
            told = self._line()
            if "total" in told:
                self._end(told, before)
                return
            yield self._card(told)

    def _line(self) -> dict[str, Any]:
        raw = self._source.readline(LINE_BYTES_MAX)
        if not raw.endswith(b"\n"):
            self._wrong("", "the file is cut off" if len(raw) < LINE_BYTES_MAX else "a line is too long")
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            self._wrong("", "a JSON object a line")
        self._digest.update(raw)
        return told

    def _card(self, told: dict[str, Any]) -> SealedCard:
        if told.keys() - {"tracks"} != {"card", "data", *_SIZES}:
            self._wrong("", "a card with its data, keys, check values and PIN")
        if type(told["card"]) is not int or told["card"] != self._cards + 1 or self._cards >= self.head.cards:
            self._wrong("card", f"expected card {self._cards + 1} of {self.head.cards}")
        self._cards += 1
        values: dict[str, bytes] = {}
        for place in sorted(told.keys() - {"card"}):
            text = told[place]
            if not isinstance(text, str) or len(text) > 2 * VALUE_BYTES_MAX or not _HEX.fullmatch(text):
                self._wrong(place, "hexadecimal digits")
            values[place] = bytes.fromhex(text)
            if len(values[place]) != _SIZES.get(place, len(values[place])):
                self._wrong(place, f"{_SIZES[place]} bytes")
        for place in sorted({"data", "tracks"} & values.keys()):
            try:
                check_value_shape(values[place], chained=True)
            except ValueError as e:
                self._wrong(place, str(e))
        return SealedCard(
            self._cards, values["data"], values["keys"], values["kcv"], values["pin"], values.get("tracks", b"")
        )

    def _end(self, told: dict[str, Any], before: bytes) -> None:
        if told.keys() != {"total", "mac"} or not told["total"] == self._cards == self.head.cards:
            self._wrong("total", f"{self._cards} cards are here, {self.head.cards} were ordered")
        if not isinstance(told["mac"], str) or not re.fullmatch("[0-9A-F]{16}", told["mac"]):
            self._wrong("mac", "16 hexadecimal digits")
        if self._source.read(1):
            self._wrong("total", "nothing stands behind the end")
        self.mac, self.digest = bytes.fromhex(told["mac"]), before

    def _wrong(self, place: str, why: str) -> NoReturn:
        raise Refused(self._name, self._cards, place, why)
