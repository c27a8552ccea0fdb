"""A message as one masked line, for people who follow what terminals say and hear."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codec.explain import MEANINGS
from switch.codec.message import Message
from switch.codec.privacy import masked_pan
from switch.link.profile import Profile
from switch.simulators.receipt import balances, written
from switch.simulators.talk import text_of
from switch.simulators.terminal import OFFERS, Terminal
from switch.simulators.wording import (
    AMOUNT,
    APPROVAL,
    CURRENCY,
    PAN,
    PIN_BLOCK,
    PROCESSING,
    REPLACEMENT,
    RESPONSE,
    STAN,
)


def line(
    at: str, terminal: Terminal, sent: bool, message: Message, profile: Profile, meanings: Mapping[str, str]
) -> str:  # fmt: skip
    """*message*, *sent* by *terminal* or received, at *at* (hh:mm:ss); *meanings* of DE 39."""
    words = [f"{at} {terminal.id} {'→' if sent else '←'} {message.mti} {MEANINGS.get(message.mti[1:3], 'message')}"]
    words += _service(terminal, message, profile)
    amount = message.fields.get(AMOUNT)
    if isinstance(amount, int):
        words.append(written(amount, text_of(message, CURRENCY) or terminal.currency))
    if REPLACEMENT in message.fields:
        actual = text_of(message, REPLACEMENT)[:12]
        if actual.isascii() and actual.isdecimal():
            words.append(f"of which dispensed {written(int(actual), terminal.currency)}")
    if PAN in message.fields:
        words.append(f"card {masked_pan(text_of(message, PAN))}")
    if PIN_BLOCK in message.fields:
        words.append("with a PIN block")
    words += [f"{each.kind} {written(each.minor, each.currency)}" for each in balances(message)]
    response = text_of(message, RESPONSE)
    if response:
        words.append(f"{response} {meanings.get(response, 'unknown code')}")
    if APPROVAL in message.fields:
        words.append(f"approval {text_of(message, APPROVAL)}")
    words.append(f"STAN {text_of(message, STAN)}")
    return ", ".join(word for word in words if word)


def _service(terminal: Terminal, message: Message, profile: Profile) -> list[str]:
    """What is asked, in words: by DE 3, or by the code of network management."""
    code = text_of(message, PROCESSING)[:2]
    if code:
        return [
            next((offer.name for offer in OFFERS[terminal.channel] if offer.code == code), f"processing code {code}")
        ]
    purpose = profile.peers_code(message.fields.get(profile.code_field))
    return [purpose.value] if purpose is not None else []
