"""The issuer's part, played by the switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from switch.asking import NoAnswer, Question, Verified, VerifyPinByPvv
from switch.codec.codec import Codec
from switch.codec.message import Message, MessageError
from switch.flow.ports import Decision, WorkingKey
from switch.flow.request import TRACK_2, Request
from switch.routing.bins import BinRow
from switch.saf.works import ADVICE, REVERSAL, owe, owed_places
from switch.standin import counting
from switch.standin.advice import ADVICE_MTI, APPROVED, advice, approval_code
from switch.standin.policy import PIN_ALWAYS, CardLine, Listing, Policy, Trigger
from switch.store.rows import Owed, Sending, Transaction, owed_key
from switch.store.standinrows import StandInApproval, StandInBin, StandInCard
from switch.store.view import Place, View

EXPIRED, WRONG_PIN, INOPERATIVE = "54", "55", "91"
EXPIRY = 14
SEPARATOR, EXPIRY_DIGITS = "=", 4


@dataclass(frozen=True)
class Delivery:
    """How an advice goes to an issuer.

    *onward* gives a request as it goes by a link, in its dialect, and raises MessageError when that can't say it; *codec*
    that dialect.  *position* gives the next rising number, *transmitted* the time as DE 7, *now_us* in microseconds since
    1970.  An advice that was not taken in *lasts_us* becomes an exception.
    """

    onward: Callable[[Request, str], Message]
    codec: Callable[[str], Codec]
    position: Callable[[], str]
    transmitted: Callable[[], str]
    now_us: Callable[[], int]
    lasts_us: int = 7 * 86_400 * 1_000_000


@dataclass(frozen=True)
class StandIn:
    """All *policies* by name; *card_id* gives the id that stands for a PAN."""

    policies: Mapping[str, Policy]
    card_id: Callable[[str], str]
    delivery: Delivery

    def issuer(self, row: BinRow, trigger: Trigger, request: Request) -> StandInIssuer | None:
        """Who answers *request* in the place of *row*'s issuer because of *trigger*; None: nobody may."""
        policy = self.policies.get(row.stand_in)
        if policy is None or trigger not in policy.triggers:
            return None
        service = request.service
        if not service.stand_in or service.name not in policy.services or request.currency != policy.currency:
            return None
        return StandInIssuer(policy, row, trigger, self.card_id(request.pan), self.delivery)


@dataclass(frozen=True)
class StandInIssuer:
    """An :class:`~switch.flow.ports.Authoriser` for one request.

    After a time-out ``decide`` belongs in the work that would otherwise have the reversal owed: an approval puts the advice
    in its place, and with any other decision the reversal is owed as always.
    """

    policy: Policy
    row: BinRow
    trigger: Trigger
    card: str
    delivery: Delivery

    @property
    def line(self) -> CardLine | None:
        """What the issuer says of the card."""
        return self.policy.cards.get(self.card)

    def reads(self, request: Request) -> Sequence[Place]:
        """What ``questions`` and ``decide`` will look at."""
        rows: list[Place] = [(StandInCard, self.card), (StandInBin, self.row.prefix), (StandInApproval, request.id)]
        return [*rows, *owed_places(self.row.link, request.id)]

    def questions(
        self, view: View, request: Request, pin_keys: Sequence[WorkingKey]
    ) -> Decision | Sequence[Question[object]]:
        """The question about the PIN, if there is one; or at once a refusal."""
        refused = self._refusal(view, request)
        if refused:
            return Decision(refused)
        block, line = request.pin_block, self.line
        if block is None:
            return ()
        if line is None or not line.pvv or not self.policy.pvk or not pin_keys:
            return Decision(INOPERATIVE)
        key = pin_keys[0]
        asked: Sequence[Question[object]] = [
            VerifyPinByPvv(
                key.holder, key.cryptogram, self.policy.pvk, block, request.pan, line.pvki, line.pvv, key.format
            )
        ]
        return asked

    def decide(self, view: View, request: Request, answers: Sequence[object]) -> Decision:
        """Approve within the limits, and have the advice owed.  *answers* are those to the questions.

        For one request it decides once, and nothing that is being reversed is approved.
        """
        before = view.get(StandInApproval, request.id)
        if before is not None:
            return Decision(APPROVED, before.approval)
        if view.get(Owed, owed_key(self.row.link, request.id, REVERSAL)) is not None:
            return Decision(INOPERATIVE)
        refused = self._refusal(view, request) or self._judged(view, request, answers)
        if refused:
            return Decision(refused)
        approval = approval_code(request.id)
        try:
            owed = self._owed(request, approval)
        except MessageError:
            # An issuer that could not be told would never pay.
            return Decision(INOPERATIVE)
        owe(view, owed)
        used = counting.day_of(view, self.card, request.business_date)
        entered = StandInApproval(
            request.id, self.row.prefix, self.card, used.used_date, request.amount, request.currency,
            self.trigger.value, approval, counting.OPEN,
        )  # fmt: skip
        counting.charge(view, used, entered)
        return Decision(APPROVED, approval)

    def reverse(self, view: View, original: Transaction, amount: int, id: str) -> str:
        """Take back *amount* of what was approved.  The issuer must get the reversal too, behind the advice."""
        counting.leave(view, original.id, original.amount - original.amount_reversed - amount)
        return APPROVED

    def _refusal(self, view: View, request: Request) -> str:
        """Why *request* is declined whatever its PIN (DE 39); empty for no reason."""
        line = self.line
        if line is not None and line.listing is Listing.NEGATIVE:
            return line.response
        if line is None and self.policy.listed_only:
            return INOPERATIVE
        expiry = _expiry(request)
        if expiry and request.business_date[2:6] > expiry:
            return EXPIRED
        if request.pin_block is None and request.service.name in PIN_ALWAYS:
            return WRONG_PIN
        if request.amount <= 0:
            return INOPERATIVE
        used = counting.day_of(view, self.card, request.business_date)
        return counting.over(view, self.policy, line, self.row.prefix, used, request.amount)

    def _judged(self, view: View, request: Request, answers: Sequence[object]) -> str:
        """What the HSM's answer about the PIN means (DE 39); empty when all is well.  A wrong PIN is counted."""
        if request.pin_block is None:
            return ""
        said = answers[0] if len(answers) == 1 else None
        if isinstance(said, NoAnswer) or not isinstance(said, Verified):
            return INOPERATIVE
        if said.right:
            return ""
        used = counting.day_of(view, self.card, request.business_date)
        view.put(counting.wrong_pin(used))
        return WRONG_PIN

    def _owed(self, request: Request, approval: str) -> Owed:
        """The advice.  Raises MessageError."""
        link, delivery = self.row.link, self.delivery
        codec, now_us = delivery.codec(link), delivery.now_us()
        message = advice(
            delivery.onward(request, link), approval, self.trigger, delivery.transmitted(),
            self.policy.reason_element, codec.spec.elements.keys(),
        )  # fmt: skip
        return Owed(
            owed_key(link, request.id, ADVICE), delivery.position(), link, request.id, ADVICE_MTI, codec.encode(message),
            Sending.WAITING, 0, now_us, now_us + delivery.lasts_us, now_us, "",
        )  # fmt: skip


def _expiry(request: Request) -> str:
    """``yymm`` of DE 14 or of track 2 (ISO/IEC 7813); empty where neither tells it."""
    track = request.text(TRACK_2).replace("D", SEPARATOR)
    told = request.text(EXPIRY) or track.partition(SEPARATOR)[2][:EXPIRY_DIGITS]
    return told if len(told) == EXPIRY_DIGITS and told.isascii() and told.isdecimal() else ""
