"""Witnessed exchanges from the specification, and what a request may be damaged to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from support.appliances import Speaker, make_speaker

VECTORS = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
_REPLY = re.compile(r"[0-9A-Z]{2}[0-9A-Z]{2}", re.DOTALL).match


@dataclass(frozen=True)
class Exchange:
    """A request without header, and the reply that was witnessed."""

    id: str
    source: str
    verified: str
    request: str
    reply: str
    settings: dict[str, str] = field(default_factory=dict)
    lmks: tuple[str, ...] = ("00=test-variant",)
    authorise: str = "all"

    def speaker(self) -> Speaker:
        return make_speaker(self.settings, self.lmks, self.authorise)


def exchanges(family: str) -> list[Exchange]:
    """The exchanges of protocol-spec/thales/vectors/*family*.json."""
    return [
        Exchange(
            each["id"],
            each["source"],
            each["verified"],
            each["request"],
            each["reply"] if "reply" in each else bytes.fromhex(each["reply_hex"]).decode("latin-1"),
            each["settings"],
            tuple(f"{lmk_id}={name}" for lmk_id, name in each["lmks"].items()),
            each["authorise"],
        )
        for each in json.loads((VECTORS / f"{family}.json").read_text())
    ]


def is_answered(request: str, reply: str) -> bool:
    """Is *reply* the right reply code and a two-character code that is not an internal fault?"""
    return reply[:2] == request[0] + chr(ord(request[1]) + 1) and bool(_REPLY(reply)) and reply[2:4] != "41"
