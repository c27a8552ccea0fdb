"""What both partners do beside transactions: sign on, answer echoes, and take keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from switch.bench.cards import ZMK, Card, check_value, received
from switch.codec.codec import Codec
from switch.codec.message import Message
from switch.keys.forms import ASK, Labelled, Said
from switch.keys.terminalforms import form_of
from switch.keys.words import Offer, Taken
from switch.link.answers import reply, request
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose

FORM = Labelled()
"""How the dialect ``banknet`` writes about keys."""
PROFILE = Profile()
CODE, RESPONSE, TERMINAL = 70, 39, 41


class Unexpected(Exception):
    """The switch says what it should not; no content is told."""


@dataclass
class Partner:
    """One partner at the end of one connection.

    *installed* is given each new working key, as clear bytes: a terminal's with its id, the link's with none.
    """

    codec: Codec
    owners: Sequence[Card]
    installed: Callable[[str, bytes], None]
    signed_on: bool = False
    keys_taken: int = 0
    echoes: int = 0
    _stan: int = field(default=900_000)

    def sign_on(self, transmitted: str) -> bytes:
        """The message that signs on, without its frame's length; *transmitted* is DE 7."""
        return self.codec.encode(self._request(Purpose.SIGN_ON, transmitted))

    def terminal_signs_on(self, terminal: str, transmitted: str) -> bytes:
        """The message by which *terminal* (DE 41) asks for its key."""
        return self.codec.encode(self._request(Purpose.KEY_REQUEST, transmitted).changed(fields={TERMINAL: terminal}))

    def _request(self, purpose: Purpose, transmitted: str) -> Message:
        self._stan += 1
        asked = request(purpose, PROFILE, f"{self._stan:06d}", transmitted)
        assert asked is not None
        return asked

    def network(self, wire: bytes) -> bytes | None:
        """What answers *wire*, a message of network management; None for an answer.  Raises Unexpected, MessageError."""
        message = self.codec.decode(wire)
        if message.mti == "0810":
            response = str(message.fields.get(RESPONSE, ""))
            if response != "00":
                raise Unexpected(f"a sign-on was answered with {response}")
            if message.fields.get(CODE) == ASK:
                self._given(message)
            else:
                self.signed_on = True
            return None
        said = FORM.read(message)
        if said is not None:
            return self.codec.encode(self._taken(message, said))
        self.echoes += message.fields.get(CODE) == PROFILE.code(Purpose.ECHO)
        return self.codec.encode(reply(message, Because.APPROVED, PROFILE))

    def _taken(self, asked: Message, said: Said) -> Message:
        if not isinstance(said.word, Offer):
            raise Unexpected("a word about keys that is no offer")
        key = received(said.word.under_zmk)
        written = FORM.write(Said(said.type, said.direction, Taken(None, check_value(key))))
        assert written is not None
        self.keys_taken += 1
        self.installed("", key)
        return reply(asked, Because.APPROVED, PROFILE).changed(fields=written.fields)

    def _given(self, message: Message) -> None:
        """A terminal has its key."""
        given = form_of(self.codec).given(message)
        if given is None:
            raise Unexpected("a terminal's sign-on was answered without a key")
        key = received(given.under_tmk, ZMK)
        if check_value(key) != given.kcv:
            raise Unexpected("a terminal's key has another check value than it was told with")
        self.keys_taken += 1
        self.installed(str(message.fields[TERMINAL]), key)
