"""Exchanges that others witnessed, as ``protocol-spec/<dialect>/vectors/*.json`` keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One request and its reply, both without frame and header, and who saw them.

    *reply* is the whole reply unless *open_ended*: then it is how the reply begins, since the rest is random.
    *lmks* says what must be loaded (id → name of a published LMK), *settings* what must be set, *old_lmks* what the key
    change storage holds, *authorised* which activities, ``all`` unless said otherwise.
    """

    id: str
    command: str
    family: str
    note: str
    source: str
    verified: str
    conditions: str
    request: bytes
    reply: bytes
    open_ended: bool
    lmks: tuple[tuple[str, str], ...]
    old_lmks: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    authorised: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Is the reply a refusal?  01 and 02 are refusals only when no data follow."""
        code = self.reply[2:4]
        return code != b"00" and not (code in (b"01", b"02") and len(self.reply) > 4)


def exchanges(folder: Path) -> tuple[Exchange, ...]:
    """All exchanges of the vector files in *folder*, by file and then in the order written.

    Raises ValueError when a file is malformed or an id stands twice.
    """
    found: list[Exchange] = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="ascii"))
        found += [_exchange(entry, content["family"]) for entry in content.get("exchanges", ())]
    ids = [exchange.id for exchange in found]
    if len(ids) != len(set(ids)):
        raise ValueError(f"ids that stand twice: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(found)


_KNOWN = frozenset(
    "id command note source verified conditions lmks old_lmks settings authorised request request_hex reply reply_hex "
    "reply_begins reply_begins_hex".split()
)


def _exchange(entry: dict[str, Any], family: str) -> Exchange:
    if unknown := set(entry) - _KNOWN:
        raise ValueError(f"{entry.get('id')}: unknown {sorted(unknown)}")
    open_ended = "reply_begins" in entry or "reply_begins_hex" in entry
    return Exchange(
        id=entry["id"],
        command=entry["command"],
        family=family,
        note=entry["note"],
        source=entry["source"],
        verified=entry["verified"],
        conditions=entry.get("conditions", ""),
        request=_wire(entry, "request"),
        reply=_wire(entry, "reply_begins" if open_ended else "reply"),
        open_ended=open_ended,
        lmks=tuple(entry.get("lmks", {"00": "test-variant"}).items()),
        old_lmks=tuple(entry.get("old_lmks", {}).items()),
        settings=tuple(entry.get("settings", {}).items()),
        authorised=tuple(entry.get("authorised", ["all"])),
    )


def _wire(entry: dict[str, Any], name: str) -> bytes:
    hexadecimal = entry.get(f"{name}_hex")
    return bytes.fromhex(hexadecimal) if hexadecimal is not None else entry[name].encode("latin-1")
