"""Working keys in TOML; each error names the file, the line, the field and what was expected.

[link.keys]                      # the keys shared with the partner of this link
role = "switch"                  # or "member": who makes keys and whose offer stands
form = "tagged"                  # or "label", "csm": how the network writes about keys
us = "970400"                    # csm only: the two parties' names
them = "970436"
zmk = "U0123456789ABCDEF0123456789ABCDEF" # the zone master key, as the dialect of [hsm] writes keys
kcv = "08D7B4"                   # its check value, as the ceremony's form has it; shown to operators
export = "x9.17"                 # or "tr-31": how keys go under the ZMK
pin-format = "iso-0"             # or "iso-3", "diebold"
lines = ["zpk both", "zak both"] # zpk or zak; both, to-member or from-member
member-makes = false             # a member makes keys itself, instead of asking for them
period-hours = 24                # 0: never because of the time
uses-max = 10000                 # 0: never because of uses
sync-errors-max = 3              # within sync-window; 0: never because of errors
alarm-after = 3

[link.keys.seconds]              # grace, answer, back-off, back-off-max, sync-window
grace = 60

[[terminal]]                     # a terminal and its master key
id = "ATM00001"                  # DE 41
tmk = "U0123456789ABCDEF0123456789ABCDEF"
renewal = "daily"                # or "sign-on"
link = "atms"                    # by which it is reached, and no other; needed for daily ones
export = "x9.17"                 # how its key goes under the TMK
pin-format = "iso-0"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from switch.asking import KeyForm, PinFormat
from switch.hsmdialect import THALES, HsmDialect
from switch.keys.effects import Direction, KeyType
from switch.keys.forms import Form, Labelled, ServiceMessages, Tagged
from switch.keys.line import Rules
from switch.keys.link import Which
from switch.keys.terminal import Renewal
from switch.link.lines import Section

TERMINALS_MAX = 100_000
EXPORTS = {"x9.17": KeyForm.X9_17, "tr-31": KeyForm.TR_31}
FORMATS = {"iso-0": PinFormat.ISO_0, "iso-3": PinFormat.ISO_3, "diebold": PinFormat.DIEBOLD}
RENEWALS = {"daily": Renewal.DAILY, "sign-on": Renewal.SIGN_ON}
TYPES = {"zpk": KeyType.ZPK, "zak": KeyType.ZAK}
DIRECTIONS = {each.name.lower().replace("_", "-"): each for each in Direction}
HOUR = 3600.0
COUNT_MOST = 1_000_000_000


class Role(Enum):
    """On which side of the zone we are."""

    SWITCH = "switch"
    MEMBER = "member"


@dataclass(frozen=True)
class LinkKeysConfig:
    """The working keys of one link; *zmk* is a cryptogram under the LMK."""

    link: str
    role: Role
    form: Form
    lines: tuple[Which, ...]
    zmk: str = field(repr=False)
    kcv: str = ""
    export: KeyForm = KeyForm.X9_17
    pin_format: PinFormat = PinFormat.ISO_0
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class TerminalConfig:
    """A terminal; *tmk* is a cryptogram under the LMK."""

    id: str
    renewal: Renewal
    tmk: str = field(repr=False)
    link: str = ""
    export: KeyForm = KeyForm.X9_17
    pin_format: PinFormat = PinFormat.ISO_0


@dataclass(frozen=True)
class KeysConfig:
    """All working keys of a process; *terminal_rules* say how long to wait for a terminal's confirmation, and the grace."""

    links: tuple[LinkKeysConfig, ...] = ()
    terminals: tuple[TerminalConfig, ...] = ()
    terminal_rules: Rules = field(default_factory=Rules)


def read_link_keys(section: Section, link_name: str, dialect: HsmDialect = THALES) -> LinkKeysConfig | None:
    """The table ``[link.keys]`` of *link_name*; None when it is empty or not there.  Raises ConfigError."""
    if not section.remaining():
        return None
    role = Role(section.choice("role", None, [each.value for each in Role]))
    form = _form(section)
    zmk = _kek(section, "zmk", dialect.is_zmk, dialect.zmk_expected)
    kcv = section.text("kcv", "", "six hexadecimal digits")
    if kcv and not re.fullmatch("[0-9A-F]{6}", kcv):
        raise section.wrong("kcv", "six hexadecimal digits")
    config = LinkKeysConfig(
        link_name,
        role,
        form,
        _lines(section),
        zmk,
        kcv,
        _export(section, zmk, dialect),
        _pin_format(section),
        _rules(section),
    )
    if config.rules.member_makes and not isinstance(form, Tagged):
        raise section.wrong(
            "member-makes", "false: only a tagged offer says what it follows, so the switch takes no other"
        )
    section.end()
    return config


