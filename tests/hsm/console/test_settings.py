"""QS, CS, CONFIGCMDS, CONFIGPB, GETCMDS: settings shown, changed together, and LMKs that go when keys are in danger."""

from __future__ import annotations

import pytest
from support.appliances import make_speaker
from support.eracom import make_eracom
from support.officers import two_officers
from support.playbook import Operator

from hsm.policy.position import Position
from hsm.policy.settings import Settings

NAMES = [found.name for found, _ in Settings().listing()]


@pytest.fixture
def operator() -> Operator:
    return Operator(position=Position.OFFLINE)


def test_qs_tells_every_setting_deviations_and_check_values() -> None:
    operator = Operator(make_speaker({"restrict-kcv": "yes", "encrypted-pin-length": "8"}))
    lines = operator.types("QS").splitlines()
    assert lines[0] == "Profile: legacy, but for 2"
    assert [line for line in lines if line.startswith("*")] == [
        "* PIN length [encrypted-pin-length]: 8",
        "* Restrict Key Check Values to 6 hex chars [restrict-kcv]: yes",
    ]
    assert all(any(f"[{name}]: " in line for line in lines) for name in NAMES)
    assert "  LMK 00 check: 2686040000000000" in lines
    assert Operator(make_speaker(profile="hardened")).types("QS").startswith("Profile: hardened\n")


def test_qs_tells_everything_about_one(operator: Operator) -> None:
    shown = operator.types("QS Allow-Single-DES")
    assert "allow-single-des: yes\nEnable Single-DES\n" in shown
    assert "In the profile hardened: no" in shown
    assert "A change erases the LMKs." in shown
    assert "There is no such setting" in operator.types("QS NONSENSE")


def test_cs_changes_one_when_confirmed(operator: Operator) -> None:
    assert operator.types("CS restrict-kcv yes") == "  restrict-kcv: no -> yes\nChange? [Y/N] [N]: "
    assert "Nothing is changed." in operator.types("")
    assert not operator.appliance.settings.restrict_kcv
    operator.types("CS restrict-kcv yes", "Y")
    assert operator.appliance.settings.restrict_kcv
    assert "Nothing is changed." in operator.types("CS restrict-kcv yes")


def test_cs_asks_for_the_value(operator: Operator) -> None:
    assert operator.types("CS pin-attack-limit").endswith("HSM Fraud Detection: PIN attack limit [100]: ")
    assert "Expected a number of attacks from 1 to 999999." in operator.types("0")
    assert "pin-attack-limit: 100 -> 7" in operator.types("7", "Y")
    assert operator.appliance.settings.pin_attack_limit == 7


def test_cs_walks_through_all_and_return_keeps(operator: Operator) -> None:
    before = operator.appliance.settings
    shown = operator.types("CS", *[""] * len(NAMES))
    assert shown.count("]: ") == len(NAMES)
    assert shown.endswith("Nothing is changed.\nOffline-AUTH> ")
    at = NAMES.index("restrict-kcv")
    shown = operator.types("CS", *[""] * at, "yes", "", ".", "Y")
    assert "  restrict-kcv: no -> yes\nChange?" in shown
    assert operator.appliance.settings == before.changed("restrict-kcv", "yes")


def test_what_endangers_keys_erases_them_in_the_secure_state_only(operator: Operator) -> None:
    officers = two_officers(operator)
    assert "needs the secure state.  Nothing is changed." in operator.types("CS allow-single-des no")
    assert operator.appliance.lmks
    operator.types("SECURE", *officers)
    shown = operator.types("CS allow-single-des no", *officers)
    assert shown.endswith("This ERASES ALL LMKs.  Change? [Y/N] [N]: ")
    assert "Nothing is changed." in operator.types("N")
    assert operator.appliance.lmks
    shown = operator.types("CS allow-single-des no", *officers, "Y")
    assert "Changed; all LMKs are erased." in shown
    assert not operator.appliance.settings.allow_single_des
    assert not operator.appliance.lmks
    operator.types("ONLINE")
    assert operator.speaker("NC") == "ND13"


def test_one_officer_does_not_erase_lmks(operator: Operator) -> None:
    alice, pin, *officers = two_officers(operator)
    operator.types("SECURE", alice, pin, *officers)
    assert "ALICE has been here already" in operator.types("CS allow-single-des no", alice, pin, alice)
    assert operator.appliance.lmks


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("CS NONSENSE 1", "There is no such setting"),
        ("CS restrict-kcv perhaps", "restrict-kcv: expected yes or no"),
        ("CS encrypted-pin-length 14", "expected a number of characters from 5 to 13"),
        ("CONFIGCMDS +QQ -BA", "There is no QQ."),
        ("CONFIGCMDS nonsense", "There is no NONSENSE."),
        ("CONFIGPB -99", "There is no 99."),
    ],
)
def test_what_can_not_be_set(operator: Operator, typed: str, told: str) -> None:
    before = operator.appliance.settings
    assert told in operator.types(typed)
    assert operator.appliance.settings is before
    assert operator.screen.prompt == "Offline-AUTH> "


@pytest.mark.parametrize("name", ["CS", "CONFIGCMDS", "CONFIGPB"])
def test_nothing_is_set_online(name: str) -> None:
    assert "needs the offline or secure state" in Operator(position=Position.ONLINE).types(name)


def test_commands_are_switched_off_and_on(operator: Operator) -> None:
    shown = operator.types("CONFIGCMDS -BA -ng", "Y")
    assert "Now: all\n  enabled-commands: all -> all,-BA,-NG\nChange?" in shown
    listing = operator.types("GETCMDS")
    enabled, _, disabled = listing.partition("Disabled: 9\n")
    assert "  BA  " in disabled
    assert "  BA  " not in enabled
    assert "  NC  " in enabled
    operator.types("ONLINE")
    assert operator.speaker("BA1234") == "BB68"
    operator.types("OFFLINE", "CONFIGCMDS", "+BA", "Y", "ONLINE")
    assert operator.speaker("BA1234") != "BB68"


def test_getcmds_counts_what_a_switch_disables() -> None:
    """BY goes with the setting zmk-translation, whatever CONFIGCMDS says."""
    operator = Operator(make_speaker({"zmk-translation": "no"}))
    assert "Disabled: 8\n  BY  " in operator.types("GETCMDS")


def test_eracoms_functions_are_switched_too() -> None:
    """Seven of them are off by settings of their own: mailers, and the extensions."""
    ask = make_eracom()
    operator = Operator(ask.speaker, Position.OFFLINE)
    assert "all -> all,-EE0602" in operator.types("CONFIGCMDS -EE0602", "Y")
    assert "  EE0602  " in operator.types("GETCMDS").partition("Disabled: 8\n")[2]
    operator.types("ONLINE")
    assert ask("EE0602") == "EE060202"
    assert ask("01")[:4] == "0100"
    counted = operator.types("UTILSTATS")
    assert "  01: 1\n" in counted
    assert "  EE0602: 1\n" in counted


def test_formats_are_switched_off(operator: Operator) -> None:
    assert "all -> none" in operator.types("CONFIGPB none", "N")
    operator.types("CONFIGPB", "-01,-05", "Y")
    assert operator.appliance.settings.text("enabled-pin-block-formats") == "all,-01,-05"
    assert "Nothing is changed." in operator.types("CONFIGPB", "")
