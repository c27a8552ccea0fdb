"""Which Domain Master Key a start finds: the one that rests, else the one that is named, else none by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from psec import des
from support.resting import live_domain, live_lmk

from hsm.appliance import Appliance
from hsm.server.config import Config, ConfigError, Setting, stored_key_given
from hsm.server.counters import Counters
from hsm.server.founding import counter_names, found
from hsm.server.ports import Listener
from hsm.state import TamperCause

ERACOM = Listener("eracom", 0, dialect="eracom")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    monkeypatch.setenv("HSM_PASSPHRASE", "correct horse battery")


@pytest.fixture
def base(tmp_path: Path) -> Config:
    return Config(state_dir=str(tmp_path / "state"), listeners=(ERACOM,))


@contextmanager
def running(config: Config) -> Iterator[Appliance]:
    household = found(config, Counters(1, counter_names))
    try:
        yield household._appliance
    finally:
        household.close()


def key(text: str) -> Config:
    place, _, digits = text.partition("=")
    given = stored_key_given(place, digits, "command line")
    assert given is not None
    return Config(stored_keys=(given,))


def kvc(digits: str) -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(digits), bytes(8))[:3].hex().upper()


def km_of(appliance: Appliance) -> str | None:
    return None if appliance.state.domain is None else appliance.state.domain.km.name


def test_the_published_km_is_the_first_one_only(base: Config, capsys: pytest.CaptureFixture[str]) -> None:
    with running(base) as appliance:
        assert km_of(appliance) == "test-2266"
        appliance.load_domain(None)
    assert "Domain Master Key" not in capsys.readouterr().err
    with running(base) as appliance:
        assert km_of(appliance) is None
    assert "no Domain Master Key is loaded" in capsys.readouterr().err
    with running(replace(base, km="test-33")) as appliance:
        assert km_of(appliance) == "test-33"
    with running(base) as appliance:
        assert km_of(appliance) == "test-33"
    with running(replace(base, listeners=(Listener("thales", 0),))) as appliance:
        assert km_of(appliance) == "test-33"


def test_a_thales_appliance_has_none(base: Config) -> None:
    with running(replace(base, listeners=(Listener("thales", 0),))) as appliance:
        assert km_of(appliance) is None


def test_a_km_that_rests_is_not_replaced(base: Config) -> None:
    with running(base):
        pass
    with pytest.raises(ConfigError, match="deleted first"):
        found(replace(base, km="test-33"), Counters(1, counter_names))
    with pytest.raises(ConfigError, match="one of test-2266, test-33"):
        found(replace(base, km="mine"), Counters(1, counter_names))


def test_stored_keys_are_typed_over_and_kept(base: Config) -> None:
    first, second = (key(f"01:{index}={digit * 32}").stored_keys for index, digit in ((1, "1"), (2, "2")))
    with running(replace(base, stored_keys=first)):
        pass
    with running(replace(base, stored_keys=second)) as appliance:
        assert appliance.state.domain is not None
        assert set(appliance.state.domain.stored) == {("01", 1), ("01", 2)}
    again = key(f"01:1={'3' * 32}").stored_keys
    with running(replace(base, stored_keys=again)) as appliance:
        assert appliance.state.domain is not None
        assert appliance.state.domain.stored["01", 1].check_value.hex().upper() == kvc("3" * 32)
        assert len(appliance.state.domain.stored) == 2


def test_clear_keys_go_under_a_test_km_alone(base: Config) -> None:
    with running(base) as appliance:
        appliance.load_lmks({"00": live_lmk("00", "aes-block")}, {})
        appliance.load_domain(live_domain(1))
    with pytest.raises(ConfigError, match="a test KM"):
        found(replace(base, stored_keys=key(f"01:1={'1' * 32}").stored_keys), Counters(1, counter_names))


def test_a_test_km_and_live_lmks_are_not_together(base: Config) -> None:
    with running(base) as appliance:
        appliance.load_domain(None)
        appliance.load_lmks({"00": live_lmk("00", "aes-block")}, {})
    with pytest.raises(ConfigError, match="test keys or live ones, not both"):
        found(replace(base, km="test-33"), Counters(1, counter_names))
    both = (Setting("test-and-live-lmks", "yes", "command line"),)
    with running(replace(base, km="test-33", settings=both)) as appliance:
        assert km_of(appliance) == "test-33"


def test_a_tamper_event_takes_it(base: Config, capsys: pytest.CaptureFixture[str]) -> None:
    with running(base) as appliance:
        appliance.tamper(TamperCause.SIGNAL)
    with running(replace(base, km="test-33")) as appliance:
        assert km_of(appliance) is None
    assert "no key is loaded: the appliance was tampered with" in capsys.readouterr().err
