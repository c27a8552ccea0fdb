"""The terminal's PIN key: asked for, or brought by the host, under the terminal's master key.

A key comes with a host's 0800 (key change) or in the 0810 to the terminal's own 0800 (key request, a POS terminal's
sign-on).  DE 48 of both has tags: 01 the key, 02 its check value, 03 its version of six digits; the answer to the host says
02, as the keypad computed it, and 03.
"""

from __future__ import annotations

from switch.codec.message import Message, Parts, Value
from switch.link.answers import reply
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose
from switch.simulators.epp import Epp, KeyRefused
from switch.simulators.terminal import Terminal
from switch.simulators.wording import DATE, PRIVATE, RESPONSE, STAN, TERMINAL, TIME, Moment

KEY, CHECK_VALUE, VERSION = "01", "02", "03"
REFUSED = "63"
"""DE 39: the key has another check value, or is none."""


def key_request(terminal: Terminal, profile: Profile, moment: Moment) -> Message | None:
    """The 0800 that asks for a PIN key; None when no code of this link says it."""
    code = profile.code(Purpose.KEY_REQUEST)
    if code is None:
        return None
    said: dict[int, Value] = {STAN: moment.stan, TIME: moment.time, DATE: moment.date, TERMINAL: terminal.id}
    return Message(profile.network_mti, dict(sorted({**said, profile.code_field: code}.items())))


def taken(epp: Epp, message: Message) -> Parts:
    """Install the key that *message* brings; the tags that confirm it.  Raises KeyRefused."""
    tags = message.fields.get(PRIVATE)
    key, check_value = (tags.get(KEY), tags.get(CHECK_VALUE)) if isinstance(tags, Parts) else (None, None)
    if not isinstance(tags, Parts) or not isinstance(key, str) or not isinstance(check_value, str):
        raise KeyRefused("DE 48 with the tags of a key and its check value is expected")
    confirmed: list[tuple[str, Value]] = [(CHECK_VALUE, epp.take(key, check_value))]
    return Parts(confirmed + [(name, value) for name, value in tags.pairs if name == VERSION])


def answered(epp: Epp, offer: Message, profile: Profile) -> Message:
    """The answer to *offer*, an 0800 that brings a key."""
    answer = reply(offer, Because.APPROVED, profile)
    try:
        return answer.changed(fields={PRIVATE: taken(epp, offer)})
    except KeyRefused:
        return answer.changed(fields={RESPONSE: REFUSED})
