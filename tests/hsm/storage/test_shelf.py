"""Cards in a state directory are those that were put there, and a try that was taken stays taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.storage.cards import Card, CardError, CardLocked, CardPinWrong, CardRack, MemoryShelf, Role
from hsm.storage.database import Database, StorageError
from hsm.storage.shelf import DatabaseShelf

KEY = bytes(range(32))

cards = st.builds(
    Card,
    st.integers(0, 5).map("{:08d}".format),
    st.sampled_from(["ALICE", "BOB O'NEIL-X."]),
    st.sampled_from(Role),
    st.integers(0, 3),
    st.binary(min_size=16, max_size=16),
    st.binary(max_size=50),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(cards | st.integers(0, 5).map("{:08d}".format), max_size=10))
def test_it_is_the_shelf_in_memory_at_rest(tmp_path_factory: pytest.TempPathFactory, changes: list[Card | str]) -> None:
    directory = tmp_path_factory.mktemp("shelf") / "state"
    database = Database(directory)
    model, shelf = MemoryShelf(), DatabaseShelf(database)
    for each in changes:
        for which in (model, shelf):
            if isinstance(each, str):
                which.remove(each)
            else:
                which.put(each)
    database.close()
    again = Database(directory)
    found = DatabaseShelf(again)
    assert sorted(found.cards(), key=lambda card: card.serial) == sorted(model.cards(), key=lambda card: card.serial)
    for number in range(6):
        assert found.get(f"{number:08d}") == model.get(f"{number:08d}")
    again.close()


def test_a_try_is_gone_before_the_pin_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(tmp_path / "state")
    rack = CardRack(DatabaseShelf(database), KEY)
    card = rack.issue("ALICE", Role.OFFICER, "12345")

    def killed(card: Card, pin: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(CardRack, "_of_pin", staticmethod(killed))
        with pytest.raises(KeyboardInterrupt):
            rack.read(card.serial, "12345")
    database.close()
    again = CardRack(DatabaseShelf(Database(tmp_path / "state")), KEY)
    with pytest.raises(CardPinWrong, match="1 try is left"):
        again.read(card.serial, "99999")
    with pytest.raises(CardLocked):
        again.read(card.serial, "99999")
    with pytest.raises(CardLocked):
        again.read(card.serial, "12345")


def test_a_rack_with_another_key_opens_no_card_of_the_first(tmp_path: Path) -> None:
    rack = CardRack(DatabaseShelf(Database(tmp_path / "state")), KEY)
    card = rack.issue("ALICE", Role.OFFICER, "12345")
    rack.rekey(bytes(32))
    with pytest.raises(CardError, match="is damaged"):
        rack.read(card.serial, "12345")
    rack.rekey(KEY)
    assert rack.read(card.serial, "12345") == b""


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    database = Database(tmp_path / "state")
    rack = CardRack(DatabaseShelf(database), KEY)
    card = rack.issue("ALICE", Role.OFFICER, "12345")
    with database.transaction() as change:
        change.execute("CREATE TRIGGER full BEFORE INSERT ON card BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StorageError, match="full"):
        rack.read(card.serial, "12345")
