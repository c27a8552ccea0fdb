"""Keys in TOML: what can be said, and the file, line and field of what can't."""

from __future__ import annotations

import tomllib

import pytest

from switch.asking import KeyForm, PinFormat
from switch.keys import config
from switch.keys.config import LinkKeysConfig, Role, TerminalConfig, read_link_keys, read_terminals
from switch.keys.effects import Direction, KeyType
from switch.keys.forms import Labelled, ServiceMessages, Tagged
from switch.keys.terminal import Renewal
from switch.link.lines import ConfigError, Section, field_lines

ZMK = "U" + 32 * "0"
HEAD = f'[[link]]\nname = "alpha"\n[link.keys]\nrole = "switch"\nzmk = "{ZMK}"\n'
TERMINAL = f'[[terminal]]\nid = "ATM00001"\ntmk = "{ZMK}"\nrenewal = "daily"\nlink = "atms"\n'


def section(text: str) -> Section:
    return Section("switch.toml", field_lines(text), (), tomllib.loads(text))


def keys(text: str) -> LinkKeysConfig | None:
    (row,) = section(text).rows("link")
    return read_link_keys(row.section("keys"), "alpha")


def terminals(text: str) -> tuple[TerminalConfig, ...]:
    return read_terminals(section(text).rows("terminal"))


def test_the_example_of_the_chapter_is_read() -> None:
    assert config.__doc__ is not None
    text = config.__doc__.partition("\n\n")[2]
    table = tomllib.loads(text)
    for name in ("us", "them"):
        del table["link"]["keys"][name]
    top = Section("switch.toml", field_lines(text), (), table)
    found = read_link_keys(top.section("link").section("keys"), "alpha")
    assert found is not None
    assert isinstance(found.form, Tagged)
    assert (found.role, found.kcv) == (Role.SWITCH, "08D7B4")
    assert found.lines == ((KeyType.ZPK, Direction.BOTH), (KeyType.ZAK, Direction.BOTH))
    (terminal,) = read_terminals(top.rows("terminal"))
    assert (terminal.id, terminal.renewal, terminal.link) == ("ATM00001", Renewal.DAILY, "atms")
    top.end()


def test_what_is_not_said_is_usual() -> None:
    found = keys(HEAD)
    assert found is not None
    assert (found.export, found.pin_format, found.rules.period_s) == (KeyForm.X9_17, PinFormat.ISO_0, 86_400.0)
    assert found.lines == ((KeyType.ZPK, Direction.BOTH),)
    assert keys('[[link]]\nname = "alpha"\n') is None
    assert ZMK not in repr(found)
    block = keys(HEAD.replace(ZMK, "S10096" + 90 * "A"))
    assert block is not None
    assert block.export is KeyForm.TR_31


def test_everything_can_be_said() -> None:
    more = (
        'form = "csm"\nus = "SWITCH"\nthem = "BANK"\nlines = ["zpk to-member", "zpk from-member"]\nperiod-hours = 0\n'
    )
    more += 'uses-max = 0\nsync-errors-max = 0\npin-format = "iso-3"\n[link.keys.seconds]\ngrace = 90\n'
    found = keys(HEAD + more)
    assert found is not None
    assert found.form == ServiceMessages("SWITCH", "BANK")
    assert (found.rules.period_s, found.rules.uses_max, found.rules.sync_errors_max) == (None, None, None)
    assert found.rules.grace_s == 90.0
    assert found.pin_format is PinFormat.ISO_3
    assert [each for _, each in found.lines] == [Direction.TO_MEMBER, Direction.FROM_MEMBER]
    label = keys(HEAD + 'form = "label"\n')
    assert label is not None
    assert isinstance(label.form, Labelled)
    (pos,) = terminals(TERMINAL.replace("daily", "sign-on").replace('link = "atms"\n', ""))
    assert (pos.renewal, pos.link) == (Renewal.SIGN_ON, "")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('kcv = "08d7b4"', "line 6: link.0.keys.kcv"),
        ('form = "csm"', "line 3: link.0.keys.us"),
        ('form = "csm"\nus = "a b"\nthem = "c"', "line 7: link.0.keys.us"),
        ('lines = ["zek both"]', "line 6: link.0.keys.lines"),
        ('lines = ["zpk both", "zpk to-member"]', "line 6: link.0.keys.lines"),
        ('lines = ["zpk both", "zpk both"]', "line 6: link.0.keys.lines"),
        ("lines = []", "line 6: link.0.keys.lines"),
        ('lines = ["zpk"]', "line 6: link.0.keys.lines"),
        ("period-hours = -1", "line 6: link.0.keys.period-hours"),
        ('form = "label"\nmember-makes = true', "line 7: link.0.keys.member-makes"),
        ("unknown = 1", "line 6: link.0.keys.unknown"),
        ("[link.keys.seconds]\ngrace = 0", "line 7: link.0.keys.seconds.grace"),
        ("[link.keys.seconds]\nless = 1", "line 7: link.0.keys.seconds.less"),
        ('export = "clear"', "line 6: link.0.keys.export"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(line: str, place: str) -> None:
    with pytest.raises(ConfigError) as told:
        keys(HEAD + line + "\n")
    assert str(told.value).startswith(f"switch.toml, {place}: expected")
    assert ZMK not in str(told.value)


@pytest.mark.parametrize("zmk", ["U0", "0" * 32, "X" + 32 * "0", "S1"])
def test_a_zmk_is_a_cryptogram_under_the_lmk(zmk: str) -> None:
    with pytest.raises(ConfigError, match=r"line 5: link\.0\.keys\.zmk"):
        keys(HEAD.replace(ZMK, zmk))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TERMINAL.replace("ATM00001", "A "), "line 2: terminal.0.id"),
        (TERMINAL.replace("ATM00001", "A" * 17), "line 2: terminal.0.id"),
        (TERMINAL.replace('link = "atms"\n', ""), "line 1: terminal.0.link"),
        (TERMINAL.replace("daily", "weekly"), "line 4: terminal.0.renewal"),
        (TERMINAL + TERMINAL, "line 7: terminal.1.id"),
        (TERMINAL + "pin = 1\n", "line 6: terminal.0.pin"),
    ],
)
def test_what_is_wrong_with_a_terminal(text: str, place: str) -> None:
    with pytest.raises(ConfigError) as told:
        terminals(text)
    assert str(told.value).startswith(f"switch.toml, {place}: expected")
