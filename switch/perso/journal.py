"""What production must not forget, in SQLite: how far each card is, and everything that befell it.

A card is begun before the first command goes to its chip, and a mailer before it goes to the printer, each on disk first.
So after a kill it is known which chip is spoiled, and which mailer may have been printed: the chip is replaced by another,
and of the mailer a person decides, because the HSM prints a PIN once for each time it is asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS production (
    issuer TEXT NOT NULL, order_id TEXT NOT NULL, digest TEXT NOT NULL, cards INTEGER NOT NULL, begun TEXT NOT NULL,
    closed TEXT NOT NULL DEFAULT '', PRIMARY KEY (issuer, order_id)
);
CREATE TABLE IF NOT EXISTS card (
    issuer TEXT NOT NULL, order_id TEXT NOT NULL, sequence INTEGER NOT NULL, state TEXT NOT NULL, mailer TEXT NOT NULL,
    attempts INTEGER NOT NULL, chip INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (issuer, order_id, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY, issuer TEXT NOT NULL, order_id TEXT NOT NULL, sequence INTEGER NOT NULL, at TEXT NOT NULL,
    what TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS hopper (one INTEGER PRIMARY KEY CHECK (one = 1), next_serial INTEGER NOT NULL);
INSERT OR IGNORE INTO hopper VALUES (1, 1);
"""


class State(Enum):
    """How far a card is."""

    WAITING = "waiting"
    BEGUN = "begun"
    MADE = "made"
    REJECTED = "rejected"


class Mailer(Enum):
    """How far a card's PIN mailer is."""

    NONE = "none"
    DUE = "due"
    BEGUN = "begun"
    PRINTED = "printed"
    DOUBTFUL = "doubtful"
    """It was begun when production was killed, or the HSM did not answer."""


DOUBTS = (Mailer.BEGUN, Mailer.DOUBTFUL)
"""When nobody produces."""


class JournalError(Exception):
    """What was asked for does not go with how things stand; the message says why."""


@dataclass(frozen=True)
class CardState:
    """A card's row: *attempts* at making it, the serial number of the last *chip* (0: none), and *why* it was rejected."""

    sequence: int
    state: State
    mailer: Mailer
    attempts: int
    chip: int
    why: str


@dataclass(frozen=True)
class Event:
    """What befell a card: *who* is the officers for what they decided, else empty."""

    sequence: int
    at: str
    what: str
    who: str
    why: str


