"""Which accounts a request means, and the books' own accounts on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from switch.ledger.ledger import open_account
from switch.store.rows import Account, Card
from switch.store.view import View

SAVINGS, CURRENT, CREDIT = "savings", "current", "credit"
TYPES: Mapping[str, str] = MappingProxyType({SAVINGS: "10", CURRENT: "20", CREDIT: "30"})
"""A customer's kinds of account, and their types in DE 3 and 54 (ISO 8583:1987)."""
NO_CREDIT_ACCOUNT, NO_ACCOUNT = "39", "78"


class AccountRefusal(Exception):
    """There is no such account: *response* is DE 39."""

    def __init__(self, response: str) -> None:
        super().__init__(response)
        self.response = response


def account_of(view: View, card: Card, account_type: str) -> Account:
    """The account of *card* that *account_type*, two digits of DE 3, means: 00 the card's usual one.

    Raises AccountRefusal.
    """
    ids = {"00": card.account_id, "10": card.savings_id, "20": card.current_id, "30": card.credit_id}
    found = customers_account(view, ids.get(account_type, ""))
    if found is None:
        raise AccountRefusal(NO_CREDIT_ACCOUNT if account_type == TYPES[CREDIT] else NO_ACCOUNT)
    return found


def customers_account(view: View, id: str) -> Account | None:
    """The account *id*, if it is a customer's and not closed: nobody names the books' own accounts from outside."""
    found = view.get(Account, id) if id else None
    return found if found is not None and found.kind in TYPES and found.status != "closed" else None


def settlement_id(link: str) -> str:
    """The id of what is between us and the partner of *link*.  No customer's account has a colon in its id."""
    return f"settlement:{link}"


def settlement(view: View, link: str, currency: str) -> str:
    """The settlement account of *link*; opened, when it is the first time that it is needed."""
    return own_account(view, settlement_id(link), currency)


def own_account(view: View, id: str, currency: str) -> str:
    """One of the books' own accounts, which nothing limits; opened, if it isn't there."""
    if view.get(Account, id) is None:
        open_account(view, Account(id, "own", currency, "open", 0, 0))
    return id
