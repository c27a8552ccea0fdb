"""Exchanges that others witnessed, as ``protocol-spec/<dialect>/vectors/*.json`` keeps them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One request and its reply, both without frame and header, and who saw them.

    *reply* is the whole reply unless *open_ended*: then it is how the reply begins, since the rest is random.  With
    *matches* the layout of a random reply is known whole: an expression for it, of which *reply* is the first 4 characters.
    *lmks* says what must be loaded (id → name of a published LMK), *settings* what must be set, *old_lmks* what the key
    change storage holds, *authorise* which activities: ``all``, none, or a list.
    """

    id: str
    collection: str
    note: str
    source: str
    verified: str
    conditions: str
    command: str
    request: bytes
    reply: bytes
    open_ended: bool
    matches: str | None
    lmks: tuple[tuple[str, str], ...]
    old_lmks: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    authorise: str

    def answered_by(self, reply: bytes) -> bool:
        """Is *reply* what was witnessed?"""
        if self.matches is not None:
            return re.fullmatch(self.matches, reply.decode("latin-1"), re.DOTALL) is not None
        return reply.startswith(self.reply) if self.open_ended else reply == self.reply

    @property
    def refused(self) -> bool:
        """Is the reply a refusal?  01 and 02 are refusals only when no data follow."""
        code = self.reply[2:4]
        return code != b"00" and not (code in (b"01", b"02") and len(self.reply) > 4)


def exchanges(folder: Path) -> tuple[Exchange, ...]:
    """All exchanges of the vector files in *folder*, by file and then in the order written.

    Raises ValueError when an entry is malformed, or an id stands for two different exchanges.
    """
    found: dict[str, Exchange] = {}
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            exchange = _exchange(entry, path.stem)
            before = found.setdefault(exchange.id, exchange)
            if (before.request, before.reply) != (exchange.request, exchange.reply):
                raise ValueError(f"{exchange.id} stands for two exchanges")
    return tuple(found.values())


_KNOWN = frozenset(
    {
        "id", "note", "source", "verified", "conditions", "lmks", "old_lmks", "settings", "authorise",
        "request", "request_hex", "reply", "reply_hex", "reply_starts", "reply_matches",
    }
)  # fmt: skip


def _exchange(entry: dict[str, Any], collection: str) -> Exchange:
    if unknown := set(entry) - _KNOWN:
        raise ValueError(f"{collection} {entry.get('id')}: unknown {sorted(unknown)}")
    request = _wire(entry, "request")
    matches = entry.get("reply_matches")
    open_ended = "reply_starts" in entry or matches is not None
    name = "reply_starts" if "reply_starts" in entry else "reply"
    return Exchange(
        id=entry["id"],
        collection=collection,
        note=entry.get("note", ""),
        source=entry["source"],
        verified=entry.get("verified", "not recomputed"),
        conditions=entry.get("conditions", ""),
        command=request[:2].decode("latin-1"),
        request=request,
        reply=matches[:4].encode("ascii") if matches is not None else _wire(entry, name),
        open_ended=open_ended,
        matches=matches,
        lmks=tuple(entry.get("lmks", {"00": "test-variant"}).items()),
        old_lmks=tuple(entry.get("old_lmks", {}).items()),
        settings=tuple(entry.get("settings", {}).items()),
        authorise=entry.get("authorise", "all"),
    )


def _wire(entry: dict[str, Any], name: str) -> bytes:
    hexadecimal = entry.get(f"{name}_hex")
    return bytes.fromhex(hexadecimal) if hexadecimal is not None else str(entry[name]).encode("latin-1")
