"""What is said to a partner: answers to its requests, and requests and reversals on their way to the issuer."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codec.message import Message, Parts, Value
from switch.flow import request as de
from switch.flow.hop import Hop
from switch.flow.ports import NOTHING, Decision
from switch.flow.request import Request
from switch.link.answers import ECHOED, reply_header, reply_mti
from switch.services.catalogue import Service

FROM_ISSUER = (38, 44, 48, 54, 55, 60, 61, 62, 63)
"""Of an issuer's answer, what goes on to who asked, as far as the service's answers have it."""
SETTLEMENT_DATE = 15
NOT_REVERSED = frozenset({14, 23, 26, 35, 36, 45, 48, 52, 53, 55, 64, 128})
"""What a reversal does not repeat: how the card was read, PINs, cryptograms, private data."""
REVERSAL, APPROVED = "0420", "00"


def answer(asked: Message, service: Service | None, decision: Decision, link: str, raw: Message, hop: Hop) -> Message:
    """The answer to *asked* of *service* (None: not recognised), which came by *link* as *raw*.

    What the host put into a terminal's message is not said back to the terminal.
    """
    config, spec = hop.links[link], hop.codecs[link].spec
    allowed = service.answer.allowed if service else ECHOED
    fields: dict[int, Value] = {n: v for n, v in raw.fields.items() if n in ECHOED and n in allowed}
    for number, value in decision.fields.items():
        if number in allowed and number in spec.elements:
            fields[number] = value
    if decision.approval:
        fields[de.APPROVAL] = decision.approval
    fields[de.RESPONSE] = hop.responses.to_link(link, decision.response)
    return Message(reply_mti(asked.mti), dict(sorted(fields.items())), reply_header(raw.header, config.profile))


def issuers(reply: Message, asked: Request, link: str, hop: Hop) -> Decision:
    """What *reply*, an issuer's by *link*, decides, in the dialect of who asked."""
    response = hop.responses.from_link(link, str(reply.fields.get(de.RESPONSE, "")))
    carried = {number: reply.fields[number] for number in FROM_ISSUER if number in reply.fields}
    approval = carried.pop(de.APPROVAL, "")
    fields = hop.translator(link, asked.link)(Message(reply.mti, carried)).fields if carried else NOTHING
    return Decision(response, str(approval), fields)


def onward(asked: Request, link: str, replaced: Mapping[int, Value], hop: Hop) -> Message:
    """*asked* as it goes on by *link*, with *replaced* elements.  Raises MessageError when its dialect can't say it."""
    message = hop.translator(asked.link, link)(asked.message)
    fields = {**message.fields, **replaced}
    if SETTLEMENT_DATE not in fields and SETTLEMENT_DATE in hop.codecs[link].spec.elements:
        fields[SETTLEMENT_DATE] = asked.business_date[4:]
    return Message(message.mti, fields)


def reversal_of(sent: Message, link: str, hop: Hop) -> Message:
    """The 0420 that takes *sent*, a request that goes by *link*, back; DE 7 is put in when it is owed."""
    fields = {number: value for number, value in sent.fields.items() if number not in NOT_REVERSED}
    spec = hop.codecs[link].spec
    if de.ORIGINAL in spec.elements:
        fields[de.ORIGINAL] = original_data(sent, structured=spec.elements[de.ORIGINAL].choice(REVERSAL) is not None)
    return Message(REVERSAL, dict(sorted((n, v) for n, v in fields.items() if n in spec.elements)))


def original_data(sent: Message, structured: bool) -> Value:
    """DE 90 (ISO 8583:1987): MTI, STAN, DE 7, 32 and 33 of the original, the last two of eleven digits, zeros in front."""
    text = {number: str(sent.fields.get(number, "")) for number in (7, 11, 32, 33)}
    parts = {
        "mti": sent.mti,
        "stan": text[11].zfill(6)[-6:],
        "transmitted": text[7].zfill(10),
        "acquirer": text[32].zfill(11),
        "forwarder": text[33].zfill(11),
    }
    return Parts(parts) if structured else "".join(parts.values())


def original_stan(message: Message) -> str:
    """The STAN of the original that DE 90 of *message* names; empty when it names none."""
    value = message.fields.get(de.ORIGINAL)
    if isinstance(value, Parts):
        return str(value.get("stan", ""))
    return value[4:10] if isinstance(value, str) and len(value) >= 10 else ""


def partly(reversal: Message, amount_left: int, transmitted: str, spec_elements: Mapping[int, object]) -> Message:
    """*reversal* as it is owed now: sent at *transmitted*; of the original *amount_left* stays (0: nothing does).

    DE 95 (replacement amounts): transaction and settlement amount, twelve digits each, then fees of nothing.
    """
    fields: dict[int, Value] = {de.TRANSMITTED: transmitted}
    if amount_left and de.REPLACEMENT in spec_elements:
        fields[de.REPLACEMENT] = f"{amount_left:012d}{0:012d}C{0:08d}C{0:08d}"
    return Message(reversal.mti, dict(sorted({**reversal.fields, **fields}.items())))


def amount_left(message: Message) -> int:
    """What a reversal leaves standing: the transaction amount of DE 95; 0 when it takes everything back."""
    value = message.fields.get(de.REPLACEMENT)
    digits = value[:12] if isinstance(value, str) else ""
    return int(digits) if digits.isascii() and digits.isdecimal() else 0
