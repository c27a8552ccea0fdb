"""The issuer's side: keys of its own, in its own memory, and orders made with them.

This stands outside the bureau's walls, as an issuer's card management does: here, and nowhere else in personalisation, are
keys and PINs in the clear.  Everything follows from a secret of 32 bytes, so that a demonstration can be repeated.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from types import MappingProxyType

from Crypto.Cipher import DES, DES3

from switch.perso.card import groups
from switch.perso.card.groups import DataGroup
from switch.perso.cardkeys import ROLES, TransportedKey
from switch.perso.chain import START
from switch.perso.issuersvalues import card_master_key, odd_parity
from switch.perso.orderfile import OrderHead, OrderWriter
from switch.perso.preparing import IMK_ROLES, derivation_block
from switch.perso.profile import Option
from switch.perso.sealing import padded
from switch.perso.terms import ISSUER_KEYS, Attribute, Cardholder, CardValues, Content, KeyName, key_name
from switch.routing.pan import check_digit

SECRET_BYTES, KEY_BYTES, BLOCK_BYTES = 32, 16, 8
PIN_DIGITS = 4
CARD_KEYS = ("cvk", "pvv-key", "imk-ac", "imk-smi", "imk-smc")
"""What CardInk calls the keys by which an issuer knows its cards."""
PAN_DIGITS = 16
_NAMES = ("NGUYEN VAN AN", "TRAN THI BINH", "LE QUOC CUONG", "PHAM MINH DUC", "DO THI HANH", "VU HOANG LAM")


class Draw:
    """Bytes that follow from a *secret* and a *label*, as HKDF expands (RFC 5869 clause 2.3), but without its bound."""

    def __init__(self, secret: bytes, label: str) -> None:
        self._secret = secret
        self._label = label.encode()
        self._count = 0
        self._rest = b""

    def bytes(self, count: int) -> bytes:
        """The next *count* bytes."""
        while len(self._rest) < count:
            self._count += 1
            content = self._label + b"\0" + self._count.to_bytes(8, "big")
            self._rest += hmac.digest(self._secret, content, hashlib.sha256)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def digits(self, count: int) -> str:
        """The next *count* digits; none is more likely than another."""
        found = ""
        while len(found) < count:
            byte = self.bytes(1)[0]
            found += str(byte % 10) if byte < 250 else ""
        return found


@dataclass(frozen=True)
class IssuerKeys:
    """TKissuer of one *version* (2 digits), in the clear: this is the issuer's memory."""

    issuer: str
    version: str
    clear: MappingProxyType[Content, bytes] = field(repr=False)

    @classmethod
    def drawn(cls, secret: bytes, issuer: str, version: str) -> IssuerKeys:
        """The keys that follow from the issuer's *secret*.  Raises ValueError for one of another length."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"an issuer's secret has {SECRET_BYTES} bytes")
        draw = {content: Draw(secret, f"{issuer}/{version}/{name}") for content, name in ISSUER_KEYS.items()}
        return cls(
            issuer, version, MappingProxyType({content: odd_parity(d.bytes(KEY_BYTES)) for content, d in draw.items()})
        )

    def named(self, content: Content) -> KeyName:
        """The key's name with issuer and version, and its check value."""
        name = key_name(self.issuer, self.version, content)
        return KeyName(name, content, check_value(self.clear[content]))

    def under(self, zmk: bytes, content: Content) -> bytes:
        """The key as it goes to the bureau: in ECB under a zone master *key*, of 16 or 24 bytes."""
        return DES3.new(zmk, DES3.MODE_ECB).encrypt(self.clear[content])

    def mac(self, digest: bytes) -> bytes:
        """The order's MAC: ANSI X9.19 (ISO/IEC 9797-1 algorithm 3, padding 1) of the *digest*, 32 bytes."""
        left, right = self.clear[Content.MACS][:8], self.clear[Content.MACS][8:]
        last = DES.new(left, DES.MODE_CBC, bytes(8)).encrypt(digest)[-8:]
        return DES.new(left, DES.MODE_ECB).encrypt(DES.new(right, DES.MODE_ECB).decrypt(last))


def card_keys(secret: bytes, issuer: str, zmk: bytes) -> list[TransportedKey]:
    """The issuer's keys for its cards, which CardInk prepares them with, under the zone master key."""
    found = []
    for role in CARD_KEYS:
        found.append(transported(f"{issuer}-{role.upper()}", role, card_key(secret, issuer, role), zmk))
    return found


def card_key(secret: bytes, issuer: str, role: str) -> bytes:
    """One of them, in the clear."""
    return odd_parity(Draw(secret, f"{issuer}/{role}").bytes(KEY_BYTES))


def random_key() -> bytes:
    """A new key of double length, of odd parity."""
    return odd_parity(secrets.token_bytes(KEY_BYTES))


def transported(name: str, role: str, key: bytes, zmk: bytes) -> TransportedKey:
    """The clear *key*, of that *role* at CardInk or in production, as it goes there: in ECB under *zmk*."""
    cryptogram = DES3.new(zmk, DES3.MODE_ECB).encrypt(key)
    return TransportedKey(name, ROLES[role], check_value(key), cryptogram)


def check_value(key: bytes) -> str:
    """6 hexadecimal digits: a zero block enciphered."""
    return DES3.new(key, DES3.MODE_ECB).encrypt(bytes(8))[:3].hex().upper()


