"""Every secret of the order is looked for in every part's files: as bytes, and in hexadecimal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from Crypto.Cipher import DES3

from switch.perso.issuing import CARD_KEYS, IssuerKeys, Wish, card_key, cardholders
from switch.perso.orderfile import OrderReader
from switch.perso.terms import Attribute, Content

SECRET_BYTES_MIN = 8


@dataclass(frozen=True)
class Secrets:
    """What is looked for: the issuer's *keys* and *pins* (clear PIN blocks), and *pans*, which are no secret to all."""

    keys: tuple[bytes, ...]
    pins: tuple[bytes, ...]
    pans: tuple[bytes, ...]


@dataclass(frozen=True)
class Sight:
    """What was found in a part's files: how many, how large, and how many keys, PINs and PANs can be read in them."""

    part: str
    files: int
    size_bytes: int
    keys: int
    pins: int
    pans: int


def secrets_of(own: bytes, issuer: str, zmk: bytes, wish: Wish, order: Path) -> Secrets:
    """The secrets of the order in the file *order*, by the issuer's *own* secret."""
    issued = IssuerKeys.drawn(own, issuer, "01")
    keys = (*issued.clear.values(), *(card_key(own, issuer, role) for role in CARD_KEYS), own, zmk)
    under = DES3.new(issued.clear[Content.PINS], DES3.MODE_ECB)
    with order.open("rb") as source:
        blocks = [card.values.get(Attribute.PIN, b"") for card in OrderReader(source, order.name)]
    pins = tuple(under.decrypt(block) for block in blocks if block)
    return Secrets(keys, pins, tuple(holder.pan.encode() for holder in cardholders(wish)))


def seen(parts: Sequence[tuple[str, Sequence[Path]]], secrets: Secrets) -> Iterator[Sight]:
    """For each part, by name, what can be read in its folders."""
    for part, folders in parts:
        paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        content = b"\0".join(path.read_bytes() for path in paths)
        upper = content.upper()
        yield Sight(
            part,
            len(paths),
            len(content),
            _count(secrets.keys, content, upper),
            _count(secrets.pins, content, upper),
            _count(secrets.pans, content, upper),
        )


def _count(wanted: Sequence[bytes], content: bytes, upper: bytes) -> int:
    return sum(
        each in content or each.hex().upper().encode() in upper for each in wanted if len(each) >= SECRET_BYTES_MIN
    )
