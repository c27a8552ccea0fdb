"""An issuer's answer that comes late goes on to who asked."""

from __future__ import annotations

import pytest

from switch.codec.message import Message
from switch.flow.answers import issuers
from switch.flow.entering import Incoming
from switch.link.matching import Finding, Verdict
from switch.server.drive import DrivenLink
from switch.server.exchange import Exchange

RULES = ("LATE_STAYS", "ONE_ANSWER")
FAULTS = 0.05


def put_in(patch: pytest.MonkeyPatch) -> None:
    as_it_is = Exchange.replied

    def replied(exchange: Exchange, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        as_it_is(exchange, link, message, finding)
        asked = getattr(finding.about, "asked", None)
        if finding.verdict is Verdict.LATE and asked is not None:
            world = exchange.world
            decision = issuers(message, asked, link.config.name, world.hop)
            said = Incoming(asked, asked.message).answered(world, decision)
            exchange.links[asked.link]._send(said, None)

    patch.setattr(Exchange, "replied", replied)
