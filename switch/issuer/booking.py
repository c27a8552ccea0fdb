"""What is posted when a request is approved, and how it is taken back.

An approval is one posting under the transaction's id, debit and credit at once, and one
:class:`~switch.store.rows.Authorisation`, which remembers the card and how much has been taken back since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from switch.codec.message import Parts, Value
from switch.flow.request import ACQUIRER, APPROVAL, MERCHANT, ORIGINAL, TERMINAL, Request
from switch.issuer.accounts import settlement
from switch.issuer.cards import charged, relieved
from switch.issuer.fees import fee_id, given_back, levied
from switch.issuer.verifying import advises
from switch.ledger.ledger import Outcome, Transfer, transfer_all
from switch.store.rows import Authorisation, Card, Posting, SaleName, Transaction, key
from switch.store.view import View

APPROVED, BAD_AMOUNT, DUPLICATE = "00", "13", "94"
NOTHING_TO_REVERSE, ORIGINAL_UNKNOWN, INCONSISTENT = "21", "25", "77"
INVOICE = 62
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.DONE: APPROVED,
        Outcome.REPEATED: APPROVED,
        Outcome.DIFFERENT: DUPLICATE,
        Outcome.BAD_AMOUNT: BAD_AMOUNT,
        Outcome.SAME_ACCOUNT: "12",
        Outcome.NO_ACCOUNT: "78",
        Outcome.NOT_OPEN: "62",
        Outcome.CURRENCY: "12",
        Outcome.INSUFFICIENT: "51",
        Outcome.OVERFLOW: "96",
    }
)
"""DE 39 for what became of a transfer that is posted at once."""
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def approval_code(id: str) -> str:
    """DE 38 of the transaction *id*: 6 of 32 characters that can't be mistaken for one another.  It is no secret."""
    number = int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big")
    return "".join(_DIGITS[number >> shift & 31] for shift in range(25, -1, -5))


def sale_by_invoice(card: str, request: Request) -> str:
    """What a void calls a sale of the card with the id *card*; empty when *request* has no invoice number."""
    invoice = _plain(request.message.fields.get(INVOICE, ""))
    return key(card, "invoice", request.text(ACQUIRER), request.text(TERMINAL), invoice) if invoice else ""


def sale_by_approval(card: str, request: Request, approval: str) -> str:
    """What a refund calls it: *approval* at the card acceptor (DE 42)."""
    return key(card, "approval", request.text(MERCHANT), approval)


def _plain(value: Value) -> str:
    """An element that is text in one dialect, bytes or sub-fields in another."""
    if isinstance(value, Parts):
        return "".join(_plain(part) for _, part in value.pairs)
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).strip()


def spend(view: View, card: Card, request: Request, debit: str, credit: str, fee: int = 0) -> str:
    """Move the amount of *request* from *debit* to *credit* within the day's limits of *card*; DE 39.

    *debit* pays the *fee* beside it, which uses nothing of the limits.
    """
    if view.get(Authorisation, request.id) is not None:
        return _post(view, request.id, debit, credit, request.amount, request.currency)
    if request.amount <= 0:
        return BAD_AMOUNT
    now = charged(card, request.amount, request.business_date, bounded=not advises(request))
    if isinstance(now, str):
        return now
    paid = levied(view, request.id, debit, fee, request.currency)
    response = _post(view, request.id, debit, credit, request.amount, request.currency, *paid)
    if response == APPROVED:
        view.put(now)
        view.put(Authorisation(request.id, card.id, "", now.used_date, request.amount, 0, fee))
    return response


def charge(view: View, request: Request, account: str, fee: int, currency: str) -> str:
    """Have *account* pay the *fee* for the service *request*, which moves no money itself; DE 39."""
    if view.get(Posting, fee_id(request.id)) is not None:
        return APPROVED
    return OUTCOMES[transfer_all(view, levied(view, request.id, account, fee, currency))]


def name_sale(view: View, card: Card, request: Request) -> None:
    """Remember how a void or a refund may call the sale *request*, which was approved."""
    invoice = sale_by_invoice(card.id, request)
    if invoice:
        view.put(SaleName(invoice, request.id))
    view.put(SaleName(sale_by_approval(card.id, request, approval_code(request.id)), request.id))


def void(view: View, card: Card, request: Request) -> str:
    """Take back all of the sale that *request* names by its invoice number; DE 39."""
    sale = _named(view, sale_by_invoice(card.id, request))
    if sale is None:
        return ORIGINAL_UNKNOWN
    if _repeated(view, request, sale):
        return APPROVED
    if request.text(APPROVAL) not in ("", approval_code(sale.id)) or not _agrees(view, request, sale):
        return INCONSISTENT
    if sale.returned == sale.amount:
        return NOTHING_TO_REVERSE
    if sale.returned or request.amount != sale.amount:
        return INCONSISTENT
    return _give_back(view, request, sale, sale.fee)