def read_terminals(sections: Sequence[Section], dialect: HsmDialect = THALES) -> tuple[TerminalConfig, ...]:
    """The tables ``[[terminal]]``.  Raises ConfigError."""
    found: dict[str, TerminalConfig] = {}
    if len(sections) > TERMINALS_MAX:
        raise sections[TERMINALS_MAX].wrong("id", f"at most {TERMINALS_MAX} terminals")
    for section in sections:
        terminal = _terminal(section, dialect)
        if terminal.id in found:
            raise section.wrong("id", "an id that no other terminal has")
        found[terminal.id] = terminal
    return tuple(found.values())


def _terminal(section: Section, dialect: HsmDialect) -> TerminalConfig:
    expected = "DE 41: 1 to 16 printable characters, no blank at the end"
    id = section.text("id", None, expected)
    if not re.fullmatch(r"[!-~]|[ -~]{0,15}[!-~]", id):
        raise section.wrong("id", expected)
    renewal = RENEWALS[section.choice("renewal", None, tuple(RENEWALS))]
    tmk = _kek(section, "tmk", dialect.is_tmk, dialect.tmk_expected)
    link = section.text("link", "", "the name of a link")
    if renewal is Renewal.DAILY and not link:
        raise section.wrong("link", "the name of the link by which the terminal gets its key every day")
    terminal = TerminalConfig(id, renewal, tmk, link, _export(section, tmk, dialect), _pin_format(section))
    section.end()
    return terminal


def _kek(section: Section, key: str, is_one: Callable[[str], bool], expected: str) -> str:
    """A key-encrypting key."""
    kek = section.text(key, None, expected)
    if not is_one(kek):
        raise section.wrong(key, expected)
    return kek


def _export(section: Section, kek: str, dialect: HsmDialect) -> KeyForm:
    """The form in which keys go under *kek*: that named, else the one of its own kind."""
    usual = "tr-31" if kek.startswith("S") else "x9.17"
    form = EXPORTS[section.choice("export", usual, tuple(EXPORTS))]
    if form is KeyForm.TR_31 and not dialect.gives_key_blocks:
        raise section.wrong("export", "x9.17: the Eracom dialect has no function that gives keys in TR-31 blocks")
    return form


def _pin_format(section: Section) -> PinFormat:
    return FORMATS[section.choice("pin-format", "iso-0", tuple(FORMATS))]


def _form(section: Section) -> Form:
    kind = section.choice("form", "tagged", ("tagged", "label", "csm"))
    if kind != "csm":
        return Tagged() if kind == "tagged" else Labelled()
    parties = [section.text(key, None, "1 to 16 characters without blanks") for key in ("us", "them")]
    for key, party in zip(("us", "them"), parties, strict=True):
        if not re.fullmatch(r"[!-~]{1,16}", party):
            raise section.wrong(key, "1 to 16 characters without blanks")
    return ServiceMessages(*parties)


def _lines(section: Section) -> tuple[Which, ...]:
    expected = f'texts like "zpk both": {" or ".join(TYPES)}, then {", ".join(DIRECTIONS)}; each once'
    found: list[Which] = []
    for each in section.listed("lines", ("zpk both",)):
        words = str(each).split()
        if len(words) != 2 or words[0] not in TYPES or words[1] not in DIRECTIONS:
            raise section.wrong("lines", expected)
        found.append((TYPES[words[0]], DIRECTIONS[words[1]]))
    both = {kind for kind, direction in found if direction is Direction.BOTH}
    clash = len(set(found)) != len(found) or any(
        kind in both and direction is not Direction.BOTH for kind, direction in found
    )
    if not found or clash:
        raise section.wrong("lines", expected + ", and both beside no other direction")
    return tuple(found)


def _rules(section: Section) -> Rules:
    usual = Rules()
    hours = section.number("period-hours", 24, 0, 10_000)
    uses = section.number("uses-max", usual.uses_max or 0, 0, COUNT_MOST)
    errors = section.number("sync-errors-max", usual.sync_errors_max or 0, 0, 1_000)
    alarm_after = section.number("alarm-after", usual.alarm_after, 1, 1_000)
    makes = section.flag("member-makes", usual.member_makes)
    table = section.section("seconds")
    rules = Rules(
        grace_s=table.seconds("grace", usual.grace_s),
        answer_s=table.seconds("answer", usual.answer_s),
        back_off_s=table.seconds("back-off", usual.back_off_s),
        back_off_most_s=table.seconds("back-off-max", usual.back_off_most_s),
        alarm_after=alarm_after,
        period_s=hours * HOUR or None,
        uses_max=uses or None,
        sync_errors_max=errors or None,
        sync_window_s=table.seconds("sync-window", usual.sync_window_s),
        member_makes=makes,
    )
    table.end()
    return rules
