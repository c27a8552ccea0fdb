"""A disk that is full, read-only or busy: the command fails, the old state stays, verification goes on, and it heals."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support import composing
from support.appliances import make_speaker

from hsm.appliance import Appliance
from hsm.keys.masters import published_lmk
from hsm.policy.position import Position
from hsm.server.config import Config
from hsm.server.counters import Counters
from hsm.server.founding import ApplianceHousehold, counter_names, found
from hsm.server.ports import Listener
from hsm.state import TamperCause
from hsm.storage.cards import CardRack, Role
from hsm.storage.database import Database, StorageError
from hsm.storage.keeper import DatabaseKeeper
from hsm.storage.secrets import RACK_KEY, secret
from hsm.storage.shelf import DatabaseShelf

PORT = Listener("thales", 1500)
BLOCKS = 0x20


class Box:
    """An appliance on a directory, and its database for breaking."""

    def __init__(self, directory: Path) -> None:
        self.household: ApplianceHousehold = found(Config(state_dir=str(directory)), Counters(1, counter_names))
        self.appliance: Appliance = self.household._appliance
        keeper = self.appliance._keeper
        assert isinstance(keeper, DatabaseKeeper)
        self.database: Database = keeper._database
        self.rack = CardRack(DatabaseShelf(self.database), secret(self.database, None, RACK_KEY))

    def ask(self, request: str) -> str:
        """The reply's code and its error code."""
        return self.household.session(PORT, "192.0.2.1:1").execute(request.encode()).decode()[:4]

    def fill(self, address: int) -> str:
        return self.ask(f"LAK{address:03X}{BLOCKS:02X}" + f"{address:016X}" * BLOCKS)

    def close(self) -> None:
        self.household.close()


@contextmanager
def full(box: Box) -> Iterator[None]:
    """The database may not grow; what fits its pages is still taken."""
    connection = box.database._connection
    connection.execute("VACUUM")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def read_only(box: Box) -> Iterator[None]:
    box.database._connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        box.database._connection.execute("PRAGMA query_only = OFF")


@contextmanager
def busy(box: Box) -> Iterator[None]:
    """Another program holds the file, for longer than we wait."""
    box.database._connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(box.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()
        box.database._connection.execute("PRAGMA busy_timeout = 5000")


@contextmanager
def over_quota(box: Box) -> Iterator[None]:
    """The operating system refuses to write (EFBIG, where a quota says EDQUOT and a full disk ENOSPC)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


Fault = Callable[[Box], AbstractContextManager[None]]


def verification() -> tuple[str, str]:
    """A request to verify a PIN, and its answer's first four characters."""
    speaker = make_speaker()
    request = composing.composed_request("DA", speaker, full=False)
    return request, speaker(request)[:4]


@pytest.mark.parametrize("fault", [read_only, busy, over_quota])
def test_no_change_is_made_and_everything_else_goes_on(tmp_path: Path, fault: Fault) -> None:
    box = Box(tmp_path / "state")
    card = box.rack.issue("ALICE", Role.OFFICER, "12345")
    assert box.fill(0) == "LB00"
    verify, answer = verification()
    before = box.appliance.state
    changes: list[Callable[[], object]] = [
        lambda: box.appliance.change_settings(before.settings.changed("pin-attack-limit", "9")),
        lambda: box.appliance.change_settings(before.settings.changed("allow-single-des", "no")),
        lambda: box.appliance.load_lmks({"07": published_lmk("test-aes-block", "07")}, {}),
        lambda: box.appliance.move(Position.SECURE),
        lambda: box.rack.read(card.serial, "12345"),
        lambda: box.rack.erase(card.serial),
    ]
    with fault(box):
        for change in changes:
            with pytest.raises(StorageError):
                change()
            assert box.appliance.state is before
        assert box.fill(0x100) == "LB41"
        assert box.ask(verify) == answer
        assert box.ask("LEK00001") == "LF00"
        assert box.ask("LEK10001") != "LF00"
    assert box.rack.read(card.serial, "12345") == b""
    assert box.fill(0x100) == "LB00"
    for change in changes[:4]:
        change()
    after = box.appliance.state
    box.close()
    again = Box(tmp_path / "state")
    assert again.appliance.settings == after.settings
    assert again.appliance.state.position is Position.SECURE
    assert list(again.appliance.lmks) == ["07"]
    assert again.database.read("SELECT count(*) FROM slot") == [(2 * BLOCKS,)]
    again.close()


def test_a_full_disk_takes_what_fits_and_answers_truly(tmp_path: Path) -> None:
    box = Box(tmp_path / "state")
    verify, answer = verification()
    taken = []
    with full(box):
        codes = {}
        for address in range(0, 0x1000, BLOCKS):
            codes[address] = box.fill(address)
            if codes[address] == "LB41":
                break
        taken = [address for address, code in codes.items() if code == "LB00"]
        assert list(codes.values())[-1] == "LB41"
        assert box.ask(verify) == answer
    assert box.fill(0xFE0) == "LB00"
    box.close()
    again = Box(tmp_path / "state")
    addresses = {row[0] for row in again.database.read("SELECT address FROM slot")}
    assert addresses == {address + at for address in (*taken, 0xFE0) for at in range(BLOCKS)}
    again.close()


def test_a_tamper_event_empties_the_memory_at_once_and_the_disk_when_it_can(tmp_path: Path) -> None:
    box = Box(tmp_path / "state")
    with over_quota(box):
        with pytest.raises(StorageError):
            box.appliance.tamper(TamperCause.SIGNAL)
        assert not box.appliance.lmks
    box.household.settle()
    box.close()
    again = Box(tmp_path / "state")
    assert again.appliance.state.tampered == "signal"
    assert not again.appliance.lmks
    again.close()
