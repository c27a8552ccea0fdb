"""The witnessed exchanges of some commands, and what counts as an answer to a damaged request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from support.appliances import Speaker, make_speaker

from hsm.spec import witnessed

_VECTORS = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
_REPLY = re.compile(r"[0-9A-Z]{4}").match


@dataclass(frozen=True)
class Exchange:
    """A request without header, and the reply that was witnessed, as texts."""

    id: str
    request: str
    reply: str
    seen: witnessed.Exchange

    def speaker(self) -> Speaker:
        """An appliance as the exchange needs it."""
        lmks = [f"{lmk_id}={name}" for lmk_id, name in self.seen.lmks]
        return make_speaker(dict(self.seen.settings), lmks, self.seen.authorise)


def exchanges(*commands: str) -> list[Exchange]:
    """The witnessed exchanges of *commands*."""
    return [
        Exchange(f"{each.command}-{each.id}", each.request.decode("latin-1"), each.reply.decode("latin-1"), each)
        for each in witnessed.exchanges(_VECTORS)
        if each.command in commands
    ]


def is_answered(request: str, reply: str) -> bool:
    """Is *reply* of the right reply code, with a two-character code that is not an internal fault?"""
    return reply[:2] == request[0] + chr(ord(request[1]) + 1) and bool(_REPLY(reply)) and reply[2:4] != "41"
