"""Exchanges that others witnessed, as ``protocol-spec/<dialect>/vectors/*.json`` keeps them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsm.dialects.dialect import Letters, Spelling


@dataclass(frozen=True)
class Exchange:
    """One request and its reply, both without frame and header, and who saw them.

    *reply* is the whole reply unless *open_ended*: then it is how the reply begins, since the rest is random.  With
    *matches* the layout of a random reply is known whole: an expression for it, of which *reply* is the first 4 characters.
    In a dialect of bytes the expression is for the reply in hexadecimal, and *reply* is what it begins with.  *outcome* is
    the code that the reply bears.
    *lmks* says what must be loaded (id → name of a published LMK), *settings* what must be set, *old_lmks* what the key
    change storage holds, *authorise* which activities: ``all``, none, or a list; *km* and *stored_keys* (``TYPE:INDEX`` →
    clear key) what an Eracom host needs.
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
    outcome: str
    open_ended: bool
    matches: str | None
    hexadecimal: bool
    lmks: tuple[tuple[str, str], ...]
    old_lmks: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    authorise: str
    km: str
    stored_keys: tuple[tuple[str, str], ...]

    def answered_by(self, reply: bytes) -> bool:
        """Is *reply* what was witnessed?"""
        if self.matches is not None:
            text = reply.hex().upper() if self.hexadecimal else reply.decode("latin-1")
            return re.fullmatch(self.matches, text, re.DOTALL) is not None
        return reply.startswith(self.reply) if self.open_ended else reply == self.reply

    @property
    def refused(self) -> bool:
        """Is the reply a refusal?  01 and 02 are refusals only when no data follow."""
        advice = not self.hexadecimal and self.outcome in ("01", "02") and len(self.reply) > 4
        return self.outcome != "00" and not advice


def exchanges(folder: Path, spelling: Spelling | None = None) -> tuple[Exchange, ...]:
    """All exchanges of the vector files in *folder*, by file and then in the order written.

    *spelling* is that of the folder's dialect, Thales's unless given.

    Raises ValueError when an entry is malformed, or an id stands for two different exchanges.
    """
    found: dict[str, Exchange] = {}
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            exchange = _exchange(entry, path.stem, spelling or Letters())
            before = found.setdefault(exchange.id, exchange)
            if (before.request, before.reply) != (exchange.request, exchange.reply):
                raise ValueError(f"{exchange.id} stands for two exchanges")
    return tuple(found.values())


_KNOWN = frozenset(
    {
        "id", "note", "source", "verified", "conditions", "lmks", "old_lmks", "settings", "authorise",
        "km", "stored_keys", "request", "request_hex", "reply", "reply_hex", "reply_starts", "reply_matches",
    }
)  # fmt: skip


def _exchange(entry: dict[str, Any], collection: str, spelling: Spelling) -> Exchange:
    if unknown := set(entry) - _KNOWN:
        raise ValueError(f"{collection} {entry.get('id')}: unknown {sorted(unknown)}")
    request = _wire(entry, "request")
    matches = entry.get("reply_matches")
    open_ended = "reply_starts" in entry or matches is not None
    name = "reply_starts" if "reply_starts" in entry else "reply"
    reply = _begins(matches, spelling) if matches is not None else _wire(entry, name)
    text = reply.decode("latin-1")
    _, at = spelling.code_at(text)
    return Exchange(
        id=entry["id"],
        collection=collection,
        note=entry.get("note", ""),
        source=entry["source"],
        verified=entry.get("verified", "not recomputed"),
        conditions=entry.get("conditions", ""),
        command=spelling.code_at(request.decode("latin-1"))[0],
        request=request,
        reply=reply,
        outcome=spelling.outcome_at(text, at)[0],
        open_ended=open_ended,
        matches=matches,
        hexadecimal=spelling.hexadecimal,
        lmks=tuple(entry.get("lmks", {"00": "test-variant"}).items()),
        old_lmks=tuple(entry.get("old_lmks", {}).items()),
        settings=tuple(entry.get("settings", {}).items()),
        authorise=entry.get("authorise", "all"),
        km=entry.get("km", "test-2266"),
        stored_keys=tuple(entry.get("stored_keys", {}).items()),
    )


def _begins(matches: str, spelling: Spelling) -> bytes:
    """What a reply that *matches* begins with for certain: its codes, and in hexadecimal what else is given."""
    if not spelling.hexadecimal:
        return matches[:4].encode("ascii")
    found = re.match("(?:[0-9A-F]{2})*", matches)
    return bytes.fromhex(found[0] if found else "")


def _wire(entry: dict[str, Any], name: str) -> bytes:
    hexadecimal = entry.get(f"{name}_hex")
    return bytes.fromhex(hexadecimal) if hexadecimal is not None else str(entry[name]).encode("latin-1")
