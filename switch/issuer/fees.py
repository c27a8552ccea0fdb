"""What a service costs its cardholder.

A fee is a posting of its own beside that of the service, both or none, from the customer's account to the bank's own.  Who
takes back all of what a service did gets its fee back, too; who takes back a part does not.
"""

from __future__ import annotations

from switch.issuer.accounts import own_account
from switch.ledger.ledger import Transfer
from switch.store.rows import Posting, key
from switch.store.view import View

FEES_ACCOUNT = "own:fees"


def fee_id(id: str) -> str:
    """The id of the posting of what the transaction *id* costs."""
    return key(id, "fee")


def levied(view: View, id: str, account: str, fee: int, currency: str) -> tuple[Transfer, ...]:
    """The transfer by which *account* pays *fee*, in minor units, for the transaction *id*; none where it costs nothing."""
    return (Transfer(fee_id(id), account, own_account(view, FEES_ACCOUNT, currency), fee, currency),) if fee else ()


def turned(view: View, id: str, original_id: str) -> tuple[Transfer, ...]:
    """The transfer that turns round, under *id*, what became of the fee with the transaction *original_id*."""
    there = view.get(Posting, fee_id(original_id))
    return (Transfer(fee_id(id), there.credit, there.debit, there.amount, there.currency),) if there is not None else ()
