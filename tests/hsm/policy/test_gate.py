"""The gate refuses switched-off commands, what is not authorised, clear PINs and other ports' LMKs."""

from __future__ import annotations

import pytest

from hsm.policy.authority import Authority, Interface, parse_activities
from hsm.policy.choices import Profile
from hsm.policy.gate import Gate
from hsm.policy.settings import Settings
from hsm.ports import SystemClock
from hsm.refusal import CommandDisabled, LmkIdsIncompatible, NotAuthorised

LEGACY, HARDENED = Settings.of(Profile.LEGACY), Settings.of(Profile.HARDENED)


def gate(settings: Settings, *authorised: str) -> Gate:
    clock = SystemClock()
    authority = Authority()
    for text in authorised:
        authority = authority.granting(parse_activities(text), "00", clock.monotonic(), limited=True)
    return Gate(settings, authority, clock)


def test_disabled_commands() -> None:
    gate(LEGACY).admit("QK")
    gate(HARDENED).admit("CA")
    for settings, code in (
        (HARDENED, "QK"),
        (HARDENED, "BQ"),
        (LEGACY.changed("enabled-commands", "-CA"), "CA"),
        (LEGACY.changed("enabled-commands", "CC"), "CA"),
        (LEGACY.changed("enabled-commands", "none"), "NC"),
        (LEGACY.changed("account-translation", "no").changed("enabled-commands", "QK"), "QK"),
    ):
        with pytest.raises(CommandDisabled):
            gate(settings).admit(code)
    gate(LEGACY.changed("enabled-commands", "CC")).admit("CC")


def test_activities() -> None:
    gate(LEGACY, "export.001").authorise("export.001", "00")
    assert gate(LEGACY, "export.001").permits("export.001", "00")
    assert not gate(LEGACY, "export.001").permits("export.001", "01")
    with pytest.raises(NotAuthorised):
        gate(LEGACY).authorise("export.001", "00")
    with pytest.raises(NotAuthorised):
        gate(LEGACY, "export.001.host").authorise("export.001", "00", Interface.CONSOLE)


def test_clear_pins_need_the_setting_and_authority() -> None:
    gate(LEGACY, "pin.clear").authorise("pin.clear", "00")
    gate(HARDENED, "pin").authorise("pin.mailer", "00")
    for refused in (gate(LEGACY), gate(HARDENED, "all")):
        with pytest.raises(NotAuthorised):
            refused.authorise("pin.clear", "00")


def test_a_port_may_be_tied_to_its_lmk() -> None:
    assert gate(LEGACY).lmk(None, "00") == "00"
    assert gate(LEGACY).lmk("01", "00") == "01"
    assert gate(HARDENED).lmk("00", "00") == "00"
    with pytest.raises(LmkIdsIncompatible):
        gate(HARDENED).lmk("01", "00")
