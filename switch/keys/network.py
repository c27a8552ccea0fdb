"""Messages about keys between what a form writes (0800 or 0810, DE 70) and what a link says by its own codes."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codec.message import Message, Value
from switch.keys.forms import APPROVED, ASK, ECHO, NEW_KEY, PUSH
from switch.link.answers import RESPONSE, SECURITY, STAN, TRANSMITTED, reply
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose

PURPOSES: Mapping[str, Purpose] = {
    ASK: Purpose.KEY_REQUEST,
    PUSH: Purpose.KEY_CHANGE,
    NEW_KEY: Purpose.NEW_KEY,
    ECHO: Purpose.ECHO,
}
CODES = {purpose: code for code, purpose in PURPOSES.items()}
CODE = 70
FORMAT_ERROR, INVALID, MALFUNCTION = "30", "12", "96"


def canonical(message: Message, profile: Profile, purpose: Purpose | None) -> Message | None:
    """*message*, which is for *purpose*, as a form reads it; None when it is for none that forms know."""
    if purpose not in CODES:
        return None
    fields = {number: value for number, value in message.fields.items() if number != profile.code_field}
    mti = "0810" if message.mti[2] in "13" else "0800"
    return Message(mti, {**fields, CODE: CODES[purpose]})


def request(written: Message, profile: Profile, stan: str, transmitted: str) -> Message | None:
    """The request that a form has *written*, as this link says it; None when no code of the link says it."""
    code = profile.code(PURPOSES[str(written.fields[CODE])])
    if code is None:
        return None
    said = {number: value for number, value in written.fields.items() if number != CODE}
    own: dict[int, Value] = {TRANSMITTED: transmitted, STAN: stan, profile.code_field: code}
    return Message(profile.network_mti, {**profile.elements, **own, **said})


def answer(asked: Message, written: Mapping[int, Value], profile: Profile) -> Message:
    """The reply to *asked* with the elements that a form has *written*; code and DE 53 are those of the question
    unless the form writes its own."""
    held = {SECURITY: asked.fields[SECURITY]} if SECURITY in asked.fields else {}
    said = {**held, **{number: value for number, value in written.items() if number != CODE}}
    plain = reply(asked, Because.APPROVED, profile)
    return plain.changed(fields={**said, RESPONSE: _response(said, profile)})


def _response(written: Mapping[int, Value], profile: Profile) -> Value:
    code = written.get(RESPONSE, APPROVED)
    return profile.responses[Because.APPROVED] if code == APPROVED else code


def approved(message: Message, profile: Profile) -> Message:
    """A reply whose approval, as this link says it, is what forms take for one."""
    known = message.fields.get(RESPONSE) == profile.responses[Because.APPROVED]
    return message.changed(fields={RESPONSE: APPROVED}) if known else message
