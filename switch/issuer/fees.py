"""What a service costs its cardholder.

A fee is a posting of its own beside that of the service, both or none, from the customer's account to the bank's own.  Who
takes back all of what a service did gets its fee back, too; who takes back a part does not.
"""

from __future__ import annotations

from switch.issuer.accounts import own_account
from switch.ledger.ledger import Transfer
from switch.store.rows import key
from switch.store.view import View

FEES_ACCOUNT = "own:fees"


def fee_id(id: str) -> str:
    """The id of the posting of what the transaction *id* costs."""
    return key(id, "fee")


def levied(view: View, id: str, account: str, fee: int, currency: str) -> tuple[Transfer, ...]:
    """The transfer by which *account* pays *fee*, in minor units, for the transaction *id*; none of nothing."""
    return (Transfer(fee_id(id), account, own_account(view, FEES_ACCOUNT, currency), fee, currency),) if fee else ()


def given_back(id: str, account: str, fee: int, currency: str) -> tuple[Transfer, ...]:
    """The transfer by which *account* gets *fee* back for the transaction *id*; none of nothing."""
    return (Transfer(fee_id(id), FEES_ACCOUNT, account, fee, currency),) if fee else ()
