"""A message that came, recognised: what its terminal left unsaid is put in, and what is asked is known, or refused."""

from __future__ import annotations

from datetime import datetime

from switch.codec.message import Message, Value
from switch.flow import request as de
from switch.flow.hop import Hop, Moment
from switch.flow.partner import Partner
from switch.flow.request import Request
from switch.services.catalogue import FORMAT_ERROR, INVALID_TRANSACTION, Reject, first_sent
from switch.store.rows import transaction_key

TRACK_SEPARATORS = str.maketrans("D", "=")
REFERENCE_DIGITS = 12
REVERSAL_CLASS = "4"


def taken(message: Message, partner: Partner, hop: Hop, moment: Moment) -> Request | Reject:
    """What *message*, a request or advice that came from *partner*, asks."""
    whole = completed(message, hop, moment) if partner.has_terminals else message
    fields = whole.fields
    channel = partner.channel or hop.services.channel(whole) or _any_channel(whole, hop)
    if not channel:
        return Reject(INVALID_TRANSACTION, de.PROCESSING, "of no channel")
    service = hop.services.recognise(whole, channel, partner.institution)
    if isinstance(service, Reject):
        return service
    amount = fields.get(de.AMOUNT, 0)
    if not isinstance(amount, int):
        return Reject(FORMAT_ERROR, de.AMOUNT, "an amount is expected")
    line = partner.line or partner.link
    asked = Request("", partner.link, whole, service, moment.business_date, moment.now_us, "", line=line)
    id = request_id(asked, moment.business_date)
    return Request(
        id, partner.link, whole, service, moment.business_date, moment.now_us,
        str(fields.get(de.PAN, "")), amount, str(fields.get(de.CURRENCY, "")), line,
        tuple(request_id(asked, day) for day in moment.neighbours),
    )  # fmt: skip


def _any_channel(message: Message, hop: Hop) -> str:
    """A reversal need not say what its original came from: one channel is as good as another."""
    if message.mti[1] != REVERSAL_CLASS:
        return ""
    return next((row.channel for row in hop.services.rows if row.mti == first_sent(message.mti)), "")


def request_id(asked: Request, business_date: str, stan: str = "") -> str:
    """The id of the transaction that *asked* is, or with *stan* that it means, on that date."""
    text = asked.text
    return transaction_key(
        business_date, asked.line, stan or text(de.STAN), text(de.ACQUIRER), text(de.REFERENCE), text(de.TERMINAL)
    )


def completed(message: Message, hop: Hop, moment: Moment) -> Message:
    """*message* of a terminal with what its host says for it: DE 2 from track 2, 7, 12, 13, 32 and 37.

    What is made up follows from what the terminal said, so that a repeat is completed alike: DE 7 is its local time, and
    DE 37 the last digit of the year, the day of the year, the hour and the STAN, as ISO 8583 users commonly number.
    """
    has = message.fields
    added: dict[int, Value] = {}
    track = has.get(de.TRACK_2)
    if de.PAN not in has and isinstance(track, str):
        added[de.PAN] = track.translate(TRACK_SEPARATORS).partition("=")[0]
    date, time = str(has.get(de.DATE, moment.transmitted[:4])), str(has.get(de.TIME, moment.transmitted[4:]))
    stan = str(has.get(de.STAN, ""))[-6:]
    made = {
        de.TRANSMITTED: date + time,
        de.TIME: time,
        de.DATE: date,
        de.ACQUIRER: hop.institution,
        de.REFERENCE: _reference(moment.year, date, time, stan),
    }
    added |= {number: value for number, value in made.items() if number not in has}
    return Message(message.mti, dict(sorted({**has, **added}.items())), message.header)


def _reference(year: str, date: str, time: str, stan: str) -> str:
    try:
        day = datetime.strptime(year + date, "%Y%m%d").timetuple().tm_yday
    except ValueError:
        day = 0
    return f"{year[-1:]}{day:03d}{time[:2]}{stan:>06}"[:REFERENCE_DIGITS]
