"""Every setting reads back what it writes, refuses what it can't mean, and has a value in both profiles."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.policy.choices import Profile, StorageLength, ZmkLength
from hsm.policy.declaration import declared, declared_in
from hsm.policy.settings import Settings
from hsm.policy.values import (
    PROVEN_VARIANTS,
    USUAL_PINS,
    Choice,
    Codes,
    ExcludedPins,
    KmVariants,
    Selection,
    SettingError,
    Span,
    Text,
    YesNo,
)

LEGACY, HARDENED = Settings.of(Profile.LEGACY), Settings.of(Profile.HARDENED)
NAMES = [found.name for found in declared_in(Settings)]

codes = st.frozensets(st.from_regex(r"[A-Z0-9]{2}", fullmatch=True), max_size=8)


def values_of(name: str) -> st.SearchStrategy[object]:
    """Any value the setting can have."""
    found = declared(Settings, name)
    assert found is not None
    match found.kind:
        case YesNo():
            return st.booleans()
        case Choice(members):
            return st.sampled_from(tuple(members.__members__.values()))
        case Span(low, high):
            return st.integers(low, high)
        case Codes():
            return st.builds(Selection, st.booleans(), codes)
        case KmVariants():
            types = st.sampled_from([f"{n:02d}" for n in range(100) if f"{n:02d}" not in PROVEN_VARIANTS])
            free = [n for n in range(256) if n.bit_count() % 2 == 0 and n not in PROVEN_VARIANTS.values()]
            pairs = st.lists(
                st.tuples(types, st.sampled_from(free)), max_size=5, unique_by=(lambda p: p[0], lambda p: p[1])
            )
            return pairs.map(lambda found: tuple(sorted(found)))
        case ExcludedPins():
            return st.frozensets(st.from_regex(r"[0-9]{4,12}", fullmatch=True), max_size=5)
        case Text(pattern):
            return st.from_regex(pattern, fullmatch=True)
    raise AssertionError(found.kind)


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
def test_any_value_survives_being_written_and_read_whatever_was_set_before(name: str, data: st.DataObject) -> None:
    found = declared(Settings, name)
    assert found is not None
    value = data.draw(values_of(name))
    for before in (LEGACY, HARDENED):
        after = before.changed(name, found.kind.format(value))
        assert getattr(after, found.attribute) == value
        assert after.text(name) == found.kind.format(value)
        others = [each for each in NAMES if each != name]
        assert [after.text(each) for each in others] == [before.text(each) for each in others]


@pytest.mark.parametrize("name", NAMES)
@given(st.text(max_size=30))
def test_nonsense_is_refused_by_name_or_read_as_a_value_of_the_kind(name: str, text: str) -> None:
    refused: list[SettingError] = []
    after = LEGACY
    try:
        after = LEGACY.changed(name, text)
    except SettingError as error:
        refused.append(error)
    assert all(error.name == name and str(error) == f"{name}: expected {error.expected}" for error in refused)
    assert LEGACY.changed(name, after.text(name)) == after


def test_every_field_is_a_declaration_and_every_declaration_is_whole() -> None:
    assert len(NAMES) == len(fields(Settings)) == len(set(NAMES))
    for found in declared_in(Settings):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found.name)
        assert found.wording
        assert found.doc.endswith(".")
        assert found.kind.expected
        for value in (found.legacy, found.hardened):
            assert found.kind.parse(found.kind.format(value), value) == value


def test_the_legacy_profile_is_what_plain_settings_are() -> None:
    assert Settings() == LEGACY
    assert not list(LEGACY.deviations(Profile.LEGACY))
    assert not list(HARDENED.deviations(Profile.HARDENED))


def test_each_switch_of_the_attack_catalogue_has_a_setting_that_differs_between_the_profiles() -> None:
    differing = {found.number for found, _ in LEGACY.deviations(Profile.HARDENED)}
    consulted_by_no_command_yet = {"S11", "S22"}
    assert {f"S{number}" for number in range(1, 24)} - consulted_by_no_command_yet <= differing


@pytest.mark.parametrize(
    ("name", "legacy", "hardened"),
    [  # the catalogue's table, in its order
        ("encrypted-decimalisation-tables", "no", "yes"),
        ("decimalisation-table-checks", "no", "yes"),
        ("restrict-pin-block-usage", "no", "yes"),
        ("enabled-pin-block-formats", "all", "01,05,34,47,48"),
        ("format-34-to-zpk", "yes", "no"),
        ("enforce-key-type-002-separation", "no", "yes"),
        ("trusted-format-only", "no", "yes"),
        ("x917-import", "yes", "no"),
        ("x917-export", "yes", "no"),
        ("allow-single-des", "yes", "no"),
        ("prevent-single-des-masquerade", "no", "yes"),
        ("restrict-kcv", "no", "yes"),
        ("weak-pin-check", "no", "yes"),
        ("fraud-detection", "no", "yes"),
        ("pin-verifies-per-minute", "100", "100"),
        ("pin-verifies-per-hour", "1000", "1000"),
        ("pin-attack-limit", "100", "100"),
        ("select-clear-pins", "yes", "no"),
        ("data-encryption", "binary", "ascii"),
        ("variable-length-offset", "yes", "no"),
        ("atalla-variant-match", "no", "yes"),
        ("account-translation", "yes", "no"),
        ("authorisation-time-limit", "no", "yes"),
        ("enforce-host-port-lmk", "no", "yes"),
        ("disguise-key-length", "no", "yes"),
        ("weaker-lmk-allowed", "yes", "no"),
        ("user-storage-length", "single", "variable"),
        ("encrypted-pin-length", "5", "5"),
        ("zmk-length", "double", "double"),
        ("key-cache", "on", "on"),
    ],
)
def test_profiles(name: str, legacy: str, hardened: str) -> None:
    assert (LEGACY.text(name), HARDENED.text(name)) == (legacy, hardened)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("encrypted-pin-length", "4"),
        ("encrypted-pin-length", "14"),
        ("encrypted-pin-length", "+6"),
        ("encrypted-pin-length", "1_0"),
        ("encrypted-pin-length", "\u0667"),
        ("zmk-length", "treble"),
        ("restrict-kcv", ""),
        ("enabled-commands", ""),
        ("enabled-commands", "CAA"),
        ("enabled-commands", "CA,,CC"),
        ("excluded-pins", "123"),
        ("excluded-pins", "1234567890123"),
        ("firmware", "1"),
    ],
)
def test_values_out_of_range_are_refused(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}: expected "):
        LEGACY.changed(name, text)


@pytest.mark.parametrize("name", ["", "nonsense", "zmk_length", "ZMK-LENGTH", "x" * 10_000])
def test_unknown_names_are_refused_shortly(name: str) -> None:
    for attempt in (lambda: LEGACY.changed(name, "yes"), lambda: LEGACY.text(name)):
        with pytest.raises(SettingError, match="the name of a setting") as caught:
            attempt()
        assert len(str(caught.value)) < 200


def test_commands_are_listed_added_and_removed() -> None:
    some = LEGACY.changed("enabled-commands", "ca, cc")
    assert "CA" in some.enabled_commands
    assert "EA" not in some.enabled_commands
    assert some.changed("enabled-commands", "+EA,-CC").text("enabled-commands") == "CA,EA"
    without = LEGACY.changed("enabled-commands", "-BA,-NG")
    assert without.text("enabled-commands") == "all,-BA,-NG"
    assert without.changed("enabled-commands", "+BA").text("enabled-commands") == "all,-NG"
    assert LEGACY.changed("enabled-commands", "none").text("enabled-commands") == "none"


@given(st.booleans(), codes, codes, st.from_regex(r"[A-Z0-9]{2}", fullmatch=True))
def test_a_selection_is_a_set(all_but: bool, listed: frozenset[str], change: frozenset[str], code: str) -> None:
    before = Selection(all_but, listed)
    assert (code in before.including(change)) == (code in before or code in change)
    assert (code in before.without(change)) == (code in before and code not in change)


def test_typed_values() -> None:
    assert LEGACY.changed("zmk-length", "single").zmk_length is ZmkLength.SINGLE
    assert [length.value_chars for length in StorageLength] == [16, 32, 48, None]


def test_the_usual_pins_are_those_of_the_published_weak_pin_lists() -> None:
    # Bonneau, Preibusch and Anderson (FC 2012): runs, repetitions and years lead the lists of chosen PINs.
    assert {"1234", "0000", "1111", "4321", "7890", "1984", "123456", "999999999999"} <= USUAL_PINS
    assert not {"2580", "8068", "3957"} & USUAL_PINS
    assert all(re.fullmatch(r"[0-9]{4,12}", pin) for pin in USUAL_PINS)
    more = LEGACY.changed("excluded-pins", "usual,2580")
    assert more.text("excluded-pins") == "usual,2580"
    assert LEGACY.changed("excluded-pins", "none").excluded_pins == frozenset()


def test_what_endangers_keys_erases_lmks() -> None:
    assert LEGACY.erases_lmks(LEGACY.changed("enforce-key-type-002-separation", "yes"))
    assert LEGACY.erases_lmks(LEGACY.changed("restrict-pin-block-usage", "yes"))
    assert not LEGACY.erases_lmks(LEGACY.changed("restrict-pin-block-usage", "no"))
    assert not LEGACY.erases_lmks(LEGACY.changed("pin-attack-limit", "10"))


def test_switches_disable_the_commands_they_govern() -> None:
    off = {"EE0E05", "EE0E06", "E2", "EEF001", "EEF002", "EEF003", "EEF004"}
    assert LEGACY.switched_off() == off
    assert HARDENED.switched_off() == {"QK", "BY", "EE0600"} | off
    assert LEGACY.changed("pin-mailing", "yes").switched_off() == {"EEF001", "EEF002", "EEF003", "EEF004"}


@pytest.mark.parametrize("text", ["10=30", "03=31", "03=28", "03=30,04=30", "03=30,03=36", "3=30", "03:30", ""])
def test_proven_variants_stay_and_others_keep_parity_and_go_for_one_type(text: str) -> None:
    with pytest.raises(SettingError, match="even weight"):
        LEGACY.changed("km-variants", text)


def test_a_function_code_is_switched_off_like_any_command() -> None:
    assert "EE0602" not in LEGACY.changed("enabled-commands", "-EE0602").enabled_commands
    with pytest.raises(SettingError):
        LEGACY.changed("enabled-pin-block-formats", "+EE0602")
