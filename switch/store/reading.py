"""What is asked of the store beside the writer: what was in flight at a start, and what operators want to know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import ScalarSelect, Select, and_, create_engine, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from switch.store.database import Database, Unavailable
from switch.store.rows import FINISHED, Account, Irregular, Noted, Owed, Posting, Row, Sending, Stage, Transaction
from switch.store.schema import TABLES

RowT = TypeVar("RowT", bound=Row)
ROWS_MAX = 10_000
SEARCHED_MAX, MESSAGES_USUALLY = 1_000_000, 16
"""Messages of the journal that are looked at to find transactions; how many a transaction has at most, as a rule."""
UNFINISHED = tuple(sorted(set(Stage) - FINISHED))
UNSETTLED = (Sending.WAITING, Sending.SENT)


@dataclass(frozen=True)
class Queue:
    """A link's messages that are owed: how many, since when the oldest (0: none), and how often the most tried was sent."""

    link: str
    depth: int
    oldest_us: int
    attempts_most: int


class Reading:
    """Questions, each with at most *rows_max* rows; what they tell was committed.  All raise Unavailable."""

    def __init__(self, database: Database) -> None:
        connects: dict[str, Callable[[], object]] = {}
        if database.url.startswith("postgresql"):
            from switch.store.patience import patient, plain

            connects["creator"] = lambda: patient(plain(database.url))
        self._engine = create_engine(database.url, pool_size=2, max_overflow=2, pool_pre_ping=True, **connects)

    def close(self) -> None:
        """Close what connections there are."""
        self._engine.dispose()

    def in_flight(
        self, after: str = "", owner: str | None = None, rows_max: int = ROWS_MAX, links: Collection[str] | None = None
    ) -> list[Transaction]:
        """Transactions that were begun and not finished, in the order of their arrival, from behind position *after*.

        *owner*: those of one process only; *links*: those that came by one of them.  An answered one whose delivery is
        unknown is finished: it is the acquirer who says so, by a reversal.
        """
        table = TABLES[Transaction]
        question = select(table).where(table.c.stage.in_(UNFINISHED), table.c.position > after)
        if owner is not None:
            question = question.where(table.c.owner == owner)
        if links is not None:
            question = question.where(table.c.link.in_(links))
        return self._rows(Transaction, question.order_by(table.c.position).limit(rows_max))

    def owed(self, link: str, after: str = "", rows_max: int = ROWS_MAX) -> list[Owed]:
        """What *link* must still get, in order, from behind position *after*."""
        table = TABLES[Owed]
        question = select(table).where(table.c.link == link, table.c.state.in_(UNSETTLED), table.c.position > after)
        return self._rows(Owed, question.order_by(table.c.position).limit(rows_max))

    def queues(self) -> list[Queue]:
        """Each link that is owed messages."""
        table = TABLES[Owed]
        figures = (func.count(), func.min(table.c.queued_us), func.max(table.c.attempts))
        question = select(table.c.link, *figures).where(table.c.state.in_(UNSETTLED)).group_by(table.c.link)
        with self._asked(question.order_by(table.c.link)) as found:
            return [Queue(*values) for values in found]

    def originals(self, link: str, terminal: str, stan: str, business_date: str = "") -> list[Transaction]:
        """Requests of *link* by terminal (DE 41) and STAN (DE 11): how an original is found when there is no DE 90."""
        table = TABLES[Transaction]
        question = select(table).where(
            table.c.link == link, table.c.terminal == terminal, table.c.stan == stan, table.c.original_id == ""
        )
        if business_date:
            question = question.where(table.c.business_date == business_date)
        return self._rows(Transaction, question.order_by(table.c.position.desc()).limit(10))

    def transaction(self, id: str) -> Transaction | None:
        """The transaction *id*."""
        table = TABLES[Transaction]
        return next(iter(self._rows(Transaction, select(table).where(table.c.id == id))), None)

    def latest(self, rows_max: int, pan_last: str = "", stan: str = "", terminal: str = "") -> list[Transaction]:
        """The transactions with the latest messages, the newest first, of those that have what is not empty.

        *pan_last* are the last four digits.  Looked at are the last messages of the journal, which is in order of time:
        SEARCHED_MAX of them.
        """
        table, messages = TABLES[Transaction], TABLES[Noted]
        last = select(messages.c.id, messages.c.transaction_id).order_by(messages.c.id.desc())
        among = last.limit(SEARCHED_MAX if pan_last or stan or terminal else rows_max * MESSAGES_USUALLY).subquery()
        newest = func.max(among.c.id).label("newest")
        moved = select(among.c.transaction_id, newest).group_by(among.c.transaction_id).subquery()
        question = select(table).join(moved, moved.c.transaction_id == table.c.id)
        if pan_last:
            question = question.where(table.c.pan.endswith(pan_last, autoescape=True))
        for column, wanted in ((table.c.stan, stan), (table.c.terminal, terminal)):
            if wanted:
                question = question.where(column == wanted)
        return self._rows(Transaction, question.order_by(moved.c.newest.desc()).limit(rows_max))

    def journal(self, transaction_id: str) -> list[Noted]:
        """A transaction's messages in order."""
        table = TABLES[Noted]
        question = select(table).where(table.c.transaction_id == transaction_id)
        return self._rows(Noted, question.order_by(table.c.id).limit(ROWS_MAX))

    def irregular(self) -> list[Irregular]:
        """What somebody must look at and nobody has."""
        table = TABLES[Irregular]
        return self._rows(
            Irregular, select(table).where(table.c.state == "open").order_by(table.c.at_us).limit(ROWS_MAX)
        )

    def irregular_count(self) -> int:
        """How many of them there are."""
        table = TABLES[Irregular]
        with self._asked(select(func.count()).select_from(table).where(table.c.state == "open")) as found:
            return int(found[0][0])

    def every(self, kind: type[RowT], rows_max: int = ROWS_MAX) -> list[RowT]:
        """All rows of a kind, by id: for the small tables (keys, business days, leases)."""
        table = TABLES[kind]
        return self._rows(kind, select(table).order_by(table.c.id).limit(rows_max))

    def books(self) -> list[str]:
        """Ids of accounts whose sums are not what their postings make them: none, when the books are right.

        The sums are made again from all postings, so this takes as long as there are many.
        """
        account, posting = TABLES[Account], TABLES[Posting]

        def total(side: str, state: str) -> ScalarSelect[Any]:
            column = posting.c.amount if state == "posted" else posting.c.reserved
            where = and_(posting.c[side] == account.c.id, posting.c.state == state)
            return select(func.coalesce(func.sum(column), 0)).where(where).scalar_subquery()

        sums = [(side, state) for side in ("debit", "credit") for state in ("pending", "posted")]
        wrong = or_(*(account.c[f"{side}s_{state}"] != total(side, state) for side, state in sums))
        with self._asked(select(account.c.id).where(wrong).order_by(account.c.id)) as found:
            return [str(id) for (id,) in found]

    def _rows(self, kind: type[RowT], question: Select[Any]) -> list[RowT]:
        with self._asked(question) as found:
            return [kind(*values) for values in found]

    @contextmanager
    def _asked(self, question: Select[Any]) -> Iterator[list[tuple[Any, ...]]]:
        try:
            with self._engine.connect() as connection:
                yield cast("list[tuple[Any, ...]]", connection.execute(question).fetchall())
        except SQLAlchemyError as error:
            # The text of SQLAlchemy's errors shows values of rows.
            raise Unavailable(f"reading: {type(error).__name__}") from None
