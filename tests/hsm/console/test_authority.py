"""A and C: what two officers authorise, until when, and how it ends."""

from __future__ import annotations

from math import inf

import pytest
from support.appliances import Speaker, make_speaker
from support.officers import HandClock, outcomes, two_officers
from support.playbook import Operator

from hsm.policy.authority import GRANTS_MAX, Activity, Authority, Grant
from hsm.policy.position import Position

MANY = {"multiple-authorised-activities": "yes", "authorisation-time-limit": "yes"}


def speaker(settings: dict[str, str] | None = None, clock: HandClock | None = None) -> Speaker:
    return make_speaker(
        settings or MANY, lmks=("00=test-variant", "01=test-aes-block"), authorise="", clock=clock or HandClock()
    )


@pytest.fixture
def operator() -> Operator:
    return Operator(speaker(), Position.ONLINE)


def test_two_officers_authorise_what_they_name(operator: Operator) -> None:
    shown = operator.types("A", *two_officers(operator), "01", "exp.001.host:30, gen gener misprint pin.clear.h")
    assert shown.endswith(
        "Not understood: category 'gen' may be generate or genprint\n"
        "Not understood: category 'misprint' is none of generate, component, genprint, import, export, pin, audit, "
        "admin, diag, misc, command\n"
        "AUTHORIZED\n"
        "  export.001.host under LMK 01, until 2026-03-01 12:30:00 UTC\n"
        "  generate under LMK 01, until 2026-03-02 00:00:00 UTC\n"
        "  pin.clear.host under LMK 01, until 2026-03-02 00:00:00 UTC\n"
        "Online-AUTH> "
    )
    permits = operator.appliance.gate.permits
    assert permits("export.001", "01")
    assert not permits("export.001", "00")
    assert not permits("export.002", "01")


def test_activities_may_follow_the_name(operator: Operator) -> None:
    shown = operator.types("A export.001:5 admin", *two_officers(operator), "")
    assert "Activities" not in shown
    assert "export.001 under LMK 00" in shown
    assert "admin under LMK 00" in shown


def test_nothing_understood_authorises_nothing(operator: Operator) -> None:
    shown = operator.types("A", *two_officers(operator), "", "nonsense export.1.2.3 export:721")
    assert shown.count("Not understood") == 3
    assert shown.endswith("NOT AUTHORIZED: no activities are authorised.\nOnline> ")


def test_naming_nothing_gives_up(operator: Operator) -> None:
    assert "Nothing was named" in operator.types("A", *two_officers(operator), "", " ")
    assert outcomes(operator) == [("A", "NO")]


def test_s22_off_authorises_everything_at_once() -> None:
    operator = Operator(speaker({"multiple-authorised-activities": "no"}), Position.ONLINE)
    shown = operator.types("A export", *two_officers(operator), "00")
    assert "Activities can't be chosen" in shown
    assert "  import under LMK 00, until cancelled\n" in shown
    assert shown.count(" under LMK 00, until cancelled") == 11
    assert operator.types("C").endswith("NOT AUTHORIZED: no activities are authorised.\nOnline> ")


def test_s19_limits_how_long() -> None:
    for limited, ends in (("yes", "until 2026-03-02 00:00:00 UTC"), ("no", "until cancelled")):
        operator = Operator(speaker(MANY | {"authorisation-time-limit": limited}), Position.ONLINE)
        assert f"export under LMK 00, {ends}" in operator.types("A export", *two_officers(operator), "")


def test_it_ends_when_its_time_has_come() -> None:
    clock = HandClock()
    operator = Operator(speaker(clock=clock), Position.ONLINE)
    operator.types("A generate:1", *two_officers(operator), "00")
    assert operator.speaker("A00000U").startswith("A100")
    clock.seconds = 59.9
    assert operator.speaker("A00000U").startswith("A100")
    clock.seconds = 60.0
    assert operator.types("") == "Online> "
    assert operator.types("C").startswith("NOT AUTHORIZED")


def test_console_and_host_pass_the_same_gate() -> None:
    """What is authorised for one interface is not for the other."""
    operator = Operator(speaker(), Position.OFFLINE)
    officers = two_officers(operator)
    operator.types("A admin.host", *officers, "00")
    assert "needs the authorised state" in operator.types("SETTIME")
    operator.types("A admin.console", *officers, "00")
    assert "New time" in operator.types("SETTIME")


def test_authorisation_takes_two_people(operator: Operator) -> None:
    alice, alices_pin, *_ = two_officers(operator)
    assert "ALICE has been here already" in operator.types("A export", alice, alices_pin, alice)
    assert not operator.appliance.authority.grants


def test_without_officers_nobody_authorises(operator: Operator) -> None:
    assert "There is no card" in operator.types("A export", "12345678")


def test_an_lmk_that_is_not_loaded(operator: Operator) -> None:
    assert "No LMK 07 is loaded." in operator.types("A export", *two_officers(operator), "07")


def test_cancelling_activity_by_activity(operator: Operator) -> None:
    operator.types("A export import pin", *two_officers(operator), "00")
    assert operator.types("C") == "Cancel export under LMK 00? [Y/N] [N]: "
    assert operator.types("Y") == "Cancel import under LMK 00? [Y/N] [N]: "
    shown = operator.types("", "y")
    assert shown.endswith("AUTHORIZED\n  import under LMK 00, until 2026-03-02 00:00:00 UTC\nOnline-AUTH> ")
    assert operator.types("C ALL").startswith("NOT AUTHORIZED")
    assert "C cancels activity by activity" in operator.types("C NONSENSE")


def test_a_host_that_cancels_meanwhile_wins(operator: Operator) -> None:
    operator.types("A export import", *two_officers(operator), "00", "C", "N")
    assert operator.speaker("RA") == "RB00"
    assert operator.types("N").startswith("NOT AUTHORIZED")


def test_too_many_activities(operator: Operator) -> None:
    """Each line is bounded, so that the record fills over several of them, and never past its bound."""
    officers = two_officers(operator)
    grants = tuple(Grant(Activity("export", f"{at:04d}"), "00", inf) for at in range(GRANTS_MAX - 1))
    operator.appliance.authorise(Authority(grants))
    assert "no more than 1000 activities" in operator.types("A", *officers, "00", "import pin")
    assert len(operator.appliance.authority.grants) == GRANTS_MAX - 1


def test_a_tampered_appliance_authorises_nothing(operator: Operator) -> None:
    officers = two_officers(operator)
    operator.types("A", *officers, "00")
    second = Operator(operator.speaker, Position.ONLINE)
    second.types("TAMPER", "TAMPER")
    assert "A tamper event destroyed the LMKs" in operator.types("export")
    assert not operator.appliance.authority.grants
