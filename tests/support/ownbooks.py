"""A hop whose cards are our own: the flow, its works, and the HSM's answers by psec."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from support.hopside import ACQUIRER, HopBench
from support.ourbank import ANNA, DIALECTS, PAN_KEY, ZONE_KEY, Bank, psec_answer
from twisted.internet.defer import Deferred, succeed

from switch import asking as q
from switch.codec.message import Message
from switch.flow.partner import Partner
from switch.flow.ports import Use, WorkingKey
from switch.issuer.authoriser import Issuer
from switch.issuer.cards import card_id
from switch.issuer.loading import load_works
from switch.ledger.ledger import ledger_balance
from switch.store.rows import Account, Card

T = TypeVar("T")


class Keys:
    """The zone key, after another that is not it: as when one has just been changed."""

    def __init__(self) -> None:
        self.proved_: list[WorkingKey] = []
        self.failed_ = 0

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        return (ZONE_KEY, WorkingKey(link, use, q.Holder.ZONE, 2, "U" + "0" * 32))

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        return None

    def proved(self, key: WorkingKey) -> None:
        self.proved_.append(key)

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        self.failed_ += 1


class PsecHsm:
    """Answers at once; a key that is not the zone's opens no block."""

    def perform(self, question: q.Question[T]) -> Deferred[T | q.NoAnswer]:
        token = getattr(question, "key", ZONE_KEY.cryptogram)
        refused = q.NoAnswer(q.Cause.REFUSED, "20", "PinBlockInvalid")
        answer = psec_answer(question) if token == ZONE_KEY.cryptogram else refused
        return succeed(answer)  # type: ignore[arg-type]  # the question's type says what answers it


class OwnBooks(HopBench):
    """A hop whose cards are Bank's."""

    def __init__(self, partners: Collection[Partner] = ()) -> None:
        bank = Bank()
        super().__init__(Issuer(bank.config, PAN_KEY, {ACQUIRER: DIALECTS["banknet"]}), partners)
        self.exchange._hsm = PsecHsm()
        self.exchange.world = replace(self.exchange.world, keys=Keys())
        for work in load_works(bank.books):
            self.writer.submit(work, lambda result: None)
        self.pass_()

    def say(self, asked: Message) -> Message:
        self.acquirer.say(asked)
        self.pass_(0.5)
        (answer,) = self.acquirer.take()
        return answer

    def held(self, id: str) -> int:
        row = self.memory.rows[Account, id]
        assert isinstance(row, Account)
        return ledger_balance(row)

    def tries(self) -> int:
        row = self.memory.rows[Card, card_id(PAN_KEY, ANNA)]
        assert isinstance(row, Card)
        return row.tries_left
