"""Who takes part in a storm: the switch's tables, and issuers with their books."""

from __future__ import annotations

from collections.abc import Mapping

from switch.flow.hop import OWN, Hop
from switch.flow.partner import MacRule, Partner
from switch.issuer.authoriser import Issuer
from switch.issuer.bookfile import read_accounts, read_cards
from switch.issuer.cards import card_id
from switch.issuer.config import IssuerConfig
from switch.issuer.loading import Books
from switch.link.config import LinkConfig
from switch.link.profile import Profile, SignOn
from switch.routing import binfile
from switch.routing.pan import check_digit
from switch.routing.route import Routing
from switch.saf.rules import Rules
from switch.server.stormnode import Setup
from switch.standin.policy import CardLine, Listing, Policy, Trigger
from switch.storm.plan import Plan

SWITCH, CENTRE, INSTITUTION = "switch", "centre", "970400"
DIALECT, CURRENCY = "banknet", "704"
EXPIRES, SERVICE_CODE, PVV = "3012", "501", "1234"
PAN_KEY, PVK = bytes(range(16)), "U" + "A" * 32
POOR_EVERY, POOR, RICH = 10, 2_000_000, 900_000_000_000
"""Each tenth account is soon empty."""
STOOD_IN_FOR = 1
SEALED = 0
"""Of the issuers one has the switch stand in for it, and one link has MACs."""
BINS = "prefix,name,kind,link,dialect,institution,stand_in\n"


def acquirers(plan: Plan) -> list[str]:
    """Their names."""
    return [f"acquirer-{number}" for number in range(1, plan.acquirers + 1)]


def issuers(plan: Plan) -> list[str]:
    """Their names."""
    return [f"issuer-{number}" for number in range(1, plan.issuers + 1)]


def pan(issuer: int, card: int) -> str:
    """The PAN of a card."""
    digits = f"{_prefix(issuer)}{card:09d}"
    return digits + check_digit(digits)


def track(number: str) -> str:
    """Track 2 of the card *number*."""
    return f"{number}={EXPIRES}{SERVICE_CODE}10000000"


def switch(plan: Plan) -> Setup:
    """The switch between all of them."""
    names = issuers(plan)
    callers = [(_link(name), Partner(name, f"9705{number:02d}")) for number, name in enumerate(acquirers(plan))]
    members = [
        (_link(name, SignOn.EACH), Partner(name, _prefix(number), mac=MacRule() if number == SEALED else None))
        for number, name in enumerate(names)
    ]
    rows = [
        f"{_prefix(number)},{name},member,{name},{DIALECT},{_prefix(number)},{'usual' if number == STOOD_IN_FOR else ''}"
        for number, name in enumerate(names)
    ]
    rules = {name: Rules(window=1 + number, drain_first=number != 2) for number, name in enumerate(names)}
    return Setup(
        SWITCH, INSTITUTION, [*callers, *members], _routing(rows, {*names, OWN}), None,
        {"usual": _policy(plan)}, _card, rules,
    )  # fmt: skip


def issuer(plan: Plan, number: int) -> tuple[Setup, Books]:
    """An issuer and its books."""
    name, prefix = issuers(plan)[number], _prefix(number)
    config = IssuerConfig(CURRENCY, "", "", "", pvk=PVK, without_pin=frozenset({"purchase"}))

    def authoriser(hop: Hop) -> Issuer:
        return Issuer(config, PAN_KEY, {link: codec.spec for link, codec in hop.codecs.items()})

    up = Partner(CENTRE, INSTITUTION, mac=MacRule() if number == SEALED else None)
    routing = _routing([f"{prefix},{name},on-us,{OWN},{DIALECT},{prefix},"], {OWN, CENTRE})
    setup = Setup(name, prefix, [(_link(CENTRE, SignOn.EACH, calls=True), up)], routing, authoriser)
    return setup, _books(plan, number, config)


def _books(plan: Plan, number: int, config: IssuerConfig) -> Books:
    held: Mapping[int, int] = {card: RICH if card % POOR_EVERY else POOR for card in range(plan.cards)}
    accounts = ["account,kind,credit_limit,opening", *(f"a{card},current,,{amount}" for card, amount in held.items())]
    cards = ["pan,expires,service_code,account,savings,pin_check"]
    cards += [f"{pan(number, card)},{EXPIRES},{SERVICE_CODE},a{card},,{PVV}" for card in held]
    opened = read_accounts("accounts.csv", "\n".join(accounts) + "\n", config)
    return Books(opened, read_cards("cards.csv", "\n".join(cards) + "\n", config, opened, PAN_KEY), PAN_KEY)


def _policy(plan: Plan) -> Policy:
    cards = {
        _card(pan(STOOD_IN_FOR, card)): CardLine(Listing.POSITIVE, pvki="1", pvv=PVV) for card in range(plan.cards)
    }
    services = frozenset({"withdrawal", "purchase"})
    return Policy("usual", services, frozenset(Trigger), CURRENCY, 10**11, 10**6, 10**11, pvk=PVK, cards=cards)


def _card(number: str) -> str:
    return card_id(PAN_KEY, number)


def _prefix(issuer: int) -> str:
    return f"9704{11 + issuer:02d}"


def _routing(rows: list[str], links: set[str]) -> Routing:
    known = frozenset(links)
    return Routing(binfile.read("bins.csv", BINS + "\n".join(rows) + "\n", known), known)


def _link(name: str, sign_on: SignOn = SignOn.NONE, calls: bool = False) -> LinkConfig:
    profile = Profile(calls=calls, sign_on=sign_on, pause_seconds_max=8.0)
    return LinkConfig(name, DIALECT, "127.0.0.1", 5001, profile)
