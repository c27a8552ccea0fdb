"""The issuer as a flow sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from switch.asking import Question
from switch.codec.message import Value
from switch.codec.spec import Spec
from switch.flow.ports import Decision, WorkingKey
from switch.flow.request import APPROVAL, FROM_ACCOUNT, PIN_CHANGE, PROCESSING, TO_ACCOUNT, Request
from switch.issuer import booking
from switch.issuer.accounts import (
    NO_ACCOUNT,
    AccountRefusal,
    account_of,
    customers_account,
    settlement,
    settlement_id,
)
from switch.issuer.balances import ADDITIONAL_AMOUNTS, Unsayable, balances_value
from switch.issuer.cards import card_id
from switch.issuer.config import IssuerConfig
from switch.issuer.verifying import MALFUNCTION, outcome, questions, refusal, said_to_chip
from switch.routing.pan import DIGITS_LEAST, DIGITS_MOST
from switch.services.catalogue import INVALID_TRANSACTION, answering
from switch.store.rows import Account, Authorisation, Card, Posting, SaleName, Transaction
from switch.store.view import Place, View

UNKNOWN_CARD, ANY_TYPE = "14", "00"
PAN = re.compile(f"[0-9]{{{DIGITS_LEAST},{DIGITS_MOST}}}")
Said = tuple[str, Mapping[int, Value]]
"""DE 39, and elements of the answer besides."""
Service = Callable[[View, Card, Request], Said]


class Issuer:
    """The books of our cards and accounts; a :class:`switch.flow.ports.Authoriser`.

    *pan_key* is that under which the cards were loaded (:func:`switch.issuer.cards.card_id`).  *dialects* are those of the
    links by which requests come: how each says balances.
    """

    def __init__(self, config: IssuerConfig, pan_key: bytes, dialects: Mapping[str, Spec]) -> None:
        self._config = config
        self._pan_key = pan_key
        self._dialects = dialects
        self._services: Mapping[str, Service] = MappingProxyType(
            {
                "withdrawal": self._withdraw,
                "cash advance": self._sell,
                "purchase": self._sell,
                "balance": self._balance,
                "transfer": self._transfer,
                "void": lambda view, card, request: (booking.void(view, card, request), {}),
                "refund": lambda view, card, request: (booking.refund(view, card, request), {}),
                PIN_CHANGE: self._change_pin,
            }
        )

    def card_id(self, pan: str) -> str:
        """The id of the card's row."""
        return card_id(self._pan_key, pan)

    def reads(self, request: Request) -> Sequence[Place]:
        """See :meth:`switch.flow.ports.Authoriser.reads`.  The card's accounts are known to its row only."""
        card = self.card_id(request.pan)
        places: list[Place] = [(Card, card), (Authorisation, request.id), (Posting, request.id)]
        places.append((Account, settlement_id(request.link)))
        if request.service.name == "void":
            places.append((SaleName, booking.sale_by_invoice(card, request)))
        if request.service.name == "refund":
            places.append((SaleName, booking.sale_by_approval(card, request, request.text(APPROVAL))))
        if request.service.name == "transfer":
            to = request.text(TO_ACCOUNT)
            places += [(Account, request.text(FROM_ACCOUNT)), (Account, to)]
            if PAN.fullmatch(to):
                places.append((Card, self.card_id(to)))
        return places

    def questions(
        self, view: View, request: Request, pin_keys: Sequence[WorkingKey]
    ) -> Decision | Sequence[Question[object]]:
        """See :meth:`switch.flow.ports.Authoriser.questions`."""
        card = view.get(Card, self.card_id(request.pan))
        refused = self._refusal(card, request)
        if card is None or refused:
            return Decision(refused)
        asked = questions(self._config, card, request, pin_keys)
        return Decision(asked) if isinstance(asked, str) else asked

    def decide(self, view: View, request: Request, answers: Sequence[object]) -> Decision:
        """See :meth:`switch.flow.ports.Authoriser.decide`.

        The same request again is approved again, and posted once.
        """
        card = view.get(Card, self.card_id(request.pan))
        refused = self._refusal(card, request)
        if card is None or refused:
            return Decision(refused)
        again = view.get(Authorisation, request.id) is not None
        checked, refused = outcome(self._config, card, request, answers, again)
        if checked != card:
            view.put(checked)
        if refused:
            return Decision(refused)
        try:
            response, fields = self._services[request.service.name](view, checked, request)
        except AccountRefusal as no_account:
            response, fields = no_account.response, {}
        if response != booking.APPROVED:
            # A PIN that was changed stays what it was, if the change is not approved after all.
            kept = replace(checked, pin_check=card.pin_check, pvki=card.pvki)
            if kept != checked:
                view.put(kept)
            return Decision(response)
        return Decision(response, booking.approval_code(request.id), {**fields, **said_to_chip(request, answers)})

    def reverse(self, view: View, original: Transaction, amount: int, id: str) -> str:
        """See :meth:`switch.flow.ports.Authoriser.reverse`."""
        return booking.reverse(view, id, original.id, amount)

    def _refusal(self, card: Card | None, request: Request) -> str:
        if card is None:
            return UNKNOWN_CARD
        if request.service.name not in self._services or request.currency not in ("", self._config.currency):
            return INVALID_TRANSACTION
        return refusal(self._config, card, request)

    def _withdraw(self, view: View, card: Card, request: Request) -> Said:
        account = account_of(view, card, request.text(PROCESSING)[2:4])
        partner = settlement(view, request.link, self._config.currency)
        return booking.spend(view, card, request, account.id, partner, self._fee(request)), {}

    def _sell(self, view: View, card: Card, request: Request) -> Said:
        """What a card acceptor may void or refund afterwards."""
        said = self._withdraw(view, card, request)
        if said[0] == booking.APPROVED:
            booking.name_sale(view, card, request)
        return said

    def _transfer(self, view: View, card: Card, request: Request) -> Said:
        types, named = request.text(PROCESSING), request.text(FROM_ACCOUNT)
        if named in ("", request.pan):
            debit = account_of(view, card, types[2:4])
        else:
            own = {card.account_id, card.savings_id, card.current_id, card.credit_id}
            debit = _existing(customers_account(view, named if named in own else ""))
        to = request.text(TO_ACCOUNT)
        other = view.get(Card, self.card_id(to)) if PAN.fullmatch(to) else None
        credit = account_of(view, other, types[4:6]) if other is not None else _existing(customers_account(view, to))
        return booking.spend(view, card, request, debit.id, credit.id, self._fee(request)), {}

    def _balance(self, view: View, card: Card, request: Request) -> Said:
        type_ = request.text(PROCESSING)[2:4]
        element = self._dialects[request.link].elements.get(ADDITIONAL_AMOUNTS)
        if element is None:
            return INVALID_TRANSACTION, {}
        charged = self._charge(view, request, account_of(view, card, type_))
        if charged != booking.APPROVED:
            return charged, {}
        account = account_of(view, card, type_)
        try:
            said = {ADDITIONAL_AMOUNTS: balances_value(account, element, answering(request.message.mti))}
        except Unsayable:
            return MALFUNCTION, {}
        return booking.APPROVED, said

    def _change_pin(self, view: View, card: Card, request: Request) -> Said:
        """The new verification value was kept with the card already."""
        if not self._fee(request):
            return booking.APPROVED, {}
        return self._charge(view, request, account_of(view, card, ANY_TYPE)), {}

    def _charge(self, view: View, request: Request, account: Account) -> str:
        return booking.charge(view, request, account.id, self._fee(request), self._config.currency)

    def _fee(self, request: Request) -> int:
        return self._config.fees.get(request.service.fee, 0)


def _existing(account: Account | None) -> Account:
    if account is None:
        raise AccountRefusal(NO_ACCOUNT)
    return account
