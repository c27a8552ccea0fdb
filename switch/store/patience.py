"""A connection to PostgreSQL on which nobody waits for ever.

What the server itself can end it ends: SETTINGS.  But a server can be there and say nothing: it stands still, its disk
does, or one that died has left a process behind that holds the connection.  TCP does not notice, for all is acknowledged;
so here whoever hears nothing for too long closes the connection, and has lost it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from sqlalchemy import make_url

T = TypeVar("T")
CONNECT_SECONDS, SILENCE_SECONDS_MAX = 3, 15.0
"""Longer than the server takes to end a statement."""
SETTINGS = "-c lock_timeout=5s -c statement_timeout=10s -c idle_in_transaction_session_timeout=4s"
"""No lock, statement or forgotten transaction may stop the only writer, or another process's, for good.

A process that stands still within a transaction loses it before those who wait for its rows give up."""
LOOKED_SECONDS = 0.1


class Silent(psycopg.OperationalError):
    """The server has said nothing for too long."""


class PatientConnection(psycopg.Connection[tuple[Any, ...]]):
    """Waits for the server SILENCE_SECONDS_MAX at most, then closes itself and raises Silent."""

    def wait(self, gen: Generator[Any, Any, T], interval: float = LOOKED_SECONDS, timeout: float | None = None) -> T:
        """As psycopg's, which has no *timeout* in its older versions: it is not handed on."""
        return super().wait(self._listening(gen), interval)

    def _listening(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """*gen*, which is told what became ready; nothing, when *interval* has gone by."""
        ends = time.monotonic() + SILENCE_SECONDS_MAX
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    ends = now + SILENCE_SECONDS_MAX
                elif now >= ends:
                    self.pgconn.finish()
                    raise Silent("the server says nothing")
                wanted = gen.send(ready)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # a generator's value has no type when it ends


def plain(url: str) -> str:
    """SQLAlchemy's *url* as libpq has it, password and all."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def patient(conninfo: str, autocommit: bool = False) -> PatientConnection:
    """A new connection.  Raises psycopg.Error."""
    return PatientConnection.connect(
        conninfo,
        autocommit=autocommit,
        connect_timeout=CONNECT_SECONDS,
        options=SETTINGS,
        keepalives_idle=10,
        tcp_user_timeout=10_000,
    )
