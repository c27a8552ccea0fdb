"""VR, DT, GETTIME, SETTIME, HEALTHSTATS, UTILSTATS."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.appliances import make_speaker
from support.officers import NOON, HandClock
from support.playbook import Operator

from hsm.crypto import selftest
from hsm.policy.position import Position


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def operator(clock: HandClock) -> Operator:
    return Operator(make_speaker(clock=clock), Position.OFFLINE)


def test_vr_tells_what_is_on_board(operator: Operator) -> None:
    shown = operator.types("VR")
    assert "Firmware: 0001-0900\nSerial number: Z00000000001\n" in shown
    assert "PCI HSM: key type 002 is not separated" in shown
    assert f"Host commands: {len(operator.desk.host_commands)}\n" in shown
    assert "LMK kinds: variant, 3des-block, aes-block" in shown


def test_dt_tells_each_test(operator: Operator) -> None:
    shown = operator.types("DT")
    assert shown.count(" passed\n") == len(selftest.KNOWN_ANSWERS) + 1
    assert shown.endswith("All tests passed.\nOffline-AUTH> ")
    assert "SP 800-67" not in shown
    assert "passed  (NIST SP 800-67, appendix B)" in operator.types("DT verbose")
    assert "DT takes VERBOSE or nothing." in operator.types("DT LOUD")


def test_an_appliance_that_fails_its_self_test_executes_nothing(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.types("ONLINE")
    assert operator.speaker("NC").startswith("ND00")
    monkeypatch.setattr("hsm.console.status.self_test", lambda random: selftest.self_test(lambda count: bytes(count)))
    shown = operator.types("DT")
    assert "Random source       FAILED\n" in shown
    assert "FAILED: Random source.  Nothing more is executed." in shown
    for request in ("NC", "A00000U", "N0016", "JK", "GM0600005hello"):
        assert operator.speaker(request)[2:] == "41", request
    assert "Something is broken" in operator.types("HEALTHSTATS")
    assert "SELFTEST     41" in operator.types("ERRLOG")
    assert "The self-test failed (Random source): start the appliance again." in operator.types("ONLINE")


def test_the_time_is_told(operator: Operator, clock: HandClock) -> None:
    assert operator.types("GETTIME") == "2026-03-01 12:00:00 UTC\nOffline-AUTH> "
    clock.seconds = 61
    assert "2026-03-01 12:01:01 UTC" in operator.types("GETTIME")


def test_the_time_is_set_when_authorised(operator: Operator, clock: HandClock) -> None:
    shown = operator.types("SETTIME", "2026-02-28 23:59:58", "Y")
    assert shown.endswith("2026-02-28 23:59:58 UTC\nOffline-AUTH> ")
    clock.seconds = 2
    assert "2026-03-01 00:00:00 UTC" in operator.types("GETTIME")
    assert operator.appliance.state.clock_offset_seconds == -43_202
    assert "Nothing is changed." in operator.types("SETTIME 2027-01-01 00:00:00", "N")
    unauthorised = Operator(make_speaker(authorise=""), Position.OFFLINE)
    assert "needs the authorised state" in unauthorised.types("SETTIME 2027-01-01 00:00:00")
    assert "needs the offline or secure state" in Operator(position=Position.ONLINE).types("SETTIME")


@pytest.mark.parametrize(
    "typed",
    [
        "now",
        "2026-02-29 00:00:00",
        "2026-1-1 1:1:1",
        "1999-12-31 23:59:59",
        "2100-01-01 00:00:00",
        "²026-01-01 00:00:00",
    ],
)
def test_times_that_are_none(operator: Operator, typed: str) -> None:
    assert "Expected a date and time" in operator.types(f"SETTIME {typed}")
    assert "Expected a date and time" in operator.types("SETTIME", typed)
    assert operator.appliance.clock.now() == NOON


def test_setting_the_clock_back_reorders_nothing_and_prolongs_nothing(operator: Operator, clock: HandClock) -> None:
    """Entries are in the order of their numbers; authorities, fraud limits and spans run by another clock."""
    grants = operator.appliance.authority.grants
    clock.seconds = 100
    operator.types("GETTIME", "SETTIME 2026-01-01 00:00:00", "Y", "GETTIME")
    sequences = [entry.sequence for entry in operator.speaker.entries]
    assert sequences == sorted(set(sequences))
    times = [entry.time for entry in operator.speaker.entries]
    assert times[-1] < times[0]
    assert operator.types("AUDITLOG").splitlines()[0].split()[3] == "GETTIME"
    assert operator.appliance.authority.grants == grants
    clock.seconds = 160
    assert operator.appliance.clock.now() - operator.appliance.started == timedelta(seconds=160)
    assert ", 160 seconds" in operator.types("HEALTHSTATS")


def test_health_is_what_hosts_read(operator: Operator) -> None:
    operator.appliance.reboots = 3
    operator.appliance.fraud.attacked()
    shown = operator.types("HEALTHSTATS")
    assert "Starts before this one: 3\nTamper events: 0\n" in shown
    assert "Signs of a PIN attack: 0\nPIN verification: enabled\nTampered: no\nLMKs: 1; old: 0; new: 0\n" in shown
    assert "  00 test 3DES, two keys, 11 activities authorised\n" in shown
    for name, text in (("fraud-detection", "yes"), ("pin-attack-limit", "1")):
        operator.appliance.change_settings(operator.appliance.settings.changed(name, text))
    operator.appliance.fraud.attacked()
    assert "Signs of a PIN attack: 1\nPIN verification: STOPPED\n" in operator.types("HEALTHSTATS")


def test_load_and_volumes_are_what_hosts_read(operator: Operator, clock: HandClock) -> None:
    operator.types("ONLINE")
    for _ in range(3):
        operator.speaker("NC")
    clock.seconds = 7
    shown = operator.types("UTILSTATS")
    assert "7 seconds\nLoad\n    0- 10%: 7 seconds\n" in shown
    assert "Commands\n  NC: 3\nOnline-AUTH> " in shown
    assert operator.speaker("J4").endswith("NC000000000003")
