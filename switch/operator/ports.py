"""Through what commands reach the switch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from hsm.client.figures import PoolFigures
from switch.config.tables import Tables, Which
from switch.keys.effects import KeyType
from switch.keys.status import LineStatus, TerminalStatus
from switch.link.events import Order
from switch.operator.figures import Figures
from switch.operator.views import LinkView, ShareView, StoreView
from switch.store.reading import Queue
from switch.store.rows import Card, Irregular, Noted, Transaction


class CommandRefused(Exception):
    """What was asked can't be done; the text says why, in one line for the operator."""


class Switchboard(Protocol):
    """What runs.  Each answers at once; all are called on the reactor's thread."""

    @property
    def name(self) -> str:
        """The switch's own name."""

    def now_us(self) -> int:
        """The time, microseconds since 1970."""

    def business_date(self) -> date:
        """The business date now."""

    def links(self) -> Sequence[LinkView]:
        """Every link."""

    def order(self, link: str, order: Order) -> None:
        """Give *link* an order.  Raises CommandRefused for a link that there isn't."""

    def working_keys(self) -> Sequence[LineStatus]:
        """Every line of keys."""

    def terminal_keys(self) -> Sequence[TerminalStatus]:
        """Every terminal's key."""

    def change_keys(self, link: str, kind: KeyType | None) -> None:
        """Begin to change the keys of *link*, of *kind* or all.  Raises CommandRefused."""

    def renew_key(self, terminal: str) -> None:
        """Give *terminal* a new key.  Raises CommandRefused."""

    def tables(self) -> Tables:
        """The tables in force."""

    def figures(self) -> Figures:
        """What was counted of transactions."""

    def store(self) -> StoreView:
        """The writer."""

    def hsm(self) -> PoolFigures | None:
        """The pool of HSMs, if there is one."""

    def use_hsm(self, name: str, used: bool) -> None:
        """Give the appliance *name* work again, or, once it has done what it was given, none.  Raises CommandRefused."""

    def shares(self) -> Sequence[ShareView]:
        """The shares of the links, if several processes share the store."""

    def hand_over(self, share: str) -> None:
        """Let another process have *share*, soon.  Raises CommandRefused."""

    def alarms(self) -> Sequence[tuple[str, str]]:
        """What is alarming about queues now: link and text."""

    def stop(self) -> None:
        """End the switch in order, soon."""


class Records(Protocol):
    """What is in the store or in files.  Each may take its time; none is called on the reactor's thread.

    All raise StoreError.
    """

    def now_us(self) -> int:
        """The time, microseconds since 1970."""

    def latest(self, count: int, pan_last: str = "", stan: str = "", terminal: str = "") -> Sequence[Transaction]:
        """The latest transactions, the newest first, of those that have what is not empty."""

    def transaction(self, id: str) -> Transaction | None:
        """The transaction *id*."""

    def journal(self, id: str) -> Sequence[Noted]:
        """Its messages in order."""

    def queues(self) -> Sequence[Queue]:
        """What links are owed."""

    def irregular(self) -> Sequence[Irregular]:
        """Open exceptions, the oldest first."""

    def close_irregular(self, id: str) -> bool:
        """Close the exception *id*; False when none is open under it."""

    def card(self, pan: str) -> Card | None:
        """The card *pan* of ours.  Raises CommandRefused where there are none."""

    def set_card_status(self, pan: str, status: str) -> bool:
        """Give it another status; False when there is no such card.  Raises CommandRefused."""

    def give_card_tries(self, pan: str, tries: int) -> bool:
        """Give it so many PIN tries; False when there is no such card.  Raises CommandRefused."""

    def reload(self, which: Which) -> str:
        """Read a file again and put it in force; what that changes.  Raises TableRefused."""
