"""Products: order profiles that say what a card of a kind is made of and which DKep each attribute lies under.

name = "DEBIT"
issuer = "970499"
applications = ["VSDC-DEBIT"]           # application profiles, by name
attributes = ["holder", "application"]  # what every card of an order has
optional = ["pin"]                      # what it may have
mac = "DKEP-MAC"

[dkep]
holder = "DKEP-HOLDER"
pin = "DKEP-PIN"
application = "DKEP-APPLICATION"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from switch.perso.terms import ATTRIBUTES, ISSUER, NAME, Attribute, Content, HeldKey, KeyName, Refused

TEXT_CHARS_MAX = 65_536
APPLICATIONS_MAX = 16
_FIELDS = frozenset({"name", "issuer", "applications", "attributes", "optional", "mac", "dkep"})


@dataclass(frozen=True)
class Product:
    """An order profile: *required* and *optional* attributes, the name of the DKep of each, and that for MACs."""

    name: str
    issuer: str
    applications: tuple[str, ...]
    required: frozenset[Attribute]
    optional: frozenset[Attribute]
    dkeps: Mapping[Attribute, str]
    mac: str


@dataclass(frozen=True)
class Resolved:
    """A product's keys: a DKep for each attribute, and that for MACs."""

    product: Product
    dkeps: Mapping[Attribute, HeldKey]
    mac: HeldKey

    @property
    def named(self) -> dict[Attribute, KeyName]:
        """The DKeps as files name them."""
        return {attribute: key.named for attribute, key in self.dkeps.items()}


def read_product(text: str, file: str) -> Product:
    """The product in *text* (TOML).  Raises Refused, naming the field."""
    try:
        found = tomllib.loads(text[: TEXT_CHARS_MAX + 1]) if len(text) <= TEXT_CHARS_MAX else None
    except tomllib.TOMLDecodeError as e:
        raise Refused(file, None, "", str(e)) from None
    if found is None:
        raise Refused(file, None, "", f"more than {TEXT_CHARS_MAX} characters")
    for unknown in sorted(set(found) - _FIELDS):
        raise Refused(file, None, unknown[:32], "no such field")
    required = frozenset(_attributes(found, "attributes", file))
    optional = frozenset(_attributes(found, "optional", file))
    if Attribute.HOLDER not in required:
        raise Refused(file, None, "attributes", "a card has a holder")
    if required & optional:
        raise Refused(file, None, "optional", "an attribute is required or optional")
    dkeps = _dkeps(found, required | optional, file)
    return Product(
        _name(found, "name", file),
        _name(found, "issuer", file, ISSUER),
        tuple(_texts(found, "applications", file))[:APPLICATIONS_MAX],
        required,
        optional,
        MappingProxyType(dkeps),
        _name(found, "mac", file),
    )


def resolve(
    product: Product, key: Callable[[str], HeldKey | None], applications: frozenset[str] | None = None
) -> Resolved:
    """*product* with the keys that *key* finds by name.

    Raises Refused for a key that isn't there or is of another kind, and for an application that is not among
    *applications* (None: whoever prepares the data checks them).
    """
    file = f"product {product.name}"
    for application in product.applications if applications is not None else ():
        if application not in (applications or ()):
            raise Refused(file, None, "applications", f"no application profile {application}")

    def found(place: str, name: str, content: Content) -> HeldKey:
        held = key(name)
        if held is None:
            raise Refused(file, None, place, f"no key {name}")
        if held.named.content is not content:
            raise Refused(file, None, place, f"{name} is a key of type {held.named.content.value}, not {content.value}")
        return held

    dkeps = {each: found(f"dkep.{each.label}", name, each.content) for each, name in product.dkeps.items()}
    return Resolved(product, MappingProxyType(dkeps), found("mac", product.mac, Content.MACS))


def _dkeps(found: dict[str, object], wanted: frozenset[Attribute], file: str) -> dict[Attribute, str]:
    table = found.get("dkep")
    if not isinstance(table, dict) or set(table) != {each.label for each in wanted}:
        raise Refused(file, None, "dkep", "names a key for each attribute, and for nothing else")
    names = {each: _name(table, each.label, file) for each in Attribute if each in wanted}
    if len(set(names.values())) != len(names):
        raise Refused(file, None, "dkep", "each attribute has a key of its own")
    return names


def _attributes(found: dict[str, object], place: str, file: str) -> list[Attribute]:
    labels = _texts(found, place, file)
    for label in labels:
        if label not in ATTRIBUTES:
            raise Refused(file, None, place, f"no attribute {label[:32]!r}")
    return [ATTRIBUTES[label] for label in labels]


def _texts(found: dict[str, object], place: str, file: str) -> list[str]:
    texts = found.get(place, [])
    if not isinstance(texts, list) or not all(isinstance(each, str) and NAME.fullmatch(each) for each in texts):
        raise Refused(file, None, place, "a list of names")
    return [str(each) for each in texts]


def _name(found: Mapping[str, object], place: str, file: str, pattern: re.Pattern[str] = NAME) -> str:
    name = found.get(place)
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise Refused(file, None, place, "a name")
    return name
