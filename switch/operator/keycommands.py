"""Working keys: which are held, how old they are, and when they change."""

from __future__ import annotations

from collections.abc import Sequence

from switch.operator.command import AtOnce, Lines, misused
from switch.operator.linkcommands import found
from switch.operator.ports import Switchboard
from switch.operator.words import columns, lasting

HEADING = ("link", "terminal", "type", "direction", "version", "state", "check value", "age", "uses")


def keys(board: Switchboard, words: Sequence[str]) -> Lines:
    """All keys, or those of one link."""
    if len(words) > 1:
        raise misused("keys", "[LINK]")
    if words:
        found(board, words[0])
    now = board.now_us()
    return columns(
        HEADING,
        [
            (
                each.link, each.terminal or "-", each.type, each.direction, each.version, each.state,
                each.check_value or "-", lasting(now - each.since_us) if each.since_us else "-", each.uses,
            )
            for each in board.working_keys()
            if not words or each.link == words[0]
        ],
    )  # fmt: skip


def key(board: Switchboard, words: Sequence[str]) -> Lines:
    """A new key for a link, now."""
    if not 2 <= len(words) <= 3 or words[0] != "change":
        raise misused("key", "change LINK [TYPE]")
    found(board, words[1])
    board.change_key(words[1], words[2].upper() if len(words) == 3 else "")
    return ("a change of keys was begun; see keys and the log",)


COMMANDS = (
    AtOnce("keys", "[LINK]", "working keys: version, state, check value, age", keys),
    AtOnce("key", "change LINK [TYPE]", "begin a change of keys, as ZPK or ZAK; of all without TYPE", key),
)
