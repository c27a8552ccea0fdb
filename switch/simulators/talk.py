"""A terminal's talk with its host: one request at a time, and one reversal of what may have been approved in vain.

A request without an answer is reversed if it was sent and could have been approved; so is an approval whose money the
cardholder didn't get.  A reversal is repeated until the host has settled it, and until then the terminal asks nothing
else: so there is never more than one, and none is ever forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from switch.codec.message import Message
from switch.simulators.cassette import Counts
from switch.simulators.terminal import Offer
from switch.simulators.wording import AMOUNT, APPROVAL, RESPONSE, STAN, repeated, reversal

STANS = 999_999
APPROVED = "00"
SETTLED = frozenset({"00", "21", "25"})
"""DE 39 of a 0430 that settles a reversal: done, nothing to do, nothing known."""
OTHER_AMOUNT = "the bank's answer is about another amount"
NOT_ACCEPTED = "the card does not accept the bank's answer"
ASK_AGAIN = frozenset({"68", "90", "91", "96"})
"""The host could not deal with the reversal now."""


class Outcome(Enum):
    """How a service ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNABLE = "unable"
    """The host gave no answer, or the terminal could not do what was approved."""
    REFUSED = "refused"
    """The terminal itself would not: the host was not asked."""


@dataclass(frozen=True)
class Send:
    """Give *message* to the link; *reversing*: its answer is about the reversal that is owed."""

    message: Message
    reversing: bool = False


@dataclass(frozen=True)
class RetryLater:
    """The reversal is to be sent again after a while."""


@dataclass(frozen=True)
class Reversed:
    """The host has dealt with the reversal: DE 39 of its answer; *irregular* when it settled nothing."""

    stan: str
    response: str
    irregular: bool


@dataclass(frozen=True)
class Dispense:
    """Give out so many notes of each cassette."""

    counts: Counts


@dataclass(frozen=True)
class Return:
    """Give the card back, or (*keep*) retain it."""

    keep: bool = False


@dataclass(frozen=True)
class Finished:
    """A service has ended.  *offer* None: none was chosen.  *actual*: what was dispensed, minor units.

    *answer* is the host's, if there is one, and *text* says what the display says.
    """

    offer: Offer | None
    outcome: Outcome
    text: str
    amount: int = 0
    actual: int | None = None
    asked: Message | None = field(default=None, repr=False)
    answer: Message | None = field(default=None, repr=False)
    invoice: str = ""
    reversing: bool = False
    receipt: bool = True

    @property
    def response(self) -> str:
        """DE 39 of the answer, empty without one."""
        return text_of(self.answer, RESPONSE)

    @property
    def approval(self) -> str:
        """DE 38 of the answer, empty without one."""
        return text_of(self.answer, APPROVAL)


Effect = Send | RetryLater | Reversed | Dispense | Return | Finished
"""One thing that is to be done."""


@dataclass(frozen=True)
class Answered:
    """The host answered the request; *accepted*: the card's chip, if it was read by that, agrees to what it says."""

    answer: Message = field(repr=False)
    accepted: bool = True


@dataclass(frozen=True)
class Unanswered:
    """No answer will be taken any more; not *sent*: the host has certainly not seen the request."""

    sent: bool


@dataclass(frozen=True)
class ReversalAnswered:
    """The host answered the reversal."""

    answer: Message = field(repr=False)


@dataclass(frozen=True)
class ReversalUnanswered:
    """The reversal has no answer; not *sent*: it has not left the terminal."""

    sent: bool


@dataclass(frozen=True)
class Retry:
    """It is time to send the reversal again."""


@dataclass(frozen=True)
class Asked:
    """What is unanswered."""

    message: Message
    offer: Offer
    amount: int
    invoice: str = ""


@dataclass(frozen=True)
class Owed:
    """A reversal: *sent* at least once, or not; *under_way*: its answer is awaited."""

    message: Message
    sent: bool = False
    under_way: bool = True


@dataclass(frozen=True)
class Talk:
    """*stan*: the last trace number given out; what is *asked*, and the reversal that is *owed*."""

    stan: int = 0
    asked: Asked | None = None
    owed: Owed | None = None

    def next_stan(self) -> Talk:
        """With another trace number given out."""
        return replace(self, stan=self.stan % STANS + 1)

    @property
    def stan_digits(self) -> str:
        """The last trace number, as DE 11 has it."""
        return f"{self.stan:06d}"


Talked = tuple[Talk, tuple[Effect, ...]]


def ask(talk: Talk, asked: Asked) -> Talked:
    """Ask the host."""
    assert talk.asked is None
    assert talk.owed is None
    return replace(talk, asked=asked), (Send(asked.message),)


def owe(talk: Talk, original: Message, approval: str = "", actual: int | None = None) -> Talked:
    """Reverse *original*; *actual* is what the cardholder did get of it (minor units, None: nothing)."""
    assert talk.owed is None
    reversing = reversal(original, approval, actual)
    return replace(talk, owed=Owed(reversing)), (Send(reversing, True),)


def gave_up(talk: Talk, asked: Asked, sent: bool) -> Talked:
    """No answer came to *asked*: reverse it, if it was sent and may have been approved."""
    talk = replace(talk, asked=None)
    return owe(talk, asked.message) if sent and asked.offer.reversible else (talk, ())


def of_another_amount(asked: Asked, answer: Message) -> bool:
    """Does *answer* speak of another amount than was *asked*?  Then nobody knows what was booked, and it is reversed."""
    return asked.offer.amount and answer.fields.get(AMOUNT, asked.amount) != asked.amount


def in_vain(asked: Asked, answered: Answered) -> str:
    """Why an approval is of no use, so that it is reversed; empty, if it is."""
    if of_another_amount(asked, answered.answer):
        return OTHER_AMOUNT
    return "" if answered.accepted else NOT_ACCEPTED


def reversal_event(talk: Talk, event: ReversalAnswered | ReversalUnanswered | Retry) -> Talked:
    """What became of the reversal."""
    owed = talk.owed
    if owed is None:
        return talk, ()
    match event:
        case ReversalAnswered(answer):
            if text_of(answer, STAN) != text_of(owed.message, STAN):
                return talk, ()
            response = text_of(answer, RESPONSE)
            if response in ASK_AGAIN:
                return replace(talk, owed=replace(owed, sent=True, under_way=False)), (RetryLater(),)
            settled = Reversed(text_of(owed.message, STAN), response, response not in SETTLED)
            return replace(talk, owed=None), (settled,)
        case ReversalUnanswered(sent):
            return replace(talk, owed=replace(owed, sent=owed.sent or sent, under_way=False)), (RetryLater(),)
        case Retry():
            if owed.under_way:
                return talk, ()
            again = repeated(owed.message) if owed.sent else owed.message
            return replace(talk, owed=replace(owed, under_way=True)), (Send(again, True),)


def text_of(message: Message | None, number: int) -> str:
    """An element as text without blanks at its end; empty when it isn't there."""
    value = "" if message is None else message.fields.get(number, "")
    return value.rstrip() if isinstance(value, str) else str(value)
