"""While the audit log can't be written, what it must tell of is refused undone, and PINs are still verified."""

from __future__ import annotations

import pytest
from support.appliances import Speaker, make_speaker
from support.pins import ACCOUNT, PVK_PAIR, TPK, TPK_BLOCK_1234

from hsm.policy.auditing import AuditOptions, Category

VERIFY = f"DC{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}1"
PVV, WRONG_PVV = "4402", "0000"


@pytest.fixture
def one() -> Speaker:
    made = make_speaker()
    made.appliance.audit.set_writable(False)
    return made


def test_what_must_be_entered_is_not_executed(one: Speaker) -> None:
    assert one("A00001U") == "A141"
    assert one("LAK00101" + "0" * 16) == "LB41"
    assert one("RA") == "RB41"
    assert one.appliance.authority.grants, "nothing was cancelled"
    assert one.entries == ()
    one.appliance.audit.set_writable(True)
    assert one("LEK00101") == "LF12"


def test_pins_are_verified_but_a_refusal_that_cannot_be_shown_is_not_told(one: Speaker) -> None:
    assert one(VERIFY + PVV) == "DD00"
    assert one(VERIFY + WRONG_PVV) == "DD41"
    assert one("NC")[:4] == "ND00"
    assert one("ZZ") == "Z[41"
    one.appliance.change_audit_options(AuditOptions(frozenset({Category.KEY}), refusals=False))
    assert one(VERIFY + WRONG_PVV) == "DD01"


def test_state_is_not_changed_even_when_such_commands_are_not_entered(one: Speaker) -> None:
    one.appliance.change_audit_options(AuditOptions(frozenset(), refusals=False))
    assert one("LAK00101" + "0" * 16) == "LB41"
    assert one("RA") == "RB41"
    assert one("A00001U")[:4] == "A100"


def test_it_recovers(one: Speaker) -> None:
    assert one("A00001U") == "A141"
    one.appliance.audit.set_writable(True)
    assert one("A00001U")[:4] == "A100"
    assert [(each.command, each.outcome) for each in one.entries] == [("A0", "00")]
