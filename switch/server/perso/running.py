"""What the commands share: one piece of work on a reactor, errors as one line, and files that say that one is ready."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from twisted.internet import reactor as installed
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IListeningPort, IReactorCore, IReactorSSL, IReactorTCP, IReactorTime
from twisted.python.failure import Failure

from switch.link.lines import ConfigError
from switch.perso.books import AlreadyThere
from switch.perso.chain import ChainBroken
from switch.perso.dual import NotAllowed
from switch.perso.shelf import NotKept, TransferFailed
from switch.perso.terms import Refused
from switch.server.tls import TlsFilesUnusable

T = TypeVar("T")
EXPECTED = (
    Refused,
    ConfigError,
    AlreadyThere,
    ChainBroken,
    NotAllowed,
    NotKept,
    TransferFailed,
    TlsFilesUnusable,
    ConnectError,
    OSError,
    sqlite3.Error,
)


class Reactor(IReactorTCP, IReactorSSL, IReactorTime, IReactorCore):
    """What of the reactor is used."""


def reactor() -> Reactor:
    """The process's reactor."""
    return installed  # type: ignore[return-value]  # Twisted declares the installed reactor as a module


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@contextmanager
def told_in_a_line(*more: type[Exception]) -> Iterator[None]:
    """What is expected to go wrong, and *more*, ends the command with one line and exit status 1."""
    expected: tuple[type[Exception], ...] = (*EXPECTED, *more)
    try:
        yield
    except expected as e:
        click.echo(str(e) or type(e).__name__, err=True)
        sys.exit(1)


def done(work: Callable[[], Coroutine[Deferred[Any], Any, T]]) -> T:
    """What *work*, begun on the running reactor, comes to; once in a process."""
    found: list[T] = []
    failed: list[Failure] = []
    running = reactor()

    def begin() -> None:
        outcome = ensureDeferred(work())
        outcome.addCallbacks(found.append, failed.append)
        outcome.addBoth(lambda _: running.stop())

    running.callWhenRunning(begin)
    running.run()
    if failed:
        failed[0].raiseException()
    if not found:
        raise KeyboardInterrupt
    return found[0]


def opened(port: object, path: str | None) -> int:
    """The number of the *port* that listens; who waits for the file *path* is told it."""
    number = int(cast("IPv4Address", cast("IListeningPort", port).getHost()).port)
    if path:
        temporary = Path(f"{path}.new")
        temporary.write_text(json.dumps({"port": number}))
        temporary.rename(path)
    return number
