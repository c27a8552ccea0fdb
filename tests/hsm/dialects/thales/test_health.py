"""J2, J4, J8, JK: fields at the places that payshield-pressure-test reads, numbers that are counts of something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from support.appliances import Speaker

from hsm.audit.load import LoadMeter
from hsm.dialects.thales.session import ThalesSession

Desk = Callable[..., Speaker]
LEAD = "Z00000000001" + "240229235958" + "240301000003" + "240301000003"


class Fixed:
    """An appliance that started at one moment and is asked at another."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def monotonic(self) -> float:
        return float(self.seconds)

    def now(self) -> datetime:
        return datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def speak(desk: Desk) -> Speaker:
    made = desk()
    made.appliance.clock = Fixed(5)
    made.appliance.started = Fixed(0).now()
    return made


def test_the_lead_of_accumulated_counts(speak: Speaker) -> None:
    assert speak("J2").startswith("J300" + LEAD + "0000000005")
    assert speak("J4").startswith("J500" + LEAD + "0000000005")
    assert speak("J8").startswith("J900" + LEAD)


def test_loads_are_seconds_by_tenths(speak: Speaker) -> None:
    hands = 100.0
    speak.appliance.load = meter = LoadMeter(seconds=lambda: hands)
    meter.spent(100.25, 100.5)
    meter.spent(101.0, 102.0)
    hands = 105.0
    body = speak("J2")[len("J300" + LEAD) + 10 :]
    records = [body[at : at + 17] for at in range(0, len(body), 17)]
    assert [(each[:3], each[3:6], each[16]) for each in records] == [
        (f"{low:03d}", f"{low + 10:03d}", "\x14") for low in range(0, 100, 10)
    ]
    assert [int(each[6:16]) for each in records] == [3, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_a_turn_of_a_session_feeds_the_meter(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    speak = desk()
    spans: list[tuple[float, float]] = []
    monkeypatch.setattr(speak.appliance.load, "spent", lambda began, ended, count: spans.append((began, ended)))
    session = ThalesSession(speak.dispatcher, 0)
    session.feed(b"\x00\x02NC\x00\x02QQ")
    session.work(9)
    assert len(spans) == 1
    assert spans[0][0] < spans[0][1]


def test_volumes_are_the_commands_executed(speak: Speaker) -> None:
    for request in ("NC", "NC", "N0000", "QQ", "J4"):
        speak(request)
    body = speak("J4")[len("J500" + LEAD) + 10 :]
    assert body == "J4000000000001" + "N0000000000001" + "NC000000000002"


def test_health_counts_are_starts_and_fraud_limits(desk: Desk) -> None:
    limits = {"fraud-detection": "yes", "pin-verifies-per-minute": "2", "pin-verifies-per-hour": "1000"}
    speak = desk(limits)
    speak.appliance.reboots = 12
    counts = "{:010d}{:010d}{:07d}{:05d}{:08d}"
    assert speak("J8")[-40:] == counts.format(12, 0, 0, 0, 0)
    for _ in range(2):
        speak.appliance.fraud.failed()
    for _ in range(3):
        speak.appliance.fraud.attacked()
    assert speak("J8")[-40:] == counts.format(12, 0, 1, 0, 3)
    assert speak("JK")[-2:] == "10"


def test_attacks_past_their_limit_are_told(desk: Desk) -> None:
    speak = desk({"fraud-detection": "yes", "pin-attack-limit": "1"})
    assert speak("JK")[-2:] == "00"
    speak.appliance.fraud.attacked()
    assert speak("JK")[-2:] == "01"


def test_numbers_that_do_not_fit_are_told_as_the_largest(speak: Speaker) -> None:
    speak.appliance.reboots = 10**12
    assert speak("J8")[-40:-30] == "9999999999"
    speak.appliance.audit.volumes.add("NC", 10**13)
    assert "NC999999999999" in speak("J4")


def test_health_tells_lmks_and_interfaces(desk: Desk) -> None:
    speak = desk(
        lmks=("00=test-variant", "01=test-3des-block", "02=test-aes-block"),
        old_lmks=("00=test-variant",),
        authorise="export.001,pin",
    )
    speak.appliance.clock = Fixed(5)
    lmks = "00102V0Ttest-variant\x14" + "01102K1Ttest-3des-block\x14" + "02102K2Ttest-aes-block\x14\x15"
    assert speak("JK") == "JL00" + "Z00000000001" + "240301000003" + "2213" + "00" + "1" + "030301" + lmks + "00"
    assert speak("RA%01") == "RB00"
    assert "01000K1T" in speak("JK")


def test_health_without_lmks(desk: Desk) -> None:
    speak = desk()
    speak.appliance.load_lmks({}, {})
    assert speak("JK")[-9:] == "000000\x1500"


@pytest.mark.parametrize("code", ["J2", "J4", "J8", "JK"])
def test_nothing_may_follow(speak: Speaker, code: str) -> None:
    answer = chr(ord(code[1]) + 1)
    assert speak(code + "0") == code[0] + answer + "15"
    assert speak(code + "\x19end").endswith("\x19end")
