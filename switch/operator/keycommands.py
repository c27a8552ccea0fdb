"""Working keys: which are held, how old they are, and when they change."""

from __future__ import annotations

from collections.abc import Sequence

from switch.keys.effects import KeyType
from switch.operator.command import AtOnce, Lines, misused
from switch.operator.linkcommands import found
from switch.operator.ports import CommandRefused, Switchboard
from switch.operator.words import columns, lasting

TYPES = {kind.name: kind for kind in KeyType}
TERMINALS_SHOWN_MOST = 1_000
KEY_HEADING = ("link", "type", "direction", "version", "check value", "state", "age", "uses", "offered", "zmk")
KEY_USAGE = f"change LINK [{'|'.join(TYPES)}]"


def keys(board: Switchboard, words: Sequence[str]) -> Lines:
    """All lines of keys, or those of one link."""
    if len(words) > 1:
        raise misused("keys", "[LINK]")
    if words:
        found(board, words[0])
    return columns(
        KEY_HEADING,
        [
            (
                each.link, each.type, each.direction, each.version or "-", each.kcv or "-", each.state,
                lasting(round(each.age_seconds * 1e6)) if each.version else "-", each.uses, each.pending or "-",
                each.zmk_kcv or "-",
            )
            for each in board.working_keys()
            if not words or each.link == words[0]
        ],
    )  # fmt: skip


def key(board: Switchboard, words: Sequence[str]) -> Lines:
    """New keys for a link, now."""
    if not 2 <= len(words) <= 3 or words[0] != "change" or (len(words) == 3 and words[2].upper() not in TYPES):
        raise misused("key", KEY_USAGE)
    found(board, words[1])
    board.change_keys(words[1], TYPES[words[2].upper()] if len(words) == 3 else None)
    return ("begun; keys and the log tell what becomes of it",)


def terminals(board: Switchboard, words: Sequence[str]) -> Lines:
    """Terminals and the state of their keys: all, those of one link, or the one of that id."""
    if len(words) > 1:
        raise misused("terminals", "[LINK|ID]")
    rows = [each for each in board.terminal_keys() if not words or words[0] in (each.link, each.terminal)]
    yield from columns(
        ("terminal", "link", "renewal", "version", "check value", "state"),
        [
            (each.terminal, each.link or "-", each.renewal, each.version or "-", each.kcv or "-", each.state)
            for each in rows[:TERMINALS_SHOWN_MOST]
        ],
    )
    if len(rows) > TERMINALS_SHOWN_MOST:
        yield f"and {len(rows) - TERMINALS_SHOWN_MOST} more"


def terminal(board: Switchboard, words: Sequence[str]) -> Lines:
    """A new key for a terminal, now."""
    if len(words) < 2 or words[-1] != "renew":
        raise misused("terminal", "ID renew")
    id = " ".join(words[:-1])
    if id not in [each.terminal for each in board.terminal_keys()]:
        raise CommandRefused("there is no terminal of that id; see terminals")
    board.renew_key(id)
    return ("begun; terminals and the log tell what becomes of it",)


COMMANDS = (
    AtOnce("keys", "[LINK]", "working keys: version, check value, state, age", keys),
    AtOnce("key", KEY_USAGE, "begin to change a link's keys", key),
    AtOnce("terminals", "[LINK|ID]", "terminals' keys: version, check value, state", terminals),
    AtOnce("terminal", "ID renew", "give a terminal a new key", terminal),
)
