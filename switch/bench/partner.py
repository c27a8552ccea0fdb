"""What both partners do beside transactions: sign on, answer echoes, and take keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from switch.bench.cards import Card, check_value, received
from switch.codec.codec import Codec
from switch.codec.message import Message
from switch.keys.forms import Labelled, Said
from switch.keys.words import Offer, Taken
from switch.link.answers import reply, request
from switch.link.profile import Because, Profile
from switch.link.terms import Purpose

FORM = Labelled()
"""How the dialect ``banknet`` writes about keys."""
PROFILE = Profile()
CODE, RESPONSE = 70, 39


class Unexpected(Exception):
    """The switch says what it should not; no content is told."""


@dataclass
class Partner:
    """One partner at the end of one connection; *installed* is given each new working key, as clear bytes."""

    codec: Codec
    owners: Sequence[Card]
    installed: Callable[[bytes], None]
    signed_on: bool = False
    keys_taken: int = 0
    echoes: int = 0
    _stan: int = field(default=900_000)

    def sign_on(self, transmitted: str) -> bytes:
        """The message that signs on, without its frame's length; *transmitted* is DE 7."""
        self._stan += 1
        asked = request(Purpose.SIGN_ON, PROFILE, f"{self._stan:06d}", transmitted)
        assert asked is not None
        return self.codec.encode(asked)

    def network(self, wire: bytes) -> bytes | None:
        """What answers *wire*, a message of network management; None for an answer.  Raises Unexpected, MessageError."""
        message = self.codec.decode(wire)
        if message.mti == "0810":
            response = str(message.fields.get(RESPONSE, ""))
            if response != "00":
                raise Unexpected(f"a sign-on was answered with {response}")
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
        self.installed(key)
        return reply(asked, Because.APPROVED, PROFILE).changed(fields=written.fields)
