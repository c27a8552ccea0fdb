"""Metrics over HTTP: ``GET /metrics``, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTCP, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from switch.config.switchfile import Address
from switch.operator.exposition import CONTENT_TYPE, exposition
from switch.operator.views import Kept, Running
from switch.server.aside import in_thread
from switch.store.database import StoreError

IDLE_SECONDS = 30
BACKLOG = 16
SCRAPES_MAX = 4
"""Under way at one time; what comes above is answered 503."""
OK, FAILED, BUSY = 200, 500, 503


class Scrapes(Resource):
    """The one page.  What runs is looked at on the reactor's thread; the store, and the text, are a thread's work."""

    isLeaf = False

    def __init__(
        self, clock: IReactorTime, running: Callable[[], Running], kept: Callable[[], Kept], now_us: Callable[[], int]
    ) -> None:
        """*kept* is called in a thread, and raises StoreError."""
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._clock, self._running, self._kept, self._now_us = clock, running, kept, now_us
        self._under_way = 0

    def render_GET(self, request: Request) -> int | bytes:
        """Answer once the thread has made the text."""
        if self._under_way >= SCRAPES_MAX:
            request.setResponseCode(BUSY)
            return b""
        self._under_way += 1
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        running = self._running()
        asked = in_thread(self._clock, lambda: self._text(running))
        asked.addErrback(_fault).addCallback(self._answer, request, gone)
        return NOT_DONE_YET

    def _text(self, running: Running) -> bytes:
        try:
            kept = self._kept()
        except StoreError:
            kept = None
        return exposition(running, kept, self._now_us())

    def _answer(self, text: bytes | None, request: Request, gone: list[object]) -> None:
        self._under_way -= 1
        if gone:
            return
        request.setResponseCode(OK if text is not None else FAILED)
        request.setHeader(b"content-type", CONTENT_TYPE.encode())
        request.setHeader(b"content-length", str(len(text or b"")).encode())
        request.write(text or b"")
        request.finish()


def _fault(_: Failure) -> None:
    """A mistake of ours is answered 500, and its text, which could show anything, to nobody."""


class MetricsPort:
    """Where Prometheus asks."""

    def __init__(self, clock: IReactorTime, page: Scrapes) -> None:
        root = Resource()
        root.putChild(b"metrics", page)
        self._clock = clock
        site = Site(root, timeout=IDLE_SECONDS)
        site.noisy = False
        self._site = cast(ServerFactory, site)  # to the reactor a factory is a factory
        self._listening: IListeningPort | None = None

    def open(self, place: Address) -> int:
        """Listen at *place*; the port's number.  Raises CannotListenError."""
        self._listening = cast(IReactorTCP, self._clock).listenTCP(place.port, self._site, BACKLOG, place.host)
        return int(getattr(self._listening.getHost(), "port", 0))

    def close(self) -> Deferred[object]:
        """Take no calls; fires when the port is closed."""
        listening, self._listening = self._listening, None
        return maybeDeferred(listening.stopListening if listening else lambda: None)
