"""Where a link stands."""

from __future__ import annotations

from dataclasses import dataclass

from switch.codec.message import Message
from switch.link.profile import Profile, SignOn
from switch.link.terms import Echo, Line, Ours, Purpose, Theirs


@dataclass(frozen=True, slots=True)
class State:
    """The four aspects, and what is outstanding.

    *attempts* counts calls since a message came; *sign_tries* the sign-ons since one was answered.  *signing* and
    *echoing* are the STANs (six digits) of what we asked and the peer has not answered.  *waiting* is what the peer
    asked and an operator has not decided; a newer question takes its place.
    """

    line: Line = Line.CLOSED
    ours: Ours = Ours.OFF
    theirs: Theirs = Theirs.OFF
    echo: Echo = Echo.HEARD
    attempts: int = 0
    sign_tries: int = 0
    signing: str | None = None
    echoing: str | None = None
    waiting: tuple[Purpose, Message] | None = None

    @property
    def listens(self) -> bool:
        """Does it matter what the peer says?"""
        return self.line in (Line.CONNECTED, Line.LEAVING)

    def may_send(self, profile: Profile) -> bool:
        """May requests of the layer above go out?"""
        return self._open(profile, self.ours is Ours.ON)

    def may_receive(self, profile: Profile) -> bool:
        """Are the peer's requests taken?"""
        return self._open(profile, self.theirs is Theirs.ON)

    def _open(self, profile: Profile, this_way: bool) -> bool:
        if self.line is not Line.CONNECTED or profile.sign_on is SignOn.NONE:
            return self.line is Line.CONNECTED
        if profile.sign_on is SignOn.EITHER:
            return self.ours is Ours.ON or self.theirs is Theirs.ON
        return this_way
