"""What is shown of a running switch: frozen values, of one moment.

Times are microseconds since 1970 where a name ends in ``_us``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hsm.client.figures import PoolFigures
from switch.keys.status import LineStatus, TerminalStatus
from switch.operator.figures import Figures
from switch.store.reading import Queue


@dataclass(frozen=True)
class LinkView:
    """A link: the states of its aspects as words, and its counters by name.

    *sends* and *takes*: may transactions go out and come in?  *waiting* is what the peer asks and an operator must decide.
    """

    name: str
    role: str
    line: str
    ours: str
    theirs: str
    echo: str
    sends: bool
    takes: bool
    outstanding: int
    owed: int
    waiting: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ShareView:
    """A share of the links: *owner*, in its *term*, works on them, or nobody (empty).

    *ours*: this process does, and *opened* them.  For *seconds* nothing was seen to change; *taken* and *lost* count.
    """

    share: str
    links: tuple[str, ...]
    owner: str
    term: int
    ours: bool
    opened: bool
    seconds: float
    taken: int
    lost: int


@dataclass(frozen=True)
class StoreView:
    """The writer before the store: works that wait, and results whose taker failed."""

    waiting: int
    waiting_max: int
    callbacks_failed: int


@dataclass(frozen=True)
class Running:
    """All that a scrape shows of what runs.

    *turned_away* calls belonged to no link; *under_way* transactions have not come to their end; *forwarded* counts what
    store-and-forward did, by link and event, and *alarms* are its, by link; *shares* are empty for a process that is alone.
    """

    started_us: int
    links: tuple[LinkView, ...]
    keys: tuple[LineStatus, ...]
    terminals: tuple[TerminalStatus, ...]
    figures: Figures
    store: StoreView
    hsm: PoolFigures | None
    turned_away: int
    under_way: int
    forwarded: Mapping[tuple[str, str], int]
    alarms: tuple[tuple[str, str], ...]
    log_lines_dropped: int
    shares: tuple[ShareView, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What a scrape asks of the store: what links are owed, and how many exceptions are open."""

    queues: tuple[Queue, ...]
    irregular: int
