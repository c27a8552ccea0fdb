"""The section ``[issuer]`` of the configuration.

[issuer]
currency = "704"                 # of all accounts
accounts = "accounts.csv"        # see ``bookfile``; file names as seen from the configuration's own file
cards = "cards.csv"
pan-key = "pan.key"              # a file: 32 hexadecimal digits or more, made once and kept: ids of cards come from it
pvk = "U…"                       # under the HSM's LMK: the pair of a PVV, or the key of IBM offsets
cvk = "U…"                       # under the HSM's LMK; absent: CVVs are not verified
cvv-at = 5                       # digits of track 2 between the service code and the CVV (1 and 4: PVKI and PVV)
pin-method = "pvv"               # or "offset": IBM 3624
pin-tries = 3
without-pin = ["purchase", "atm balance"]  # services (or channel and service) that a card may have without a PIN

[issuer.offset]                  # for pin-method = "offset"
table = "0123456789012345"       # the decimalisation table as the HSM wants it, in the clear or enciphered
validation = "12345678901N"      # N where the account number goes in
length = 4                       # how many digits are checked

[issuer.chip]                    # absent: what chips say is not looked at
imk-ac = "U…"                    # under the HSM's LMK: the issuer's master key for application cryptograms
cryptogram-version = 18          # Visa's, as the cards have it: 18 (common session key) or 10
stripe = false                   # may a card that has a chip be read by its stripe?

[issuer.fees]                    # minor units, by the catalogue's keys of fees; absent: it costs nothing
withdrawal = 110000

[issuer.limits]                  # a card's business day, where cards.csv says nothing
amount = 20000000                # minor units
count = 10
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from switch.ledger.ledger import AMOUNT_MAX
from switch.link.lines import Section
from switch.money import MoneyError, currency

COUNT_MAX, TRIES_MAX = 1_000_000, 15
PVV, OFFSET, CHIP = "pvv", "offset", "chip"
VERSION_10, VERSION_18 = 10, 18
"""Visa's cryptogram versions, as tag 9F10 has them."""
PIN_ALWAYS = frozenset({"withdrawal", "cash advance", "PIN change"})
"""Whoever holds the card gets money or a new PIN by these."""
_KEY_UNDER_LMK = re.compile(r"[0-9A-Z][\x21-\x7e]{15,511}")
_TABLE = re.compile("[0-9A-F]{16}|[LU]?[0-9A-F]{16,32}|[IK][0-9A-Fa-f]{3}")


@dataclass(frozen=True)
class OffsetMethod:
    """IBM 3624: the decimalisation *table* and *validation* data as the HSM wants them, and how many digits are checked."""

    table: str = field(repr=False)
    validation: str
    check_length: int


@dataclass(frozen=True)
class ChipConfig:
    """*imk_ac* is under the HSM's LMK; *version* that of the cards' cryptograms; *stripe*: chip cards may be swiped."""

    imk_ac: str = field(repr=False)
    version: int = VERSION_18
    stripe: bool = False


@dataclass(frozen=True)
class IssuerConfig:
    """What the section says.  Keys are under the HSM's LMK; *currency* is numeric; files are named as they stand there."""

    currency: str
    accounts_file: str
    cards_file: str
    pan_key_file: str
    pvk: str = field(repr=False)
    cvk: str = field(default="", repr=False)
    cvv_at: int = 5
    offset: OffsetMethod | None = None
    chip: ChipConfig | None = None
    pin_tries: int = 3
    without_pin: frozenset[str] = frozenset({"purchase"})
    fees: Mapping[str, int] = field(default_factory=dict)
    amount_limit: int = AMOUNT_MAX
    count_limit: int = COUNT_MAX

    def needs_pin(self, channel: str, service: str) -> bool:
        """Is a request of *service* from *channel* without a PIN refused?"""
        return not {service, f"{channel} {service}"} & self.without_pin


def read_issuer(section: Section) -> IssuerConfig:
    """What *section* says.  Raises ConfigError."""
    limits = section.section("limits")
    amount = limits.number("amount", AMOUNT_MAX, 0, AMOUNT_MAX)
    count = limits.number("count", COUNT_MAX, 0, COUNT_MAX)
    limits.end()
    read = IssuerConfig(
        currency=_currency(section),
        accounts_file=section.text("accounts", None, "a file name"),
        cards_file=section.text("cards", None, "a file name"),
        pan_key_file=section.text("pan-key", None, "a file name"),
        pvk=_key(section, "pvk", None),
        cvk=_key(section, "cvk", ""),
        cvv_at=section.number("cvv-at", 5, 0, 20),
        offset=_offset(section),
        chip=_chip(section),
        pin_tries=section.number("pin-tries", 3, 1, TRIES_MAX),
        without_pin=_without_pin(section),
        fees=_fees(section),
        amount_limit=amount,
        count_limit=count,
    )
    section.end()
    return read


def _fees(section: Section) -> Mapping[str, int]:
    own = section.section("fees")
    made = {name: own.number(name, 0, 0, AMOUNT_MAX) for name in own.remaining()}
    own.end()
    return MappingProxyType(made)


def _currency(section: Section) -> str:
    expected = "a currency of ISO 4217, three digits or letters"
    try:
        return currency(section.text("currency", None, expected)).numeric
    except MoneyError:
        raise section.wrong("currency", expected) from None


def _key(section: Section, name: str, default: str | None) -> str:
    expected = "a key under the LMK, as the HSM gave it"
    value = section.text(name, default, expected)
    if value and not _KEY_UNDER_LMK.fullmatch(value):
        raise section.wrong(name, expected)
    return value


def _offset(section: Section) -> OffsetMethod | None:
    method = section.choice("pin-method", PVV, (PVV, OFFSET))
    if method == PVV:
        if section.has(OFFSET):
            raise section.wrong(OFFSET, 'pin-method = "offset" beside it')
        return None
    own = section.section(OFFSET)
    table = own.text("table", None)
    if not _TABLE.fullmatch(table):
        raise own.wrong("table", "16 hexadecimal digits, or a table as the HSM enciphered it")
    validation = own.text("validation", None)
    if not re.fullmatch("(?=[0-9A-F]*N[0-9A-F]*$)[0-9A-FN]{12}", validation):
        raise own.wrong("validation", "11 hexadecimal digits and an N")
    made = OffsetMethod(table, validation, own.number("length", 4, 4, 12))
    own.end()
    return made


def _chip(section: Section) -> ChipConfig | None:
    if not section.has(CHIP):
        return None
    own = section.section(CHIP)
    version = own.number("cryptogram-version", VERSION_18, VERSION_10, VERSION_18)
    if version not in (VERSION_10, VERSION_18):
        raise own.wrong("cryptogram-version", f"{VERSION_10} or {VERSION_18}")
    made = ChipConfig(_key(own, "imk-ac", None), version, own.flag("stripe", False))
    own.end()
    return made


def _without_pin(section: Section) -> frozenset[str]:
    listed = section.listed("without-pin", ("purchase",))
    named = frozenset(str(each) for each in listed)
    if any(name == always or name.endswith(f" {always}") for name in named for always in PIN_ALWAYS):
        raise section.wrong("without-pin", f"services other than {', '.join(sorted(PIN_ALWAYS))}, which need a PIN")
    return named
