"""The virtual printer: pages that nobody sees until officers release them.

A page is sealed with AES-256-GCM under the printer's own key, bound to its number, kind and time.  It is at rest before
the request that printed it is answered, and destroyed before it is shown, so that it is shown once at most.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsm.refusal import PrinterUnavailable
from hsm.storage.database import Database, StorageError

PAGES_MAX = 1_000
PAGE_BYTES_MAX = 2**17
PLACES = 256
KEY_BYTES = 32
_NONCE_BYTES = 12


class PageError(Exception):
    """There is no such page, or it is damaged; the message says which, and never what is on it."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is printed at *line* and *column*, both counted from 0 and below ``PLACES``."""

    line: int
    column: int
    text: str


def composed(words: Iterable[Words]) -> str:
    """The page: *words* in their places, later ones over earlier ones.  What can't be printed is left out."""
    lines: dict[int, str] = {}
    for each in words:
        text = "".join(char for char in each.text if char.isascii() and char.isprintable())[: PLACES - each.column]
        before = lines.get(each.line, "").ljust(each.column)
        lines[each.line] = before[: each.column] + text + before[each.column + len(text) :]
    return "\n".join(lines.get(number, "") for number in range(max(lines, default=-1) + 1))


@dataclass(frozen=True, slots=True)
class SealedPage:
    """A page as it lies in the tray: its *number*, *kind* (``PIN mailer``), *printed* in Unix seconds."""

    number: int
    kind: str
    printed: int
    sealed: bytes

    def bound(self) -> bytes:
        """What the seal binds."""
        return f"{self.number} {self.printed} {self.kind}".encode()


class Tray(Protocol):
    """Where sealed pages lie."""

    def numbers(self) -> tuple[int, ...]:
        """The numbers of all pages, in order.  Raises StorageError."""

    def page(self, number: int) -> SealedPage | None:
        """The page with this *number*, None when there is none.  Raises StorageError."""

    def put(self, page: SealedPage) -> None:
        """Keep *page*; it is at rest when this returns.  Raises StorageError."""

    def destroy(self, number: int) -> None:
        """Destroy the page with this *number*, if there is one.  Raises StorageError."""


class MemoryTray:
    """Pages that end with the process."""

    def __init__(self) -> None:
        self._pages: dict[int, SealedPage] = {}

    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted(self._pages))

    def page(self, number: int) -> SealedPage | None:
        return self._pages.get(number)

    def put(self, page: SealedPage) -> None:
        self._pages[page.number] = page

    def destroy(self, number: int) -> None:
        self._pages.pop(number, None)


class DatabaseTray:
    """Pages in a state directory: each change is on the disk when it is told, and nothing destroyed is left there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def numbers(self) -> tuple[int, ...]:
        return tuple(
            number
            for (number,) in self._database.read("SELECT number FROM page ORDER BY number")
            if isinstance(number, int)
        )

    def page(self, number: int) -> SealedPage | None:
        rows = self._database.read("SELECT kind, printed, sealed FROM page WHERE number = ?", number)
        if not rows:
            return None
        ((kind, printed, sealed),) = rows
        assert isinstance(printed, int)
        assert isinstance(sealed, bytes)
        return SealedPage(number, str(kind), printed, sealed)

    def put(self, page: SealedPage) -> None:
        values = (page.number, page.kind, page.printed, page.sealed)
        with self._database.transaction() as change:
            change.execute("INSERT INTO page (number, kind, printed, sealed) VALUES (?, ?, ?, ?)", values)

    def destroy(self, number: int) -> None:
        with self._database.transaction() as change:
            change.execute("DELETE FROM page WHERE number = ?", (number,))
        self._database.fold()


class Printer:
    """A printer with *tray*, whose pages are sealed under *key*, 32 bytes that no other printer has.

    It asks for the key when it first needs it, and again after a tamper event, when there is another.
    """

    def __init__(self, tray: Tray, key: Callable[[], bytes]) -> None:
        self._tray = tray
        self._key = key
        self._ready: AESGCM | None = None
        self._last = 0

    def __repr__(self) -> str:
        return "<Printer>"

    def _cipher(self) -> AESGCM:
        self._ready = self._ready or AESGCM(self._key())
        return self._ready

    def pages(self) -> tuple[SealedPage, ...]:
        """What lies in the tray: numbers, kinds and times.  Raises StorageError."""
        return tuple(page for number in self._tray.numbers() if (page := self._tray.page(number)) is not None)

    def print(self, kind: str, words: Iterable[Words], now: datetime) -> None:
        """Print a page of *words*, *now*.  Raises PrinterUnavailable when the tray is full or can't be written."""
        content = composed(words).encode("ascii")
        try:
            there = self._tray.numbers()
            if len(there) >= PAGES_MAX or len(content) > PAGE_BYTES_MAX:
                raise PrinterUnavailable
            # A number is not given again while this process lives: who was told of one means that page.
            self._last = max((self._last, *there)) + 1
            page = SealedPage(self._last, kind, int(now.timestamp()), b"")
            nonce = os.urandom(_NONCE_BYTES)
            sealed = nonce + self._cipher().encrypt(nonce, content, page.bound())
            self._tray.put(replace(page, sealed=sealed))
        except StorageError:
            raise PrinterUnavailable from None

    def release(self, number: int) -> str:
        """What is on the page with this *number*, which is destroyed first.  Raises PageError, StorageError."""
        page = self._tray.page(number)
        if page is None:
            raise PageError(f"There is no page {number}.")
        cipher = self._cipher()
        self._tray.destroy(number)
        try:
            clear = cipher.decrypt(page.sealed[:_NONCE_BYTES], page.sealed[_NONCE_BYTES:], page.bound())
        except (InvalidTag, ValueError):
            raise PageError(f"Page {number} was damaged; it is destroyed.") from None
        return clear.decode("ascii")

    def zeroise(self) -> None:
        """Forget the key, so that no page opens whatever the disk does, and destroy all pages.  Raises StorageError."""
        self._ready = None
        for number in self._tray.numbers():
            self._tray.destroy(number)


def memory_printer() -> Printer:
    """A printer whose pages end with the process."""
    return Printer(MemoryTray(), partial(os.urandom, KEY_BYTES))
