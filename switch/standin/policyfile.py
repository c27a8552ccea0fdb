"""Stand-in policies in TOML; each error names the file, the line, the field and what was expected.

[[policy]]
name = "basic"                     # as the table of prefixes names it
services = ["withdrawal"]          # of withdrawal and purchase
triggers = ["signed-off", "timed-out", "unavailable"]
currency = "704"                   # of all amounts here, in minor units
amount-a-day = 2000000             # for a card and business day
count-a-day = 3
exposure = 500000000               # for a prefix, until the issuer has been told
pin-tries = 3                      # wrong PINs of a card and business day
pvk = "U…"                         # the PVK pair, as the dialect of [hsm] writes keys; absent: no PIN can be verified
cards = "basic.csv"                # the issuer's card lines; see ``cardfile``
listed-only = false                # decline cards without a line
reason-element = 60                # where the advice tells the reason (1001, 1002, 1003); 0: nowhere
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from switch.hsmdialect import THALES, HsmDialect
from switch.link.lines import Section, document
from switch.money import MoneyError
from switch.money import currency as currency_of
from switch.routing.binfile import NAME
from switch.standin.cardfile import read_cards
from switch.standin.policy import SERVICES, Policy, Trigger

AMOUNT_MAX, COUNT_MAX, POLICIES_MAX = 10**15, 1_000, 1_000
TRIGGERS = {each.name.lower().replace("_", "-"): each for each in Trigger}


def read_policies(
    path: str, text: str, content: Callable[[str], str], dialect: HsmDialect = THALES
) -> Mapping[str, Policy]:
    """The policies that *text*, the content of the file *path*, declares, by name; *content* is that of a named file.

    Raises ConfigError, and OSError as *content* does.
    """
    top = document(path, text)
    rows = top.rows("policy")
    if len(rows) > POLICIES_MAX:
        raise top.wrong("policy", f"at most {POLICIES_MAX} policies")
    found: dict[str, Policy] = {}
    for row in rows:
        policy = _policy(row, content, dialect)
        if policy.name in found:
            raise row.wrong("name", "a name that no other policy has")
        found[policy.name] = policy
    top.end()
    return MappingProxyType(found)


def _policy(row: Section, content: Callable[[str], str], dialect: HsmDialect) -> Policy:
    name = row.matching("name", None, NAME.pattern, "letters, digits, '.', '_' and '-', 40 at most")
    pvk = row.text("pvk", "", dialect.key_expected)
    if pvk and not dialect.is_key(pvk):
        raise row.wrong("pvk", dialect.key_expected)
    file = row.text("cards", "")
    policy = Policy(
        name,
        frozenset(_some(row, "services", SERVICES)),
        frozenset(TRIGGERS[each] for each in _some(row, "triggers", tuple(TRIGGERS))),
        _currency(row),
        row.number("amount-a-day", 0, 1, AMOUNT_MAX),
        row.number("count-a-day", 0, 1, COUNT_MAX),
        row.number("exposure", 0, 1, AMOUNT_MAX),
        row.number("pin-tries", 3, 1, 99),
        row.flag("listed-only", False),
        row.number("reason-element", 60, 0, 128),
        pvk,
        read_cards(file, content(file), dialect.pvk_indices) if file else MappingProxyType({}),
    )
    if policy.listed_only and not policy.cards:
        raise row.wrong("listed-only", "false, or cards that are listed")
    row.end()
    return policy


def _some(row: Section, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    found = row.listed(key, ())
    if not found or not set(found) <= set(known) or len(set(found)) < len(found):
        raise row.wrong(key, f"some of {', '.join(known)}, each once")
    return tuple(str(each) for each in found)


def _currency(row: Section) -> str:
    try:
        return currency_of(row.text("currency", None)).numeric
    except MoneyError as fault:
        raise row.wrong("currency", str(fault)) from None