class Journal:
    """The journal of one *issuer*'s order in the file *path*; times are ISO 8601 in UTC."""

    def __init__(self, path: Path, issuer: str, order: str) -> None:
        self._order = (issuer, order)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        self._connection.executescript(_TABLES)

    def close_file(self) -> None:
        self._connection.close()

    # --- the order ------------------------------------------------------------------------------------------------
    def begin(self, digest: str, cards: int, at: str, came_out: Callable[[int], bool]) -> None:
        """Begin the order, or go on with it; *digest* is that of its file.

        What was under way is settled: of chips that were begun the machine knows which *came_out* finished, others are
        spoiled; mailers that were begun are in doubt.  Raises JournalError for an order that is closed, or that was begun
        with another file.
        """
        row = self._connection.execute(
            "SELECT digest, closed FROM production WHERE issuer = ? AND order_id = ?", self._order
        ).fetchone()
        if row is None:
            with self._transaction():
                self._connection.execute(
                    "INSERT INTO production (issuer, order_id, digest, cards, begun) VALUES (?, ?, ?, ?, ?)",
                    (*self._order, digest, cards, at),
                )
            return
        if row[1]:
            raise JournalError(f"order {self._order[1]} was closed at {row[1]}")
        if not compare_digest(str(row[0]), digest):
            raise JournalError(f"order {self._order[1]} was begun with another file")
        with self._transaction():
            for found in list(self._cards("state = 'begun'")):
                if came_out(found.chip):
                    self._set(found.sequence, State.MADE, at, "made", "found in the machine")
                else:
                    self._set(found.sequence, State.WAITING, at, "spoiled", "production was interrupted")
            for found in list(self._cards("mailer = 'begun'")):
                self._mail(found.sequence, Mailer.DOUBTFUL, at, "mailer in doubt", "production was interrupted")

    def end(self, at: str) -> str:
        """Close the order; when it was closed.  Raises JournalError while a card or mailer is open."""
        wrong = self.open_points()
        if wrong:
            raise JournalError("; ".join(wrong))
        with self._transaction():
            self._connection.execute(
                "UPDATE production SET closed = ? WHERE issuer = ? AND order_id = ? AND closed = ''", (at, *self._order)
            )
        return self._closed()

    def _closed(self) -> str:
        row = self._connection.execute(
            "SELECT closed FROM production WHERE issuer = ? AND order_id = ?", self._order
        ).fetchone()
        return str(row[0]) if row else ""

    def open_points(self) -> list[str]:
        """What stands in the way of closing, a line each."""
        counts = self.counts()
        ordered = self._ordered()
        left = ordered - counts[State.MADE] - counts[State.REJECTED]
        found = [f"{left} of {ordered} cards are not made"] if left else []
        for mailer, what in ((Mailer.DUE, "not printed"), (Mailer.BEGUN, "under way"), (Mailer.DOUBTFUL, "in doubt")):
            count = self.mailers()[mailer]
            found += [f"{count} mailers are {what}"] if count else []
        return found

    def _ordered(self) -> int:
        row = self._connection.execute(
            "SELECT cards FROM production WHERE issuer = ? AND order_id = ?", self._order
        ).fetchone()
        return int(row[0]) if row else 0

    # --- cards ----------------------------------------------------------------------------------------------------
    def card(self, sequence: int) -> CardState:
        """How far the card is."""
        return next(self._cards("sequence = ?", sequence), CardState(sequence, State.WAITING, Mailer.NONE, 0, 0, ""))

    def cards(self) -> Iterator[CardState]:
        """All cards that were begun, in order."""
        return self._cards("1 = 1")

    def begin_card(self, sequence: int, *, mailed: bool, at: str) -> int:
        """The serial number of the chip that the card is to have.  Raises JournalError unless it waits."""
        found = self.card(sequence)
        if found.state is not State.WAITING:
            raise JournalError(f"card {sequence} is {found.state.value}")
        mailer = found.mailer if found.mailer is not Mailer.NONE else Mailer.DUE if mailed else Mailer.NONE
        with self._transaction():
            serial = int(self._connection.execute("SELECT next_serial FROM hopper").fetchone()[0])
            self._connection.execute("UPDATE hopper SET next_serial = next_serial + 1")
            self._connection.execute(
                "INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?, ?, ?, ?, '')",
                (*self._order, sequence, State.BEGUN.value, mailer.value, found.attempts + 1, serial),
            )
        return serial

    def made(self, sequence: int, at: str) -> None:
        """The card has left the machine."""
        with self._transaction():
            self._set(sequence, State.MADE, at, "made", "")

    def failed(self, sequence: int, why: str, at: str, *, attempts_max: int) -> State:
        """The card failed: it waits for another chip, or is rejected after *attempts_max*."""
        state = State.WAITING if self.card(sequence).attempts < attempts_max else State.REJECTED
        with self._transaction():
            self._set(sequence, state, at, "spoiled" if state is State.WAITING else "rejected", why)
        return state

    def again(self, sequence: int, officers: tuple[str, str], why: str, at: str) -> None:
        """Have a card that was rejected, or made wrongly, made again.  Raises JournalError."""
        self._decided(officers, why)
        found = self.card(sequence)
        if found.state not in (State.REJECTED, State.MADE):
            raise JournalError(f"card {sequence} is {found.state.value}")
        with self._transaction():
            self._set(sequence, State.WAITING, at, "made again", why, officers)
            self._connection.execute(
                "UPDATE card SET attempts = 0 WHERE issuer = ? AND order_id = ? AND sequence = ?",
                (*self._order, sequence),
            )

    # --- mailers --------------------------------------------------------------------------------------------------
    def begin_mailer(self, sequence: int, at: str) -> None:
        """Raises JournalError unless it is due."""
        if self.card(sequence).mailer is not Mailer.DUE:
            raise JournalError(f"the mailer of card {sequence} is {self.card(sequence).mailer.value}")
        with self._transaction():
            self._mail(sequence, Mailer.BEGUN, at, "", "")

    def mailed(self, sequence: int, mailer: Mailer, at: str, why: str = "") -> None:
        """How the printing went: PRINTED, DUE when it certainly was not, DOUBTFUL."""
        with self._transaction():
            self._mail(sequence, mailer, at, f"mailer {mailer.value}", why)

    def decide_mailer(self, sequence: int, officers: tuple[str, str], why: str, at: str, *, again: bool) -> None:
        """Officers looked: a mailer in doubt is there, or any is to be printed *again*, which leaves a trail.

        Nobody produces meanwhile: a mailer that is under way is one that was when production was interrupted.
        """
        self._decided(officers, why)
        found = self.card(sequence).mailer
        if found not in DOUBTS and not (again and found is Mailer.PRINTED):
            raise JournalError(f"the mailer of card {sequence} is {found.value}")
        with self._transaction():
            mailer = Mailer.DUE if again else Mailer.PRINTED
            self._mail(sequence, mailer, at, "mailer again" if again else "mailer found", why, officers)

    # --- counts ---------------------------------------------------------------------------------------------------
    def counts(self) -> Mapping[State, int]:
        """How many cards are in each state; those never begun are not counted."""
        return {state: self._count("state", state.value) for state in State}

    def mailers(self) -> Mapping[Mailer, int]:
        """How many mailers are in each state; a card that was rejected has none to be printed."""
        return {mailer: self._count("state <> 'rejected' AND mailer", mailer.value) for mailer in Mailer}

    def events(self) -> Iterator[Event]:
        """All that befell the order's cards, in order."""
        rows = self._connection.execute(
            "SELECT sequence, at, what, who, why FROM event WHERE issuer = ? AND order_id = ? ORDER BY number",
            self._order,
        )
        return (Event(*row) for row in rows)

    # --- inside ---------------------------------------------------------------------------------------------------
    def _decided(self, officers: tuple[str, str], why: str) -> None:
        if len(set(officers)) != 2 or not all(officers) or not why:
            raise JournalError("two officers decide, and say why")
        if closed := self._closed():
            raise JournalError(f"order {self._order[1]} was closed at {closed}")

    def _cards(self, where: str, *values: int) -> Iterator[CardState]:
        rows = self._connection.execute(
            "SELECT sequence, state, mailer, attempts, chip, why FROM card "  # noqa: S608  # the conditions are ours
            f"WHERE issuer = ? AND order_id = ? AND {where} ORDER BY sequence",
            (*self._order, *values),
        )
        for sequence, state, mailer, attempts, chip, why in rows:
            yield CardState(sequence, State(state), Mailer(mailer), attempts, chip, why)

    def _count(self, column: str, value: str) -> int:
        row = self._connection.execute(
            f"SELECT count(*) FROM card WHERE issuer = ? AND order_id = ? AND {column} = ?",  # noqa: S608  # column is ours
            (*self._order, value),
        ).fetchone()
        return int(row[0])

    def _set(self, sequence: int, state: State, at: str, what: str, why: str, officers: tuple[str, ...] = ()) -> None:
        self._connection.execute(
            "UPDATE card SET state = ?, why = ? WHERE issuer = ? AND order_id = ? AND sequence = ?",
            (state.value, why, *self._order, sequence),
        )
        self._enter(sequence, at, what, why, officers)

    def _mail(
        self, sequence: int, mailer: Mailer, at: str, what: str, why: str, officers: tuple[str, ...] = ()
    ) -> None:
        self._connection.execute(
            "UPDATE card SET mailer = ? WHERE issuer = ? AND order_id = ? AND sequence = ?",
            (mailer.value, *self._order, sequence),
        )
        if what:
            self._enter(sequence, at, what, why, officers)

    def _enter(self, sequence: int, at: str, what: str, why: str, officers: tuple[str, ...]) -> None:
        self._connection.execute(
            "INSERT INTO event (issuer, order_id, sequence, at, what, who, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*self._order, sequence, at, what, ", ".join(officers), why),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
