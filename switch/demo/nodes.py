"""Who there is, and what each needs before it can start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template

from switch.routing.pan import check_digit

EXPIRES, SERVICE_CODE = "3012", "101"


@dataclass(frozen=True)
class Node:
    """A ``switch serve``: *hsm* is the appliance that it asks, empty for none; it calls the nodes of *calls*."""

    name: str
    title: str
    hsm: str
    calls: tuple[str, ...] = ()
    issues: bool = False


@dataclass(frozen=True)
class Zone:
    """A ZMK that two sides form from the same components; *name* is how the files call it, *at* the appliances."""

    name: str
    at: tuple[str, ...]


@dataclass(frozen=True)
class Cardholder:
    """*name*'s card of *issuer*, with the accounts that it draws on."""

    name: str
    issuer: str
    prefix: str
    serial: int
    account: str
    kind: str = "current"
    savings: str = ""

    @property
    def pan(self) -> str:
        """Sixteen digits."""
        digits = f"{self.prefix}{self.serial:09}"
        return digits + check_digit(digits)


HSMS: Mapping[str, str] = {"hsm-switch": "the switch's", "hsm-a": "bank A's", "hsm-b": "bank B's"}
NODES = (
    Node("switch", "the interbank switch", "hsm-switch"),
    Node("scheme", "an international card scheme", "hsm-switch", issues=True),
    Node("cardpro", "bank A's card host, for credit cards", "hsm-a", ("scheme",), issues=True),
    Node("bank-a", "bank A's ATM Host", "hsm-a", ("switch", "cardpro"), issues=True),
    Node("bank-b", "bank B's host", "hsm-b", ("switch",), issues=True),
    Node("nac", "the concentrator of bank A's POS terminals", "", ("bank-a", "cardpro")),
)
"""In the order in which they start: who is called before who calls."""
ZONES = (
    Zone("zmk_a", ("hsm-switch", "hsm-a")),
    Zone("zmk_b", ("hsm-switch", "hsm-b")),
    Zone("zmk_c", ("hsm-a",)),
    Zone("zmk_s", ("hsm-switch", "hsm-a")),
)
TERMINALS: Mapping[str, Mapping[str, str]] = {
    "atms": {"ATM00001": "hsm-a", "ATM00002": "hsm-a", "ATM00003": "hsm-b"},
    "pos": {"POS00001": "hsm-a", "POS00002": "hsm-a"},
}
"""By ``switch simulate``: its terminals, and the appliance that has their master keys."""
FILES, BUREAU_FILES = "switch.demo.files", "switch.demo.bureau"


@dataclass(frozen=True)
class Cast:
    """Everybody in a demonstration; what there is of a file in the packages *files* is put together.

    *terminals* by group: each with the appliance that has its master key; *keyed*: how many of a node's terminals get a
    PIN key before they are used, *zone_keys*: how many lines of zone keys a node has; *members* of the interbank switch.
    """

    hsms: Mapping[str, str]
    nodes: tuple[Node, ...]
    zones: tuple[Zone, ...]
    terminals: Mapping[str, Mapping[str, str]]
    zone_keys: Mapping[str, int]
    keyed: Mapping[str, int]
    members: tuple[str, ...]
    files: tuple[str, ...]
    eracom: frozenset[str] = frozenset()
    """The appliances that speak the Eracom dialect to their hosts."""

    def text(self, name: str) -> str:
        """The file *name* with its ``$names``.  Raises FileNotFoundError."""
        parts = [files(package).joinpath(name) for package in self.files]
        found = [part.read_text(encoding="utf-8") for part in parts if part.is_file()]
        if not found:
            raise FileNotFoundError(name)
        return "".join(found)


COUNTRY = Cast(
    HSMS, NODES, ZONES, TERMINALS, {"switch": 4, "cardpro": 2, "scheme": 1, "bank-a": 3, "bank-b": 2},
    {"bank-a": 2, "bank-b": 1}, ("bank-a", "bank-b"), (FILES,),
)  # fmt: skip
WITH_BUREAU = Cast(
    {**HSMS, "hsm-c1": "bank C's", "hsm-c2": "bank C's other, in the Eracom dialect"},
    (*NODES, Node("bank-c1", "bank C's host, for cards that a bureau made", "hsm-c1", ("switch",), issues=True),
     Node("bank-c2", "bank C's other host, where a part of them was moved to", "hsm-c2", ("switch",), issues=True)),
    (*ZONES, Zone("zmk_c1", ("hsm-switch", "hsm-c1")), Zone("zmk_c2", ("hsm-switch", "hsm-c2"))),
    {**TERMINALS, "atms": {**TERMINALS["atms"], "ATM00004": "hsm-c1"}},
    {**COUNTRY.zone_keys, "switch": 8, "bank-c1": 2, "bank-c2": 2},
    {**COUNTRY.keyed, "bank-c1": 1},
    (*COUNTRY.members, "bank-c1", "bank-c2"),
    (FILES, BUREAU_FILES),
    frozenset({"hsm-c2"}),
)  # fmt: skip
"""With a bank whose cards a bureau has personalised."""
CARDHOLDERS = (
    Cardholder("an", "bank-a", "970405", 1, "0021000017", savings="0025000011"),
    Cardholder("binh", "bank-a", "970405", 2, "0021000025"),
    Cardholder("chi", "bank-b", "970411", 1, "1021000019"),
    Cardholder("dung", "bank-b", "970411", 2, "1021000027"),
    Cardholder("em", "cardpro", "400000", 1, "0029000013", "credit"),
    Cardholder("frank", "scheme", "520000", 1, "9029000011", "credit"),
)

BUREAU_HOLDERS: Mapping[str, str] = {"gia": "bank-c1", "hoa": "bank-c1", "inh": "bank-c2", "kim": "bank-c2"}
"""Who has the cards of the bureau's order, in the order of their numbers, and the host that keeps the account of each."""


@dataclass
class Known:
    """What the files are filled in with, as it comes to be known: ports, and keys under the LMKs."""

    cast: Cast = COUNTRY
    values: dict[str, str] = field(default_factory=dict, repr=False)

    def learn(self, **values: str | int) -> None:
        """Remember *values*."""
        self.values |= {name: str(value) for name, value in values.items()}

    def ports(self, of: str, ports: Mapping[str, int]) -> None:
        """Remember where the node *of* takes calls: ``bank-a``'s port ``nac`` is ``$bank_a_nac``."""
        self.learn(**{f"{of}_{name}".replace("-", "_"): port for name, port in ports.items()})

    def filled(self, name: str) -> str:
        """The file *name*, with what is known in place of its ``$names``.  Raises KeyError."""
        return Template(self.cast.text(name)).substitute(self.values)