@dataclass(frozen=True)
class Wish:
    """What a demonstration orders: *prefix* is the issuer's, 6 to 8 digits, *expiry* YYMM, *first* the first serial number.

    With *pins* the issuer makes the PINs, with *tracks* the tracks, with *icc_keys* the cards' keys (option A).
    """

    order: str
    product: str
    prefix: str
    cards: int
    expiry: str
    service_code: str
    first: int = 1
    pins: bool = True
    tracks: bool = False
    icc_keys: bool = False


def write_order(
    out: BufferedIOBase, keys: IssuerKeys, secret: bytes, wish: Wish, created: str, audit: str = START
) -> None:
    """Write the order to *out*; *created* is ISO 8601, UTC, *audit* an entry's hash.

    Raises ValueError for a wish that makes no cards.
    """
    head = OrderHead(keys.issuer, wish.order, wish.product, keys.version, wish.cards, created, audit)
    writer = OrderWriter(out, head)
    draw = Draw(secret, f"{keys.issuer}/{wish.order}")
    for sequence, holder in enumerate(cardholders(wish), start=1):
        writer.card(_card(sequence, holder, keys, draw, wish, secret))
    writer.end(keys.mac(writer.digest))


def cardholders(wish: Wish) -> Iterator[Cardholder]:
    """Who gets a card: test PANs with right check digits, in order of their serial numbers.  Raises ValueError."""
    serial_digits = PAN_DIGITS - 1 - len(wish.prefix)
    if wish.first < 0 or wish.first + wish.cards > 10**serial_digits:
        raise ValueError(f"serial numbers of {serial_digits} digits are too few for so many cards")
    for serial in range(wish.first, wish.first + wish.cards):
        digits = f"{wish.prefix}{serial:0{serial_digits}d}"
        name = _NAMES[serial % len(_NAMES)]
        yield Cardholder(digits + check_digit(digits), "01", wish.expiry, wish.service_code, name)


def master_keys(secret: bytes, issuer: str, holder: Cardholder) -> list[bytes]:
    """A card's keys AC, SMI and SMC, 16 bytes each, by the issuer's *secret* and option A."""
    block = derivation_block(Option.A, holder.pan, holder.sequence)
    return [card_master_key(card_key(secret, issuer, role), block) for role in IMK_ROLES]


def _card(sequence: int, holder: Cardholder, keys: IssuerKeys, draw: Draw, wish: Wish, secret: bytes) -> CardValues:
    clear = keys.clear
    values = {Attribute.HOLDER: _sealed(clear[Content.DATA], draw, holder.content())}
    pin = draw.digits(PIN_DIGITS)
    if wish.pins:
        values[Attribute.PIN] = DES3.new(clear[Content.PINS], DES3.MODE_ECB).encrypt(pin_block(pin, holder))
    if wish.tracks:
        values[Attribute.TRACKS] = _sealed(clear[Content.KEYS], draw, _tracks(holder, draw.digits(5)))
    more = _application(holder)
    if wish.icc_keys:
        derived = master_keys(secret, keys.issuer, holder)
        checks = bytes.fromhex("".join(check_value(key) for key in derived))
        more += DataGroup(groups.KEY_CHECKS, checks).raw
        values[Attribute.ICC_KEYS] = _sealed(clear[Content.KEYS], draw, b"".join(derived))
    values[Attribute.APPLICATION] = _sealed(clear[Content.DATA], draw, more)
    return CardValues(sequence, values)


def pin_block(pin: str, holder: Cardholder) -> bytes:
    """The clear PIN block of ISO 9564-1 format 0."""
    field = bytes.fromhex(f"0{len(pin)}{pin}".ljust(16, "F"))
    account = bytes.fromhex(holder.account.rjust(16, "0"))
    return bytes(a ^ b for a, b in zip(field, account, strict=True))


def clear_pin(block: bytes, keys: IssuerKeys, pan: str) -> str:
    """The PIN in an order's *block*, 8 bytes: the issuer's own, who sends it to nobody but the holder."""
    clear = DES3.new(keys.clear[Content.PINS], DES3.MODE_ECB).decrypt(block)
    account = bytes.fromhex(pan[-13:-1].rjust(16, "0"))
    text = bytes(a ^ b for a, b in zip(clear, account, strict=True)).hex()
    return text[2 : 2 + int(text[1], 16)]


def _sealed(key: bytes, draw: Draw, content: bytes) -> bytes:
    iv = draw.bytes(BLOCK_BYTES)
    return iv + DES3.new(key, DES3.MODE_CBC, iv).encrypt(padded(content))


def _tracks(holder: Cardholder, discretionary: str) -> bytes:
    """ISO/IEC 7813, without sentinels; the discretionary data are the issuer's own."""
    told = f"{holder.expiry}{holder.service_code}{discretionary}"
    return f"B{holder.pan}^{holder.name}^{told}\n{holder.pan}={told}".encode("ascii")


def _application(holder: Cardholder) -> bytes:
    """A record of the issuer's own (SFI 21, record 1: EMV 4.3 Book 1 12.2.2) with its address (tag 5F50)."""
    address = f"https://issuer.example/{holder.pan[:6]}".encode("ascii")
    inside = b"\x5f\x50" + bytes((len(address),)) + address
    return _grouping(0x1501, b"\x70" + bytes((len(inside),)) + inside)


def _grouping(identifier: int, content: bytes) -> bytes:
    """A data grouping of EMV CPS 1.1: identifier, length, content."""
    size = bytes((len(content),)) if len(content) < 0xFF else b"\xff" + len(content).to_bytes(2, "big")
    return identifier.to_bytes(2, "big") + size + content
