"""Prometheus at a real socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

from prometheus_client.parser import text_string_to_metric_families
from support.linked import Loop, loop
from support.operating import NOW_US, Kepts, Told
from twisted.internet.interfaces import IReactorTime

from switch.config.switchfile import Address
from switch.operator.views import Kept, Running
from switch.server.metricsport import MetricsPort, Scrapes
from switch.store.database import Unavailable


@contextmanager
def scraping(
    kept: Callable[[], Kept] | None = None, running: Callable[[], Running] | None = None
) -> Iterator[tuple[Loop, int]]:
    with loop() as run:
        clock = cast(IReactorTime, run.reactor)
        page = Scrapes(clock, running or Told().running, kept or Kepts().kept, lambda: NOW_US)
        port = MetricsPort(clock, page)
        number = port.open(Address("127.0.0.1", 0))
        yield run, number
        port.close()


def get(run: Loop, number: int, path: str = "/metrics", method: str = "GET") -> tuple[str, str]:
    """The status line and the body."""
    with socket.create_connection(("127.0.0.1", number)) as opened:
        opened.sendall(f"{method} {path} HTTP/1.1\r\nHost: switch\r\nConnection: close\r\n\r\n".encode())
        opened.setblocking(False)
        read = b""
        ended = False

        def whole() -> bool:
            nonlocal read, ended
            with suppress(BlockingIOError):
                part = opened.recv(1 << 16)
                read += part
                ended = not part
            return ended

        run.until(whole)
    head, _, body = read.decode().partition("\r\n\r\n")
    return head.splitlines()[0], body


def names(body: str) -> set[str]:
    return {sample.name for family in text_string_to_metric_families(body) for sample in family.samples}


def test_a_scrape_shows_what_runs_and_what_is_kept() -> None:
    with scraping() as (run, number):
        status, body = get(run, number)
        assert status.endswith("200 OK")
        assert {"zonekey_switch_link_connected", "zonekey_switch_owed"} <= names(body)


def test_a_store_that_is_away_is_told_and_the_rest_is_shown() -> None:
    def away() -> Kept:
        raise Unavailable("away")

    with scraping(away) as (run, number):
        status, body = get(run, number)
        assert status.endswith("200 OK")
        assert "zonekey_switch_store_readable 0.0" in body
        assert "zonekey_switch_link_connected" in names(body)


def test_a_fault_is_answered_and_shows_nothing() -> None:
    def broken() -> Kept:
        raise RuntimeError("secret")

    with scraping(broken) as (run, number):
        for _ in range(6):
            status, body = get(run, number)
            assert " 500 " in status
            assert "secret" not in body


def test_there_is_nothing_else() -> None:
    with scraping() as (run, number):
        assert " 404 " in get(run, number, "/")[0]
        assert " 404 " in get(run, number, "/metrics/x")[0]
        assert " 405 " in get(run, number, method="POST")[0]
