"""Balances in DE 54 (ISO 8583:1987, additional amounts): 20 characters each."""

from __future__ import annotations

from switch.codec.message import Value
from switch.codec.nested import Misfit
from switch.codec.spec import Element
from switch.issuer.accounts import TYPES
from switch.ledger.ledger import AMOUNT_MAX, available, ledger_balance
from switch.store.rows import Account

ADDITIONAL_AMOUNTS = 54
LEDGER, AVAILABLE = "01", "02"


class Unsayable(Exception):
    """The balance has more digits than DE 54, or the dialect has another DE 54."""


def balances_text(account: Account) -> str:
    """The ledger balance, then what is available; each the account's type, the amount's, currency, C or D, 12 digits.

    Raises Unsayable.

    >>> balances_text(Account("a", "savings", "704", "open", 1, 0, debits_posted=500, credits_posted=1500))
    '1001704C0000000010001002704C000000001000'
    """
    sums = ((LEDGER, ledger_balance(account)), (AVAILABLE, available(account)))
    if any(abs(amount) > AMOUNT_MAX for _, amount in sums):
        raise Unsayable
    return "".join(
        f"{TYPES[account.kind]}{kind}{account.currency}{'D' if amount < 0 else 'C'}{abs(amount):012}"
        for kind, amount in sums
    )


def balances_value(account: Account, element: Element, mti: str) -> Value:
    """The same as a dialect whose DE 54 is *element* has it in messages of *mti*: text, or sub-fields.

    Raises Unsayable.
    """
    text = balances_text(account)
    choice = element.choice(mti)
    try:
        return choice.read(text) if choice else text
    except Misfit:
        raise Unsayable from None
