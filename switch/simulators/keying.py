"""The terminal's PIN key: asked for, or brought by the host, under the terminal's master key.

A key comes with a host's 0800 (key change) or in the 0810 to the terminal's own 0800 (key request, a POS terminal's
sign-on); ``switch.keys.terminalforms`` says in which form.
"""

from __future__ import annotations

from collections.abc import Mapping

from switch.codec.message import Message, Value
from switch.keys.forms import FormError
from switch.keys.terminalforms import TerminalForm
from switch.link.answers import reply
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose
from switch.simulators.epp import Epp, KeyRefused
from switch.simulators.terminal import Terminal
from switch.simulators.wording import DATE, RESPONSE, STAN, TERMINAL, TIME, Moment

REFUSED = "63"
"""DE 39: the key has another check value, or is none."""


def key_request(terminal: Terminal, profile: Profile, moment: Moment) -> Message | None:
    """The 0800 that asks for a PIN key; None when no code of this link says it."""
    code = profile.code(Purpose.KEY_REQUEST)
    if code is None:
        return None
    said: dict[int, Value] = {STAN: moment.stan, TIME: moment.time, DATE: moment.date, TERMINAL: terminal.id}
    return Message(profile.network_mti, dict(sorted({**said, profile.code_field: code}.items())))


def taken(epp: Epp, message: Message, form: TerminalForm) -> Mapping[int, Value]:
    """Install the key that *message* brings; the elements that confirm it.  Raises KeyRefused."""
    try:
        given = form.given(message)
    except FormError as fault:
        raise KeyRefused(str(fault)) from None
    if given is None:
        raise KeyRefused("a key is expected")
    return form.confirm(given.version, epp.take(given.under_tmk, given.kcv))


def answered(epp: Epp, offer: Message, profile: Profile, form: TerminalForm) -> Message:
    """The answer to *offer*, an 0800 that brings a key."""
    answer = reply(offer, Because.APPROVED, profile)
    try:
        return answer.changed(fields=taken(epp, offer, form))
    except KeyRefused:
        return answer.changed(fields={RESPONSE: REFUSED})
