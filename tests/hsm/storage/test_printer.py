"""Pages: composed, sealed, kept, shown once, and gone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.resting import traces

from hsm.refusal import PrinterUnavailable
from hsm.storage import printer as chapter
from hsm.storage.database import Database, StorageError
from hsm.storage.printer import DatabaseTray, MemoryTray, PageError, Printer, SealedPage, Words, composed

KEY = bytes(range(32))
PIN = "592638174055"


NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def made(tray: MemoryTray | DatabaseTray | None = None, key: bytes = KEY) -> Printer:
    return Printer(tray or MemoryTray(), lambda: key)


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ([], ""),
        ([Words(0, 0, "A")], "A"),
        ([Words(1, 2, "AB"), Words(1, 6, "C")], "\n  AB  C"),
        ([Words(0, 6, "C"), Words(0, 0, "AB")], "AB    C"),
        ([Words(0, 0, "ABCDEF"), Words(0, 2, "xy")], "ABxyEF"),
        ([Words(0, 0, "A\n\x1b[2J\x07B\u00e9")], "A[2JB"),
        ([Words(0, 255, "ABC")], " " * 255 + "A"),
    ],
)
def test_pages_are_composed(words: list[Words], page: str) -> None:
    assert composed(words) == page


places = st.integers(0, 255)


@given(st.lists(st.builds(Words, places, places, st.text(max_size=127)), max_size=64))
def test_no_page_grows_without_bound(words: list[Words]) -> None:
    page = composed(words)
    assert len(page) <= chapter.PAGE_BYTES_MAX
    assert page.isascii()
    assert max(map(len, page.split("\n"))) <= 256


def test_a_page_is_released_once() -> None:
    printer = made()
    printer.print("PIN mailer", [Words(0, 0, PIN)], NOON)
    printer.print("PIN mailer", [Words(0, 0, "second")], NOON)
    assert [(page.number, page.kind, page.printed) for page in printer.pages()] == [
        (1, "PIN mailer", 1715947200), (2, "PIN mailer", 1715947200),
    ]  # fmt: skip
    assert printer.release(1) == PIN
    with pytest.raises(PageError, match="no page 1"):
        printer.release(1)
    assert [page.number for page in printer.pages()] == [2]


def test_a_number_is_not_given_again() -> None:
    printer = made()
    printer.print("PIN mailer", [], NOON)
    printer.release(1)
    printer.print("PIN mailer", [], NOON)
    assert [page.number for page in printer.pages()] == [2]


@pytest.mark.parametrize("change", ["sealed", "number", "kind", "printed", "short"])
def test_a_damaged_page_is_destroyed_unseen(change: str) -> None:
    tray = MemoryTray()
    made(tray).print("PIN mailer", [Words(0, 0, PIN)], NOON)
    page = tray.page(1)
    assert page is not None
    sealed, number, kind, printed = page.sealed, page.number, page.kind, page.printed
    if change == "sealed":
        sealed = sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:]
    damaged = SealedPage(
        number + (change == "number"),
        kind + "x" * (change == "kind"),
        printed + (change == "printed"),
        sealed[:5] if change == "short" else sealed,
    )
    tray.destroy(1)
    tray.put(damaged)
    with pytest.raises(PageError, match="was damaged; it is destroyed") as told:
        made(tray).release(damaged.number)
    assert PIN not in str(told.value)
    assert tray.numbers() == ()


def test_another_key_opens_nothing() -> None:
    tray = MemoryTray()
    made(tray).print("PIN mailer", [Words(0, 0, PIN)], NOON)
    with pytest.raises(PageError):
        made(tray, bytes(32)).release(1)


class StuckTray(MemoryTray):
    """A tray whose disk may take nothing, not even that a page is gone."""

    stuck = True

    def destroy(self, number: int) -> None:
        if self.stuck:
            raise StorageError(Path("hsm.db"), "Read-only file system")
        super().destroy(number)


def test_zeroised_no_page_opens_even_if_the_disk_keeps_it() -> None:
    tray, keys = StuckTray(), iter((KEY, bytes(32)))
    printer = Printer(tray, lambda: next(keys))
    printer.print("PIN mailer", [Words(0, 0, PIN)], NOON)
    with pytest.raises(StorageError):
        printer.zeroise()
    tray.stuck = False
    with pytest.raises(PageError, match="damaged"):
        printer.release(1)


def test_the_tray_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chapter, "PAGES_MAX", 3)
    printer = made()
    for _ in range(3):
        printer.print("PIN mailer", [], NOON)
    with pytest.raises(PrinterUnavailable):
        printer.print("PIN mailer", [], NOON)
    printer.zeroise()
    printer.print("PIN mailer", [], NOON)
    assert [page.number for page in printer.pages()] == [4]


def test_pages_outlive_the_process_and_leave_no_trace(tmp_path: Path) -> None:
    database = Database(tmp_path)
    made(DatabaseTray(database)).print("PIN mailer", [Words(3, 4, PIN)], NOON)
    database.close()
    assert traces(tmp_path, [PIN.encode()]) == []
    database = Database(tmp_path)
    printer = made(DatabaseTray(database))
    (page,) = printer.pages()
    assert printer.release(page.number) == "\n\n\n    " + PIN
    assert printer.pages() == ()
    assert traces(tmp_path, [page.sealed]) == []
    database.close()


def test_a_broken_disk_is_a_printer_error(tmp_path: Path) -> None:
    database = Database(tmp_path)
    printer = made(DatabaseTray(database))
    database.close()
    with pytest.raises(PrinterUnavailable):
        printer.print("PIN mailer", [], NOON)
