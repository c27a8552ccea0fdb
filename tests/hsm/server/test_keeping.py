"""An appliance that starts again is the one that ended; the command line is typed over it, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.resting import live_lmk

from hsm.appliance import Appliance
from hsm.keys.masters import published_lmk
from hsm.policy.authority import Authority, parse_activities
from hsm.policy.position import Position
from hsm.server.config import Config, ConfigError, LoadedLmk, Setting
from hsm.server.counters import Counters, shared_file
from hsm.server.founding import ApplianceHousehold, adopt, counter_names, found
from hsm.server.keeping import Keeping
from hsm.server.ports import Listener
from hsm.state import TamperCause
from hsm.storage.backup import backup, restore
from hsm.storage.cards import Role
from hsm.storage.database import Database, StorageError
from hsm.storage.passphrase import new_key_file
from hsm.storage.vault import LmkLabel, Vault

PORT = Listener("thales", 1500)
PHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    monkeypatch.delenv("HSM_PASSPHRASE", raising=False)


@pytest.fixture
def base(tmp_path: Path) -> Config:
    return Config(state_dir=str(tmp_path / "state"))


@contextmanager
def running(config: Config) -> Iterator[Appliance]:
    household = found(config, Counters(1, counter_names))
    try:
        yield appliance_of(household)
    finally:
        household.close()


def appliance_of(household: ApplianceHousehold) -> Appliance:
    return household._appliance  # what the console will have too


def lmk(text: str) -> tuple[LoadedLmk, ...]:
    lmk_id, _, name = text.partition("=")
    return (LoadedLmk(lmk_id, name, "command line"),)


def setting(name: str, value: str) -> tuple[Setting, ...]:
    return (Setting(name, value, "command line"),)


def names(appliance: Appliance) -> dict[str, str]:
    return {lmk_id: each.name for lmk_id, each in appliance.lmks.items()}


def test_what_was_changed_is_there_again(base: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSM_PASSPHRASE", PHRASE)
    with running(base) as appliance:
        assert names(appliance) == {"00": "test-variant"}
        appliance.change_settings(appliance.settings.changed("pin-attack-limit", "7"))
        appliance.load_lmks({"03": live_lmk("03", "aes-block")}, {"03": live_lmk("03", "variant")}, {})
        granted = Authority().granting(parse_activities("pin"), "03", appliance.clock.monotonic(), limited=False)
        timed = granted.granting(parse_activities("admin:10"), "03", appliance.clock.monotonic(), limited=False)
        appliance.authorise(timed)
        appliance.move(Position.OFFLINE)
        before = appliance.state
    with running(base) as appliance:
        after = appliance.state
        assert after.settings == before.settings
        assert after.lmks["03"].material() == before.lmks["03"].material()
        assert after.old_lmks["03"].check_value == before.old_lmks["03"].check_value
        assert after.position is Position.OFFLINE
        assert [str(grant.activity) for grant in after.authority.grants] == ["pin"]
        assert appliance.reboots == 1


def test_an_appliance_without_lmks_stays_without(base: Config) -> None:
    with running(base) as appliance:
        appliance.load_lmks({}, {})
    with running(base) as appliance:
        assert names(appliance) == {}
    with running(replace(base, lmks=lmk("02=test-aes-block"))) as appliance:
        assert names(appliance) == {"02": "test-aes-block"}
    with running(base) as appliance:
        assert names(appliance) == {"02": "test-aes-block"}
    with running(replace(base, lmks=lmk("00=test-variant"), old_lmks=lmk("00=test-3des-block"))) as appliance:
        assert names(appliance) == {"00": "test-variant", "02": "test-aes-block"}
    with running(base) as appliance:
        assert names(appliance) == {"00": "test-variant", "02": "test-aes-block"}
        assert appliance.old_lmks["00"].name == "test-3des-block"


def test_the_first_start_makes_the_settings_and_later_ones_keep_them(
    base: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(replace(base, profile="hardened", settings=setting("pin-attack-limit", "5"))) as first:
        wanted = first.settings
    with running(base) as again:
        assert again.settings == wanted
    with running(replace(base, profile="hardened", settings=setting("pin-attack-limit", "5"))) as again:
        assert again.settings == wanted
        again.change_settings(again.settings.changed("fraud-detection", "no"))
    with running(replace(base, profile="hardened")) as again:
        # The profile is the stored one, so it takes nothing back that was typed at the console.
        assert again.settings == wanted.changed("fraud-detection", "no")
    assert capsys.readouterr().err == ""


def test_a_setting_typed_over_is_told_and_kept(base: Config, capsys: pytest.CaptureFixture[str]) -> None:
    with running(base):
        pass
    with running(replace(base, settings=setting("pin-attack-limit", "5"))) as appliance:
        assert names(appliance)
    assert capsys.readouterr().err == "WARNING: settings changed from what the state directory held: pin-attack-limit\n"
    with running(base) as appliance:
        assert appliance.settings.pin_attack_limit == 5


def test_what_endangers_keys_erases_lmks_and_shouts(base: Config, capsys: pytest.CaptureFixture[str]) -> None:
    with running(base):
        pass
    with running(replace(base, profile="hardened")) as appliance:
        assert names(appliance) == {}
    assert "fraud-detection" in (told := capsys.readouterr().err)
    assert "ALL LMKs WERE ERASED" in told
    with running(replace(base, profile="hardened")) as appliance:
        assert names(appliance) == {}
    with running(replace(base, profile="legacy", lmks=lmk("00=test-variant"))) as appliance:
        # Loaded after the change, as somebody would do by hand.
        assert names(appliance) == {"00": "test-variant"}


def test_a_refused_start_changes_nothing(base: Config) -> None:
    with running(base) as appliance:
        before = appliance.settings
    for wrong in ("01=missing", "00=test-none"):
        with pytest.raises(ConfigError):
            found(replace(base, profile="hardened", lmks=lmk(wrong)), Counters(1, counter_names))
    with running(base) as appliance:
        assert names(appliance) == {"00": "test-variant"}
        assert appliance.settings == before


def test_what_is_authorised_on_the_command_line_ends_with_the_process(base: Config) -> None:
    with running(replace(base, authorise=("export",))) as appliance:
        appliance.authorise(appliance.authority.granting(parse_activities("pin"), "00", 0.0, limited=False))
        assert len(appliance.authority.grants) == 2
    with running(base) as appliance:
        assert [str(grant.activity) for grant in appliance.authority.grants] == ["pin"]


@pytest.mark.parametrize("how", ["passphrase-file", "key-file", "environment"])
def test_the_vault_is_opened(base: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    file = tmp_path / "opens"
    config = base
    if how == "environment":
        monkeypatch.setenv("HSM_PASSPHRASE", PHRASE)
    elif how == "key-file":
        new_key_file(file)
        config = replace(base, key_file=str(file))
    else:
        file.write_text(PHRASE + "\n")
        file.chmod(0o600)
        config = replace(base, passphrase_file=str(file))
    with running(config) as appliance:
        appliance.load_lmks({"00": live_lmk("00", "variant")}, {})
    with running(config) as appliance:
        assert names(appliance) == {"00": "live variant"}
    monkeypatch.delenv("HSM_PASSPHRASE", raising=False)
    with pytest.raises(ConfigError, match="the vault is closed: give a passphrase"):
        found(base, Counters(1, counter_names))
    monkeypatch.setenv("HSM_PASSPHRASE", "another passphrase")
    with pytest.raises(ConfigError, match="the passphrase is wrong"):
        found(base, Counters(1, counter_names))


def test_without_a_passphrase_a_live_lmk_is_not_loaded(base: Config) -> None:
    with running(base) as appliance:
        before = appliance.state
        with pytest.raises(StorageError, match="the vault is closed"):
            appliance.load_lmks({"00": live_lmk("00", "variant")}, {})
        assert appliance.state is before


def test_lmks_of_the_vault_are_loaded_by_name(base: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSM_PASSPHRASE", PHRASE)
    assert base.state_dir is not None
    database = Database(Path(base.state_dir))
    made = live_lmk("00", "aes-block")
    Vault(database, PHRASE.encode(), make=True).add(LmkLabel("spare", "aes-block", made.check_value), made.material())
    database.close()
    with running(replace(base, lmks=lmk("05=spare"))) as appliance:
        assert appliance.lmks["05"].check_value == made.check_value
    with running(base) as appliance:
        assert names(appliance) == {"05": "spare"}
    monkeypatch.delenv("HSM_PASSPHRASE")
    with pytest.raises(ConfigError, match=r"LMK 05.*the vault is closed"):
        found(replace(base, state_dir=base.state_dir + "2", lmks=lmk("05=spare")), Counters(1, counter_names))


def test_test_and_live_lmks_are_not_mixed(base: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSM_PASSPHRASE", PHRASE)
    with running(base) as appliance:
        appliance.load_lmks({"00": live_lmk("00", "aes-block")}, {})
    for wanted in (replace(base, lmks=lmk("01=test-variant")), replace(base, old_lmks=lmk("00=test-variant"))):
        with pytest.raises(ConfigError, match="test keys or live ones, not both"):
            found(wanted, Counters(1, counter_names))
    with running(replace(base, lmks=lmk("01=test-variant"), settings=setting("test-and-live-lmks", "yes"))) as both:
        assert len(both.lmks) == 2
    with running(replace(base, state_dir=None)) as appliance:
        assert names(appliance) == {"00": "test-variant"}


def test_a_tampered_appliance_stays_so(
    base: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HSM_PASSPHRASE", PHRASE)
    with running(base) as appliance:
        appliance.load_lmks({"00": live_lmk("00", "variant")}, {})
        appliance.tamper(TamperCause.SIGNAL)
    with running(replace(base, lmks=lmk("00=test-variant"))) as appliance:
        assert appliance.state.tampered == "signal"
        assert names(appliance) == {}
    assert "no key is loaded: the appliance was tampered with (signal)" in capsys.readouterr().err


def test_cards_outlive_the_process_but_not_a_tamper_event(base: Config) -> None:
    keeping = Keeping(base)
    card = keeping.rack.issue("ALICE", Role.OFFICER, "12345")
    keeping.rack.write(card.serial, "12345", b"what was written")
    keeping.close()
    household = found(base, Counters(1, counter_names))
    household.close()
    keeping = Keeping(base)
    assert keeping.rack.read(card.serial, "12345") == b"what was written"
    state, _ = keeping.state(base)
    keeping.keeper.keep(state, replace(state, lmks={}, tampered="lid opened"))
    assert keeping.rack.cards() == ()
    new = keeping.rack.issue("BOB", Role.OFFICER, "54321")
    assert keeping.rack.read(new.serial, "54321") == b""
    keeping.close()
    keeping = Keeping(base)
    assert keeping.rack.read(new.serial, "54321") == b""
    keeping.close()


def test_a_state_directory_has_one_owner(base: Config) -> None:
    with running(base), pytest.raises(ConfigError, match=r"another process .* is using it"):
        found(base, Counters(1, counter_names))
    with running(base):
        pass


def test_a_failed_start_lets_go_of_everything(base: Config) -> None:
    with pytest.raises(ConfigError, match="the name of a setting"):
        found(replace(base, settings=setting("no-such", "yes")), Counters(1, counter_names))
    with running(base) as appliance:
        assert names(appliance) == {"00": "test-variant"}


FRAUD = (Setting("fraud-detection", "yes", "test"), Setting("pin-attack-limit", "1", "test"))


def test_a_fraud_stop_outlives_the_process(base: Config) -> None:
    config = replace(base, settings=FRAUD)
    household = found(config, Counters(1, counter_names))
    appliance = appliance_of(household)
    appliance.fraud.attacked()
    household.flush()
    # Not closed: killed, as it were.  The stop was kept before the reply left.
    database = Database(Path(str(config.state_dir)))
    assert database.read("SELECT name, value FROM device WHERE name LIKE 'fraud%' ORDER BY name") == [
        ("fraud-attacks", 1),
        ("fraud-stopped", 2),
    ]
    database.close()
    household.close()
    household = found(config, Counters(1, counter_names))
    appliance = appliance_of(household)
    assert appliance.fraud.counts.stopped_by_attacks
    appliance.fraud.enable_again()
    household.settle()
    household.close()
    with running(config) as again:
        assert not again.fraud.counts.stopped


def test_a_stop_in_a_worker_reaches_the_disk_with_its_audit_entry_or_within_the_second(base: Config) -> None:
    shared = shared_file(2, counter_names)
    config = replace(base, settings=FRAUD)
    owner = found(config, Counters(2, counter_names, row=0, descriptor=shared))
    worker = adopt(Counters(2, counter_names, row=1, descriptor=shared))
    worker.restore(owner.snapshot())
    appliance_of(worker).fraud.attacked()
    owner.settle()
    owner.close()
    with running(config) as again:
        assert again.fraud.counts.stopped


def test_a_full_disk_stops_no_verification(base: Config) -> None:
    config = replace(base, settings=FRAUD)
    household = found(config, Counters(1, counter_names))
    database = Database(Path(str(config.state_dir)))
    with database.transaction() as change:
        change.execute("CREATE TRIGGER full BEFORE INSERT ON device BEGIN SELECT RAISE(ABORT, 'full'); END")
    appliance_of(household).fraud.attacked()
    household.flush()
    with pytest.raises(StorageError, match="full"):
        household.settle()
    with database.transaction() as change:
        change.execute("DROP TRIGGER full")
    database.close()
    household.settle()
    household.close()
    with running(config) as again:
        assert again.fraud.counts.stopped


def test_a_restore_is_in_the_audit_log_once(base: Config, tmp_path: Path) -> None:
    with running(base):
        pass
    assert base.state_dir is not None
    backup(Path(base.state_dir), tmp_path / "backup")
    again = replace(base, state_dir=str(tmp_path / "again"))
    restore(tmp_path / "backup", tmp_path / "again")
    for _ in range(2):
        with running(again) as appliance:
            assert names(appliance) == {"00": "test-variant"}
    logs = b"".join(path.read_bytes() for path in (tmp_path / "again").glob("audit*"))
    assert logs.count(b'"RESTORE"') == 1


def test_a_damaged_record_refuses_the_start_by_name(base: Config) -> None:
    with running(base):
        pass
    path = Path(str(base.state_dir)) / "hsm.db"
    path.write_bytes(path.read_bytes().replace(b"fraud-detectionno", b"fraud-detectionyo"))
    with pytest.raises(ConfigError, match="the record setting 'fraud-detection' is damaged; restore it from a backup"):
        found(base, Counters(1, counter_names))
    # Nothing is held: it can be restored and started at once.
    path.write_bytes(path.read_bytes().replace(b"fraud-detectionyo", b"fraud-detectionno"))
    with running(base):
        pass


def test_an_unchanged_lmk_is_not_sealed_again(base: Config) -> None:
    with running(base):
        pass
    with running(replace(base, lmks=lmk("00=test-variant"))) as appliance:
        assert appliance.version == 2  # made, and authorised; nothing was loaded
        assert appliance.lmks["00"].check_value == published_lmk("test-variant", "00").check_value
