"""The kinds of rows that keep working keys; every key in them is a cryptogram."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.store.rows import Row, key


@dataclass(frozen=True)
class KeySlot(Row):
    """One of two slots (0 and 1) of a *link*'s key of *key_type* (``ZPK``) and *direction* (``in``, ``out``, ``both``).

    *state* is ``empty``, ``pending``, ``active`` or ``retiring``; *cryptogram* is the key under the LMK, as the
    HSM gave it.  *until_us* is the end of a retiring key, 0 while it has none.  *offered* is a pending key under the ZMK,
    as it is offered, and *base* the version that it follows.
    """

    TABLE = "keys"
    link: str
    key_type: str
    direction: str
    slot: int
    version: int
    state: str
    cryptogram: str = field(repr=False)
    check_value: str
    uses: int
    since_us: int
    until_us: int
    offered: str = field(default="", repr=False)
    base: int = 0


def slot_key(link: str, key_type: str, direction: str, slot: int) -> str:
    """The id of a key's slot."""
    return key(link, key_type, direction, str(slot))


@dataclass(frozen=True)
class KeyLine(Row):
    """What two slots don't tell of a line of keys: how it came there, without which a crash could undo an answer.

    *made* and *refused* are the highest versions made and refused here.  *past* is the check values of the keys before
    this one, with blanks between; *took* and *spurned* are offers as JSON.
    """

    TABLE = "key_lines"
    link: str
    key_type: str
    direction: str
    made: int
    refused: int
    past: str
    took: str = field(repr=False)
    spurned: str = field(repr=False)


def line_key(link: str, key_type: str, direction: str) -> str:
    """The id of a line of keys."""
    return key(link, key_type, direction)


@dataclass(frozen=True)
class TerminalKey(Row):
    """The PIN keys of the terminal whose DE 41 is *id*: in force, given but not confirmed, and retiring.

    Each is a version (0: there is none), a check value and a cryptogram under the LMK; *given_sent* is the given one under
    the TMK.  *day* (``yyyymmdd``, or empty) is that for which the newest key was made.
    """

    TABLE = "terminal_keys"
    made: int
    day: str
    version: int
    check_value: str
    cryptogram: str = field(repr=False)
    given_version: int
    given_check_value: str
    given_cryptogram: str = field(repr=False)
    given_sent: str = field(repr=False)
    previous_version: int
    previous_check_value: str
    previous_cryptogram: str = field(repr=False)
    previous_until_us: int
