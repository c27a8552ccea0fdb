"""Which activities officers have authorised, for which LMK, over which interface, and until when.

An activity is written ``category[.sub][.interface][:minutes]``; names may be shortened as long as they stay unique, an
empty part means any.  ``export.001.host:30`` lets a host export ZPKs for half an hour, ``export`` lets anybody export
anything until it is cancelled.  Hosts and console ask the same record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from math import inf

CATEGORIES = (
    "generate", "component", "genprint", "import", "export", "pin", "audit", "admin", "diag", "misc", "command",
)  # fmt: skip
MINUTES_MAX = 720  # 12 hours: "Enforce Authorization Time Limit"
GRANTS_MAX = 1_000


class Interface(Enum):
    """Where a request comes from."""

    HOST = "host"
    CONSOLE = "console"


class ActivityError(ValueError):
    """The text names no activity; the message says which part of it is wrong."""


def _unshortened(word: str, names: tuple[str, ...], what: str) -> str:
    found = [name for name in names if name == word] or [name for name in names if word and name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ActivityError(f"{what} {word[:20]!r} may be {' or '.join(found)}")
    raise ActivityError(f"{what} {word[:20]!r} is none of {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that needs authorisation; *sub* and *interface* None mean any, *minutes* None until cancelled."""

    category: str
    sub: str | None = None
    interface: Interface | None = None
    minutes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Activity:
        """Read ``category[.sub][.interface][:minutes]``.  Raises ActivityError.

        >>> Activity.parse("exp.001.h:30")
        Activity(category='export', sub='001', interface=<Interface.HOST: 'host'>, minutes=30)
        """
        path, colon, minutes = text.strip().lower().partition(":")
        category, *parts = path.split(".")
        if len(parts) > 2:
            raise ActivityError("an activity is category[.sub][.interface][:minutes]")
        interface: Interface | None = None
        # The interface may stand right after the category, if it cannot be taken for a sub-category.
        if len(parts) == 2 or (parts and re.fullmatch(r"h|ho|hos|host|cons|conso|consol|console", parts[0])):
            word = parts.pop()
            interface = Interface(_unshortened(word, ("host", "console"), "interface")) if word else None
        sub = parts[0] if parts else ""
        if not re.fullmatch(r"[0-9a-z]{0,8}", sub):
            raise ActivityError("a sub-category is up to eight letters or digits")
        return cls(
            _unshortened(category, CATEGORIES, "category"), sub or None, interface, _minutes(minutes) if colon else None
        )

    def __str__(self) -> str:
        """The full text, which parses to the same activity."""
        parts = [self.category]
        if self.sub or self.interface:
            parts.append(self.sub or "")
        if self.interface:
            parts.append(self.interface.value)
        return ".".join(parts) + (f":{self.minutes}" if self.minutes else "")


def _minutes(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MINUTES_MAX:
        raise ActivityError(f"minutes are a number from 1 to {MINUTES_MAX}")
    return int(text)


EVERYTHING = tuple(Activity(category) for category in CATEGORIES)


def parse_activities(text: str) -> tuple[Activity, ...]:
    """``all``, or activities separated by commas or blanks.  Raises ActivityError."""
    if text.strip().lower() == "all":
        return EVERYTHING
    return tuple(Activity.parse(part) for part in re.split(r"\s*,\s*|\s+", text.strip()))


@lru_cache(maxsize=4_096)
def _needed(text: str) -> tuple[str, str | None]:
    category, _, sub = text.lower().partition(".")
    if category not in CATEGORIES:
        raise ValueError(f"{category} is no category")  # our own mistake: commands declare what they need
    return category, sub or None


@dataclass(frozen=True, slots=True)
class Grant:
    """An activity authorised under one LMK until *expires* (monotonic seconds; infinity: until cancelled)."""

    activity: Activity
    lmk_id: str
    expires: float


_Key = tuple[str, str, str | None, Interface | None]


@dataclass(frozen=True, slots=True)
class Authority:
    """All that is authorised; a change makes another record.  LMK ids are two digits, as requests name them."""

    grants: tuple[Grant, ...] = ()
    _expiries: dict[_Key, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expiries: dict[_Key, float] = {}
        for grant in self.grants:
            doing = grant.activity
            expiries[grant.lmk_id, doing.category, doing.sub, doing.interface] = grant.expires
        object.__setattr__(self, "_expiries", expiries)

    def granting(self, activities: Iterable[Activity], lmk_id: str, now: float, *, limited: bool) -> Authority:
        """This and *activities*, from *now* on; *limited* caps each at 12 hours.  What is granted anew is replaced.

        Raises ActivityError when more than GRANTS_MAX would stand.
        """
        standing = {(g.lmk_id, g.activity.category, g.activity.sub, g.activity.interface): g for g in self.active(now)}
        for doing in activities:
            minutes = doing.minutes or (MINUTES_MAX if limited else None)
            expires = now + 60 * minutes if minutes else inf
            standing[lmk_id, doing.category, doing.sub, doing.interface] = Grant(doing, lmk_id, expires)
        if len(standing) > GRANTS_MAX:
            raise ActivityError(f"no more than {GRANTS_MAX} activities can be authorised at once")
        return Authority(tuple(standing.values()))

    def without(
        self, lmk_id: str | None = None, activity: Activity | None = None, interface: Interface | None = None
    ) -> Authority:
        """What is left when the grants that match all of the given are cancelled (none given: everything)."""
        return Authority(
            tuple(
                grant
                for grant in self.grants
                if (lmk_id is not None and grant.lmk_id != lmk_id)
                or (activity is not None and grant.activity != activity)
                or (interface is not None and grant.activity.interface not in (interface, None))
            )
        )

    def active(self, now: float) -> tuple[Grant, ...]:
        """The grants that have not run out."""
        return tuple(grant for grant in self.grants if now < grant.expires)

    def permits(self, activity: str, lmk_id: str, interface: Interface, now: float) -> bool:
        """May *activity* (``category`` or ``category.sub``) be done under *lmk_id* over *interface*?

        A grant of the category covers its sub-categories; a grant of a sub-category does not cover the category.
        """
        category, sub = _needed(activity)
        find = self._expiries.get
        return (
            now < find((lmk_id, category, None, None), -inf)
            or now < find((lmk_id, category, None, interface), -inf)
            or (
                sub is not None
                and (
                    now < find((lmk_id, category, sub, None), -inf)
                    or now < find((lmk_id, category, sub, interface), -inf)
                )
            )
        )
