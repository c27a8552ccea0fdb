"""Recognising what a message asks for, and checking it and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from switch.codec.message import Message
from switch.services.fieldset import FieldSet

FORMAT_ERROR, INVALID_TRANSACTION = "30", "12"
REMEMBERED_MAX = 4_096
"""Combinations of codes of which the service is remembered; real traffic has some dozens."""
NOT_PERMITTED_TO_CARD, NOT_PERMITTED_TO_TERMINAL = "57", "58"


@dataclass(frozen=True)
class Service:
    """One row: *name* as *channel* offers it.

    A request has the *mti* (a repeat ends in 1) and, by element, one of the *codes* (``x`` stands for any digit).  *fee* is
    the key of its fee, empty for none.
    """

    name: str
    channel: str
    mti: str
    codes: Mapping[int, tuple[str, ...]]
    request: FieldSet
    answer: FieldSet
    reversible: bool = False
    stand_in: bool = False
    fee: str = ""

    def known_by(self, number: int, message: Message) -> bool:
        """Has *message* one of the codes in element *number*?"""
        value = message.fields.get(number)
        return isinstance(value, str) and any(fits(pattern, value) for pattern in self.codes[number])


@dataclass(frozen=True)
class Reject:
    """A refusal: *response* is DE 39, *field* the element that is to blame (0: the MTI)."""

    response: str
    field: int
    text: str


def fits(pattern: str, value: str) -> bool:
    """Is *value* what *pattern* says, in which ``x`` stands for any digit?

    >>> fits("01xxxx", "012000"), fits("01xxxx", "302000"), fits("051", "05")
    (True, False, False)
    """
    return len(pattern) == len(value) and all(
        want == has or (want == "x" and has.isdecimal()) for want, has in zip(pattern, value, strict=True)
    )


@dataclass(frozen=True)
class Services:
    """The catalogue.  *channels* are known by codes too, for links on which several mix; *withheld* is per bank."""

    rows: tuple[Service, ...]
    channels: Mapping[str, Mapping[int, tuple[str, ...]]]
    withheld: Mapping[str, frozenset[tuple[str, str]]]
    """Bank → the (channel, service) that it doesn't offer, neither at its terminals nor to its cards."""
    _found: dict[tuple[object, ...], Service | Reject] = field(default_factory=dict, repr=False, compare=False)

    def channel(self, message: Message) -> str | None:
        """The first channel of the file whose codes *message* has; for a link of a member, where channels mix."""
        for name, codes in self.channels.items():
            values = {number: message.fields.get(number) for number in codes}
            if all(
                isinstance(value, str) and any(fits(pattern, value) for pattern in codes[number])
                for number, value in values.items()
            ):
                return name
        return None

    def recognise(self, message: Message, channel: str, acquirer: str = "") -> Service | Reject:
        """The service that *message*, a request, asks for on *channel* at a terminal of *acquirer*; or the refusal."""
        known_by = (channel, message.mti, *(message.fields.get(number) for number in self._code_fields))
        found = self._found.get(known_by)
        if found is None:
            if len(self._found) >= REMEMBERED_MAX:
                self._found.clear()
            found = self._found[known_by] = self._matching(message, channel)
        if isinstance(found, Reject):
            return found
        if (channel, found.name) in self.withheld.get(acquirer, ()):
            return Reject(NOT_PERMITTED_TO_TERMINAL, 3, f"{acquirer} doesn't offer {found.name} on {channel}")
        return _misfit(found.request, message) or found

    @cached_property
    def _code_fields(self) -> tuple[int, ...]:
        return tuple(sorted({number for row in self.rows for number in row.codes}))

    def _matching(self, message: Message, channel: str) -> Service | Reject:
        """By the codes alone."""
        rows = [row for row in self.rows if row.channel == channel and row.mti == first_sent(message.mti)]
        if not rows:
            return Reject(INVALID_TRANSACTION, 0, f"{channel} has no service of this message type")
        for number in sorted({number for row in rows for number in row.codes}):
            left = [row for row in rows if number not in row.codes or row.known_by(number, message)]
            if not left:
                return self._not_offered(rows, number, message)
            rows = left
        return rows[0]

    def permitted(self, service: Service, issuer: str) -> Reject | None:
        """None if *issuer* offers *service* to its cards."""
        if (service.channel, service.name) in self.withheld.get(issuer, ()):
            return Reject(NOT_PERMITTED_TO_CARD, 3, f"{issuer} doesn't offer {service.name} on {service.channel}")
        return None

    def check_answer(self, service: Service, asked: Message, answer: Message) -> Reject | None:
        """None if *answer* is one to *asked*, a request of *service*: its type, its elements, and what must be echoed."""
        if answer.mti != answering(asked.mti):
            return Reject(FORMAT_ERROR, 0, f"{answering(asked.mti)} is expected")
        changed = service.answer.changed(asked, answer)
        if changed is not None:
            return Reject(FORMAT_ERROR, changed, f"DE {changed} is not as it was asked")
        return _misfit(service.answer, answer)

    def _not_offered(self, rows: list[Service], number: int, message: Message) -> Reject:
        """No row of *rows* has the code that *message* has in *number*: not here, or not at all."""
        if number not in message.fields:
            return Reject(FORMAT_ERROR, number, f"DE {number} is missing")
        elsewhere = any(
            number in row.codes and row.known_by(number, message) for row in self.rows if row.mti == rows[0].mti
        )
        code = NOT_PERMITTED_TO_TERMINAL if elsewhere else INVALID_TRANSACTION
        return Reject(code, number, f"{rows[0].channel} offers nothing with this DE {number}")


def first_sent(mti: str) -> str:
    """The type that a repeat repeats.

    >>> first_sent("0421"), first_sent("0200")
    ('0420', '0200')
    """
    return mti[:3] + "0" if mti[3:] == "1" else mti


def answering(mti: str) -> str:
    """The type that answers *mti*, repeat or not (ISO 8583:1987: the third digit one higher).

    >>> answering("0200"), answering("0421"), answering("0800")
    ('0210', '0430', '0810')
    """
    return f"{mti[:2]}{int(mti[2]) + 1}0" if mti[2:3] in tuple("02468") else ""


def _misfit(fields: FieldSet, message: Message) -> Reject | None:
    missing = fields.missing(message)
    if missing is not None:
        return Reject(FORMAT_ERROR, missing, f"DE {missing} is missing")
    unexpected = fields.unexpected(message)
    return Reject(FORMAT_ERROR, unexpected, f"DE {unexpected} has no place here") if unexpected is not None else None
