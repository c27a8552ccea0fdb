"""What an appliance was told is what it knows when it starts again, and nothing that was destroyed is left anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.resting import PASSPHRASE, live_domain, live_lmk, opened, read_back, traces

from hsm.appliance import without_lmks
from hsm.keys.domain import Domain
from hsm.keys.km import Km
from hsm.keys.masters import published_lmk
from hsm.keys.published import PUBLISHED_KMS
from hsm.policy.authority import Activity, Authority, Grant, Interface
from hsm.policy.choices import Profile
from hsm.policy.fraud import FraudStop
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.state import State
from hsm.storage import device
from hsm.storage.cards import CardError, CardRack, MemoryShelf, Role
from hsm.storage.database import Database, StorageError
from hsm.storage.keeper import DatabaseKeeper, MemoryKeeper, fraud_at_rest, keep_fraud, state_at_rest
from hsm.storage.secrets import RACK_KEY, secret
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.vault import LmkLabel, Vault, labels


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def database(directory: Path) -> Iterator[Database]:
    database = Database(directory)
    yield database
    database.close()


@pytest.fixture
def vault(database: Database) -> Vault:
    return Vault(database, PASSPHRASE, make=True)


def full_state() -> State:
    """A state none of whose parts is the default."""
    settings = Settings.of(Profile.HARDENED).changed("pin-attack-limit", "7").changed("enabled-commands", "-NC")
    grants = (
        Grant(Activity.parse("export.001.host"), "00", inf),
        Grant(Activity.parse("pin"), "01", inf),
        Grant(Activity.parse("admin:10"), "00", 500.0),
    )
    return State(
        settings,
        {"00": live_lmk("00", "aes-block"), "01": live_lmk("01", "variant", "a comment, in words")},
        {"00": live_lmk("00", "3des-block")},
        {"07": published_lmk("test-aes-block", "07")},
        Authority(grants),
        Position.SECURE,
        domain=live_domain(1, 9_999),
    )


def lasting(state: State) -> State:
    """*state* as a restart leaves it."""
    grants = tuple(grant for grant in state.authority.grants if grant.expires == inf)
    return replace(state, authority=Authority(grants))


def test_everything_comes_back(directory: Path, database: Database, vault: Vault) -> None:
    keeper = DatabaseKeeper(database, vault)
    assert state_at_rest(database, vault) is None
    keeper.begin(State(), "legacy")
    assert read_back(directory) == opened(State())
    keeper.keep(State(), full_state())
    assert read_back(directory) == opened(lasting(full_state()))
    keeper.keep(full_state(), State())
    assert read_back(directory) == opened(State())


def test_a_first_state_is_kept_whole(directory: Path, database: Database, vault: Vault) -> None:
    DatabaseKeeper(database, vault).begin(full_state(), "hardened")
    assert read_back(directory) == opened(lasting(full_state()))
    # Of all settings, so that another version's defaults change nothing.
    assert len(database.read("SELECT name FROM setting")) == len(list(Settings().listing()))


STATES = st.builds(
    State,
    st.sampled_from(["1", "2", "9"]).map(lambda limit: Settings().changed("pin-attack-limit", limit)),
    *[
        st.dictionaries(st.sampled_from(["00", "01"]), st.sampled_from(["aes-block", "variant", "test"])).map(
            lambda kinds: {
                lmk_id: published_lmk("test-variant", lmk_id) if kind == "test" else live_lmk(lmk_id, kind)
                for lmk_id, kind in kinds.items()
            }
        )
    ]
    * 3,
    st.sets(st.sampled_from(["pin", "export.001", "admin.host"])).map(
        lambda texts: Authority(tuple(Grant(Activity.parse(text), "00", inf) for text in sorted(texts)))
    ),
    st.sampled_from(Position),
    domain=st.none()
    | st.builds(live_domain, st.sampled_from([1, 99, 9_999]), name=st.sampled_from(["one", "other"]))
    | st.sampled_from(sorted(PUBLISHED_KMS)).map(lambda name: Domain(Km(PUBLISHED_KMS[name], name))),
)


@settings(max_examples=10, deadline=None)
@given(st.lists(STATES, min_size=1, max_size=4))
def test_after_any_changes_what_rests_is_the_last(
    tmp_path_factory: pytest.TempPathFactory, states: list[State]
) -> None:
    directory = tmp_path_factory.mktemp("any") / "state"
    database = Database(directory)
    vault = Vault(database, PASSPHRASE, make=True)
    keeper = DatabaseKeeper(database, vault)
    keeper.begin(states[0], "legacy")
    for before, after in pairwise(states):
        keeper.keep(before, after)
    found = state_at_rest(database, vault)
    assert found is not None
    assert opened(found) == opened(states[-1])
    database.close()


def test_a_change_writes_what_differs_and_nothing_else(database: Database, vault: Vault) -> None:
    keeper = DatabaseKeeper(database, vault)
    state = full_state()
    keeper.begin(state, "legacy")

    def rows() -> list[object]:
        tables = ("setting", "loaded", "authority", "device", "km", "stored_key")
        return [row for table in tables for row in database.read(f"SELECT * FROM {table}")]  # noqa: S608

    before = rows()
    after = replace(state, settings=state.settings.changed("pin-attack-limit", "8"))
    keeper.keep(state, after)
    assert [row[0] for row in set(rows()) - set(before)] == ["pin-attack-limit"]  # type: ignore[index]  # rows are tuples
    before = rows()
    assert after.domain is not None
    less = replace(after, domain=after.domain.without(("01", 1)))
    keeper.keep(after, less)
    assert {row[:2] for row in set(before) - set(rows())} == {("01", 1)}  # type: ignore[index]
    after = less
    # Each seal has a nonce of its own, so an LMK that was written again would look different.
    before = rows()
    keeper.keep(after, replace(after, position=Position.ONLINE))
    assert [row[0] for row in set(rows()) - set(before)] == ["position"]  # type: ignore[index]


def test_without_a_passphrase_only_published_lmks_are_kept(directory: Path, database: Database) -> None:
    keeper = DatabaseKeeper(database, None)
    keeper.begin(State(), "legacy")
    published = State(lmks={"00": published_lmk("test-variant", "00")})
    keeper.keep(State(), published)
    live = replace(
        published, settings=Settings().changed("pin-attack-limit", "5"), lmks={"00": live_lmk("00", "variant")}
    )
    with pytest.raises(StorageError, match="the vault is closed: give a passphrase"):
        keeper.keep(published, live)
    assert read_back(directory, None) == opened(published)


def test_a_sealed_lmk_needs_the_passphrase_again(directory: Path, database: Database, vault: Vault) -> None:
    DatabaseKeeper(database, vault).begin(full_state(), "legacy")
    with pytest.raises(StorageError, match="the vault is closed"):
        state_at_rest(database, None)
    database.close()
    with pytest.raises(StorageError, match="passphrase is wrong"):
        read_back(directory, b"another one")


@pytest.mark.parametrize("destroyed", ["erased", "deleted", "replaced"])
def test_nothing_is_left_of_a_deleted_lmk(directory: Path, database: Database, vault: Vault, destroyed: str) -> None:
    keeper = DatabaseKeeper(database, vault)
    state = full_state()
    keeper.begin(state, "legacy")
    sealed = [row[0] for row in database.read("SELECT sealed FROM loaded WHERE lmk_id = '01'")]
    assert traces(directory, sealed)
    after = {
        "erased": without_lmks(state),
        "deleted": replace(state, lmks={"00": state.lmks["00"]}),
        "replaced": replace(state, lmks={**state.lmks, "01": live_lmk("01", "aes-block")}),
    }[destroyed]
    keeper.keep(state, after)
    assert not traces(directory, sealed)


def test_no_lmk_lies_in_the_clear(directory: Path, database: Database, vault: Vault) -> None:
    state = full_state()
    DatabaseKeeper(database, vault).begin(state, "legacy")
    for lmk in (*state.lmks.values(), *state.old_lmks.values()):
        material = lmk.material()
        assert not traces(directory, [material[at : at + 8] for at in range(0, len(material), 8)])


def test_a_tamper_event_destroys_everything_secret(directory: Path, database: Database, vault: Vault) -> None:
    rack_key = secret(database, vault, RACK_KEY)
    rack = CardRack(DatabaseShelf(database), rack_key)
    rack.issue("ALICE", Role.OFFICER, "12345")
    keeper = DatabaseKeeper(database, vault, rack)
    state = full_state()
    keeper.begin(state, "legacy")
    vault.add(LmkLabel("spare", "aes-block", "0" * 16), bytes(range(32)))
    (directory / "hsm.db.v1").write_bytes(b"an older state")
    sealed = [row[0] for row in database.read("SELECT sealed FROM loaded WHERE sealed IS NOT NULL")]
    sealed += [row[0] for row in database.read("SELECT sealed FROM lmk")]
    sealed += [row[0] for row in database.read("SELECT content FROM secret")]
    header = database.read("SELECT header FROM vault")[0][0]
    assert isinstance(header, bytes)
    sealed.append(header[4:20])  # the salt
    assert all(traces(directory, [each]) for each in sealed)

    tampered = replace(without_lmks(state), authority=Authority(), tampered="lid opened")
    keeper.keep(state, tampered)
    assert not traces(directory, sealed)
    assert not (directory / "hsm.db.v1").exists()
    assert labels(database) == ()
    assert DatabaseShelf(database).cards() == ()
    assert secret(database, vault, RACK_KEY) != rack_key
    card = rack.issue("BOB", Role.OFFICER, "54321")
    assert CardRack(DatabaseShelf(database), secret(database, vault, RACK_KEY)).read(card.serial, "54321") == b""
    assert read_back(directory) == opened(tampered)
    # Cleared by officers, it takes LMKs again, under the same passphrase.
    again = replace(tampered, tampered="", lmks={"00": live_lmk("00", "aes-block")})
    keeper.keep(tampered, again)
    assert read_back(directory) == opened(again)


def test_a_tamper_event_in_memory_destroys_the_cards() -> None:
    rack = CardRack(MemoryShelf(), bytes(32))
    keeper = MemoryKeeper(rack)
    card = rack.issue("ALICE", Role.OFFICER, "12345")
    keeper.keep(State(), replace(State(), position=Position.SECURE))
    assert rack.read(card.serial, "12345") == b""
    keeper.keep(State(), replace(State(), tampered="lid opened", tampers_count=1))
    assert rack.cards() == ()
    with pytest.raises(CardError, match="is damaged"):
        rack.check(card)


def test_a_tamper_event_that_could_not_be_kept_is_owed(directory: Path, database: Database, vault: Vault) -> None:
    keeper = DatabaseKeeper(database, vault)
    state = full_state()
    keeper.begin(state, "legacy")
    tampered = replace(without_lmks(state), authority=Authority(), tampered="lid opened")
    with database.transaction() as change:
        change.execute("CREATE TRIGGER full BEFORE DELETE ON lmk BEGIN SELECT 1; END")
        change.execute("CREATE TRIGGER full2 BEFORE DELETE ON loaded BEGIN SELECT RAISE(ABORT, 'full'); END")
    for _ in range(2):
        with pytest.raises(StorageError, match="full"):
            keeper.keep(state, tampered)
    with pytest.raises(StorageError, match="full"):
        keeper.settle()
    for name in ("full", "full2"):
        with database.transaction() as change:
            change.execute(f"DROP TRIGGER {name}")
    keeper.settle()
    keeper.settle()
    assert read_back(directory) == opened(tampered)


def test_a_later_change_pays_what_is_owed(directory: Path, database: Database, vault: Vault) -> None:
    keeper = DatabaseKeeper(database, vault)
    state = full_state()
    keeper.begin(state, "legacy")
    tampered = replace(without_lmks(state), authority=Authority(), tampered="lid opened")
    with database.transaction() as change:
        change.execute("CREATE TRIGGER full BEFORE DELETE ON loaded BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StorageError):
        keeper.keep(state, tampered)
    with database.transaction() as change:
        change.execute("DROP TRIGGER full")
    sealed = [row[0] for row in database.read("SELECT sealed FROM loaded WHERE sealed IS NOT NULL")]
    after = replace(tampered, position=Position.OFFLINE)
    keeper.keep(tampered, after)
    assert read_back(directory) == opened(after)
    assert not traces(directory, sealed)


def test_what_fails_leaves_what_was(directory: Path, database: Database, vault: Vault) -> None:
    keeper = DatabaseKeeper(database, vault)
    state = full_state()
    keeper.begin(state, "legacy")
    with database.transaction() as change:
        change.execute("CREATE TRIGGER full BEFORE INSERT ON device BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StorageError, match="full"):
        keeper.keep(state, replace(State(), position=Position.OFFLINE))
    with database.transaction() as change:
        change.execute("DROP TRIGGER full")
    assert read_back(directory) == opened(lasting(state))
    keeper.keep(state, State())
    assert read_back(directory) == opened(State())


def test_a_fraud_stop_comes_back(database: Database) -> None:
    assert fraud_at_rest(database) == FraudStop()
    for stop in (FraudStop(1, 0), FraudStop(3, 100), FraudStop()):
        keep_fraud(database, stop)
        assert fraud_at_rest(database) == stop


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE setting SET value = 'seven' WHERE name = 'pin-attack-limit'",
            "the setting pin-attack-limit: expected",
        ),
        ("UPDATE setting SET name = 'nothing' WHERE name = 'pin-attack-limit'", "the setting nothing: expected"),
        ("UPDATE authority SET activity = 'fly' WHERE lmk_id = '01'", "the authority 'fly'"),
        ("UPDATE device SET value = 'upside down' WHERE name = 'position'", "the position 'upside down'"),
        ("UPDATE device SET value = 'soft' WHERE name = 'profile'", "the profile 'soft'"),
        ("UPDATE loaded SET name = 'other' WHERE lmk_id = '01'", "loaded LMK .* is damaged"),
        ("UPDATE loaded SET lmk_id = '09' WHERE lmk_id = '01'", "loaded LMK .* is damaged"),
    ],
)
def test_records_that_make_no_sense_are_named(database: Database, vault: Vault, statement: str, message: str) -> None:
    DatabaseKeeper(database, vault).begin(full_state(), "legacy")
    with database.transaction() as change:
        change.execute(statement)
    with pytest.raises(StorageError, match=message):
        state_at_rest(database, vault)


def test_a_setting_of_a_later_version_is_as_its_profile_has_it(database: Database, vault: Vault) -> None:
    DatabaseKeeper(database, vault).begin(State(Settings.of(Profile.HARDENED)), "hardened")
    with database.transaction() as change:
        change.execute("DELETE FROM setting WHERE name = 'fraud-detection'")
    found = state_at_rest(database, vault)
    assert found is not None
    assert found.settings.fraud_detection


def test_the_interface_of_an_authority_is_kept(database: Database, vault: Vault) -> None:
    DatabaseKeeper(database, vault).begin(full_state(), "legacy")
    found = state_at_rest(database, vault)
    assert found is not None
    assert found.authority.permits("export.001", "00", Interface.HOST, 1.0)
    assert not found.authority.permits("export.001", "00", Interface.CONSOLE, 1.0)
    assert device.noted(database, device.PROFILE) == "legacy"
