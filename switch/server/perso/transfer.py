"""The calling side of file transfer: an issuer pushes a file; the inner side pulls all that is there."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from switch.link.config import TlsFiles
from switch.perso.chain import HEAD, Chain
from switch.perso.shelf import CHUNK_BYTES, FILE_NAME, HASH, NotKept, Shelf, TransferFailed
from switch.server.perso.fileline import FileLine
from switch.server.tls import calling

LINES_WAITING_MAX = 10_002
CONNECT_SECONDS = 10.0
Came = Callable[[str, str, str], None]
"""Told name and digest of a file that came, and the hash of the entry about it in the audit that it came from."""
PULLED = frozenset({"pulled"})


def noted_in(chain: Chain) -> Came:
    """What came is told to *chain*, once though a pull broke off and is repeated."""

    def note(name: str, digest: str, head: str) -> None:
        if chain.last(PULLED, file=name, digest=digest) is None:
            chain.write("pull", "pulled", {"file": name, "digest": digest} | ({"before": head} if head else {}))

    return note


class TransferLine(FileLine):
    """A connection to a shelf; ask one thing at a time."""

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self._lines: deque[str] = deque()
        self._waiting: Deferred[str] | None = None
        self._shelf: Shelf | None = None
        self._arriving: tuple[str, int, str] | None = None
        self._lost = ""

    async def put(self, name: str, file: BufferedIOBase, head: str) -> None:
        """Push *file* as *name*; *head* is the hash of our audit's entry about it.

        Nothing is sent where that very file is there.  Raises TransferFailed.
        """
        digest, size = hashlib.sha256(), 0
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
        file.seek(0)
        answer = await self._next(f"PUT {name} {size} {digest.hexdigest()} {head}")
        if answer == f"HERE {size} {digest.hexdigest()}":
            return
        if answer != "GO":
            raise TransferFailed(_refusal(answer))
        await self.send(file)
        await self._expect("OK")

    async def pull(self, shelf: Shelf, kept: Came) -> list[str]:
        """Take everything to *shelf*, and have it removed there; of each that is here *kept* is told before that.

        What was kept already, before a break, is only removed.  Raises TransferFailed.
        """
        pulled = []
        for name, size, digest, head in await self._listed():
            if not shelf.has(name, digest):
                self._shelf, self._arriving = shelf, (name, size, digest)
                await self._expect("OK", f"GET {name}")
            kept(name, digest, head)
            await self._expect("OK", f"DONE {name} {digest}")
            pulled.append(name)
        return pulled

    # --- inside ---------------------------------------------------------------------------------------------------
    async def _listed(self) -> list[tuple[str, int, str, str]]:
        line = await self._next("LIST")
        found: list[tuple[str, int, str, str]] = []
        while line != "END":
            word, *fields = line.split(" ")
            if word != "FILE" or len(fields) != 4:
                raise TransferFailed(_refusal(line))
            name, size, digest, head = fields
            if not (
                FILE_NAME.fullmatch(name)
                and size.isdecimal()
                and len(size) < 16
                and HASH.fullmatch(digest)
                and HEAD.fullmatch(head)
            ):
                raise TransferFailed("the other side lists what is no file")
            found.append((name, int(size), digest, head))
            line = await self._next()
        return found

    async def _expect(self, expected: str, ask: str = "") -> None:
        line = await self._next(ask)
        if line != expected:
            raise TransferFailed(_refusal(line))

    async def _next(self, ask: str = "") -> str:
        """The next line, after asking."""
        if self._lost and not self._lines:
            raise TransferFailed(self._lost)
        if ask:
            self.say(ask)
        if self._lines:
            return self._lines.popleft()
        self.watch()
        self._waiting = Deferred()
        return await self._waiting

    def heard(self, line: str) -> None:
        if self._arriving is not None:
            # The file follows at once upon this line.
            (name, size, digest), self._arriving = self._arriving, None
            if line == f"HERE {size} {digest}" and self._shelf is not None:
                try:
                    self.await_file(self._shelf.put(name, size, digest))
                except (NotKept, OSError) as e:
                    self._lost = f"{name} can't be kept: {e}"
                    self.line.abortConnection()
                return
        if self._waiting is None and len(self._lines) >= LINES_WAITING_MAX:
            self._lost = "the other side says too much"
            self.line.abortConnection()
            return
        self._lines.append(line)
        if self._waiting is not None:
            self.rest()
            waiting, self._waiting = self._waiting, None
            waiting.callback(self._lines.popleft())

    def file_came(self, name: str, wrong: str) -> None:
        self.heard(f"NO {wrong}" if wrong else "OK")

    def ended(self, silent: bool, broken: str | None) -> None:
        why = "the other side was silent" if silent else "the connection broke or was not admitted"
        self._lost = self._lost or why
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.errback(Failure(TransferFailed(self._lost)))


async def connected(reactor: IReactorTime, host: str, port: int, files: TlsFiles) -> TransferLine:
    """A connection to the shelf at *host* and *port*.  Raises TlsFilesUnusable, ConnectError."""
    plain = HostnameEndpoint(reactor, host, port, timeout=CONNECT_SECONDS)
    return cast("TransferLine", await connectProtocol(wrapClientTLS(calling(files), plain), TransferLine(reactor)))


async def push(reactor: IReactorTime, host: str, port: int, files: TlsFiles, path: Path, head: str) -> None:
    """Push the file *path*; *head* is the hash of our audit's entry about it.

    Raises TransferFailed, OSError and what ``connected`` raises.
    """
    with path.open("rb") as file:
        line = await connected(reactor, host, port, files)
        try:
            await line.put(path.name, file, head)
        finally:
            line.line.loseConnection()


async def pull(reactor: IReactorTime, host: str, port: int, files: TlsFiles, shelf: Shelf, kept: Came) -> list[str]:
    """Take everything from there to *shelf*; see ``TransferLine.pull``."""
    line = await connected(reactor, host, port, files)
    try:
        return await line.pull(shelf, kept)
    finally:
        line.line.loseConnection()


def _refusal(line: str) -> str:
    return f"refused: {line[3:]}" if line.startswith("NO ") else "the other side speaks otherwise"
