"""Network management of terminals behind a concentrator: it goes on to the host whose terminals they are, and back."""

from __future__ import annotations

from dataclasses import dataclass

from switch.codec.message import Message, MessageError
from switch.flow import request as de
from switch.flow.hop import Hop
from switch.link.answers import reply_header
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.exchange import LinksByName


@dataclass(frozen=True, eq=False)
class Relayed:
    """*message* of a terminal, which came by *link*."""

    link: str
    message: Message


class Relay:
    """Works beside the transactions.  What stays unanswered is the terminal's to ask again: nothing is kept of it."""

    def __init__(self, hop: Hop, links: LinksByName) -> None:
        self._hop, self._links = hop, links

    def takes(self, about: object) -> bool:
        """Was it relayed?"""
        return isinstance(about, Relayed)

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> bool:
        """Send it on, if it is of a terminal whose host is elsewhere."""
        name = link.config.name
        target = self._hop.partners[name].relays_to
        if purpose is None or not target or de.TERMINAL not in message.fields:
            return False
        try:
            onward = self._hop.translator(name, target)(message)
        except MessageError:
            return False
        self._links[target].ask(onward, Relayed(name, message))
        return True

    def replied(self, link: DrivenLink, message: Message, about: object) -> None:
        """Bring the reply back."""
        assert isinstance(about, Relayed)
        source = self._links[about.link]
        try:
            back = self._hop.translator(link.config.name, about.link)(message)
        except MessageError:
            return
        source.answer(back.changed(header=reply_header(about.message.header, source.config.profile)))

    def expired(self, link: DrivenLink, about: object) -> None:
        """Nothing: the terminal asks again."""

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """Nothing: the terminal asks again."""

    def changed(self, link: DrivenLink) -> None:
        """Nothing."""