def refund(view: View, card: Card, request: Request) -> str:
    """Take back of the sale that *request* names by its approval code as much as it says; DE 39."""
    sale = _named(view, sale_by_approval(card.id, request, request.text(APPROVAL)))
    if sale is None:
        return ORIGINAL_UNKNOWN
    if _repeated(view, request, sale):
        return APPROVED
    if not _agrees(view, request, sale):
        return INCONSISTENT
    return _surplus(request.amount, sale) or _give_back(view, request, sale)


def reverse(view: View, id: str, original_id: str, amount: int) -> str:
    """Take back *amount* of the approval *original_id*, under *id*; DE 39.  The same *id* again takes nothing more."""
    approved, posted = view.get(Authorisation, original_id), view.get(Posting, original_id)
    if approved is None or posted is None:
        return NOTHING_TO_REVERSE
    if view.get(Posting, id) is None:
        wrong = _surplus(amount, approved)
        if wrong:
            return wrong
        # The fee follows the last of what it was paid for; with the last of a void that is taken back, it is paid again.
        fee = approved.fee if approved.returned + amount == approved.amount else 0
        if approved.original_id:
            beside = levied(view, id, posted.credit, fee, posted.currency)
        else:
            beside = given_back(id, posted.debit, fee, posted.currency)
        response = _post(view, id, posted.credit, posted.debit, amount, posted.currency, *beside)
        if response == APPROVED:
            _returned(view, approved, amount, fee)
            sale = view.get(Authorisation, approved.original_id) if approved.original_id else None
            if sale is not None:
                _returned(view, sale, -amount, -fee)
        return response
    return _post(view, id, posted.credit, posted.debit, amount, posted.currency)


def _post(view: View, id: str, debit: str, credit: str, amount: int, currency: str, *beside: Transfer) -> str:
    return OUTCOMES[transfer_all(view, (Transfer(id, debit, credit, amount, currency), *beside))]


def _named(view: View, name: str) -> Authorisation | None:
    found = view.get(SaleName, name) if name else None
    return view.get(Authorisation, found.authorisation_id) if found is not None else None


def _repeated(view: View, request: Request, sale: Authorisation) -> bool:
    """Was *request*, a void or refund of *sale*, approved already?"""
    before = view.get(Authorisation, request.id)
    return before is not None and (before.original_id, before.amount) == (sale.id, request.amount)


def _agrees(view: View, request: Request, sale: Authorisation) -> bool:
    """Does DE 90, if it is there, mean *sale*?  (Its STAN and DE 7; the parts for institutions vary between networks.)"""
    if ORIGINAL not in request.message.fields:
        return True
    named, original = _plain(request.message.fields[ORIGINAL]), view.get(Transaction, sale.id)
    return original is None or named[4:20] == original.stan.zfill(6) + original.transmitted


def _surplus(amount: int, approved: Authorisation) -> str:
    """Why *amount* of what was *approved* can't be taken back (DE 39); empty if it can."""
    left = approved.amount - approved.returned
    if left == 0:
        return NOTHING_TO_REVERSE
    if amount <= 0:
        return BAD_AMOUNT
    return INCONSISTENT if amount > left else ""


def _give_back(view: View, request: Request, sale: Authorisation, fee: int = 0) -> str:
    posted = view.get(Posting, sale.id)
    assert posted is not None, "every authorisation has its posting, both in one commit"
    from_partner = settlement(view, request.link, posted.currency)
    beside = given_back(request.id, posted.debit, fee, request.currency)
    response = _post(view, request.id, from_partner, posted.debit, request.amount, request.currency, *beside)
    if response == APPROVED:
        _returned(view, sale, request.amount, fee)
        view.put(Authorisation(request.id, sale.card_id, sale.id, request.business_date, request.amount, 0, fee))
    return response


def _returned(view: View, approved: Authorisation, amount: int, fee: int = 0) -> None:
    """Note that *amount* and *fee* were taken back or, negative, are in force again; the card's day follows a sale."""
    now = replace(approved, returned=approved.returned + amount, fee=approved.fee - fee)
    view.put(now)
    card = view.get(Card, approved.card_id)
    if card is not None and not approved.original_id:
        count = (now.returned == now.amount) - (approved.returned == approved.amount)
        view.put(relieved(card, amount, count, approved.business_date))
