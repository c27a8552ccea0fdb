"""A console in memory, played by whoever types anything at all; and answers that would often do.

``Stage`` checks after each line what must hold whatever was typed: no internal fault, nothing secret on a screen, never
fewer than two officers, no LMK half there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from unittest import mock

from support.appliances import make_speaker
from support.opened import pair_of
from support.partner import ZONES, des_key, part_by_part
from support.playbook import PIN, Operator

from hsm.console.declaration import console
from hsm.console.line import Screen
from hsm.keys.masters import mixes
from hsm.policy.position import Position
from hsm.ports import SeededRandom
from hsm.server.lineeditor import Key, LineEditor, Typed
from hsm.storage import cards
from hsm.storage.cards import Role

OFFICERS, CUSTODIANS = ("ALICE", "BOB"), ("CAROL", "DAVE", "ERIN")
SECRET_FORM = re.compile("[0-9A-F]{12,}")
"""Keys and components; what is shorter, or no such digits, is shown by chance or is a word of the console's own."""
DISTINCT_DIGITS_LEAST = 5
"""Zeros stand in many places rightly."""
COMPONENTS = tuple(
    SeededRandom(count, "components").bytes(length).hex().upper() for length in (8, 16, 24, 32) for count in range(3)
)
ZONE = ZONES[0]
ZPK = des_key("ZPK")
UNDER_LMK = part_by_part(ZPK, pair_of("001"), "U")
KEYS = (UNDER_LMK, ZONE.token, part_by_part(ZPK, ZONE.zmk, "X"), ZONE.block(ZPK, "P0 T N 00 E"))
"""Under the variant test LMK, and under a ZMK of it."""

WORDS = (
    "A all", "A admin", "A component.000:5 export", "A zz", "C ALL", "QS restrict-kcv", "CS restrict-kcv yes", "CS .",
    "CS x y", "CONFIGCMDS -NC", "CONFIGPB +01 -47", "HELP GK", "HELP X", "DT VERBOSE", "SETTIME 2026-01-31 23:59:00",
    "SETTIME 1", "CS zmk-length single", "CS multiple-authorised-activities yes", "EXITS", "", "\N{SNOWMAN}",
)  # fmt: skip
ANYTHING = (
    "",
    "0",
    "00",
    "01",
    "9",
    "Y",
    "N",
    "ALL",
    ".",
    "-1",
    "A" * 201,
    "a b c",
    "' OR 1=1",
    "\u00e4",
    "%s{0}",
    PIN,
)


@contextmanager
def quick() -> Iterator[None]:
    """Cards whose PIN is stretched next to nothing."""
    with mock.patch.object(cards, "_SCRYPT_N", 2):
        yield


class Stage:
    """An appliance with two officers and three custodians; see the chapter.  To be used within ``quick``."""

    def __init__(self, lmk: str = "test-variant", position: Position = Position.SECURE, authorise: str = "all") -> None:
        self.operator = Operator(make_speaker(lmks=(f"00={lmk}",) if lmk else (), authorise=authorise), position)
        self._rack = self.operator.rack
        self._rack._random = SeededRandom(1, "cards").bytes  # so that cards have the same numbers every time
        self.people = {name: self._rack.issue(name, Role.OFFICER, PIN).serial for name in OFFICERS}
        self.people |= {name: self._rack.issue(name, Role.CUSTODIAN, PIN).serial for name in CUSTODIANS}
        self._typed_openly: set[str] = set()
        self._secrets: set[str] = set()

    @property
    def screen(self) -> Screen:
        return self.operator.screen

    def types(self, line: str) -> None:
        """*line* is typed.  Raises AssertionError when something does not hold that must."""
        asked = self.screen
        (self._secrets if asked.secret else self._typed_openly).add("".join(line.split()).upper())
        self.operator.types(line)
        self._check()

    def interrupts(self) -> None:
        self.operator.screen = self.operator.shell.interrupt()
        self._check()

    def hangs_up(self) -> None:
        """The line is dropped: what was in progress is over, and another line may begin."""
        self.operator.shell.hang_up("dropped")
        with self.operator.ceremonies.held("another line"):
            pass

    def types_bytes(self, typed: bytes) -> None:
        """*typed* comes from a terminal."""
        editor = LineEditor()
        editor.feed(typed)
        editor.ask(self.screen)
        while not self.screen.over and (event := editor.step()) is not Key.END and event is not None:
            if isinstance(event, Typed):
                self.types(event.text)
            else:
                self.interrupts()
            if self.screen.recall and isinstance(event, Typed):
                editor.remember(event.text)
            editor.show(self.screen.text)
            editor.ask(self.screen)
            self._check_shown(editor.shown().decode())
        self.hangs_up()

    def _check(self) -> None:
        entries = self.operator.speaker.entries
        assert not entries or entries[-1].outcome != "41", entries[-1]
        self._check_shown(self.screen.text + self.screen.prompt)
        state = self.operator.appliance.state
        assert (
            state.tampers_count or len({card.holder for card in self._rack.cards() if card.role is Role.OFFICER}) >= 2
        )
        loaded = (*state.lmks.values(), *state.old_lmks.values(), *state.new_lmks.values())
        assert state.settings.test_and_live_lmks or not mixes(loaded)
        assert not (state.tampered and state.lmks)

    def _check_shown(self, shown: str) -> None:
        assert "Internal fault" not in shown
        together = "".join(shown.split()).upper()
        for secret in self._secrets:
            telling = SECRET_FORM.fullmatch(secret) and len(set(secret)) >= DISTINCT_DIGITS_LEAST
            if telling and not any(secret in each for each in self._typed_openly):
                assert secret not in together, "a secret answer is shown"


SERIAL = "serial of "
_BY_PROMPT = (
    (re.compile("key length flag"), ("D",)),
    (re.compile("key length"), ("2", "2", "2", "1", "3")),
    (re.compile(r"key scheme \[U"), ("U", "U", "U", "T", "Z")),
    (re.compile("component type"), ("X", "X", "H", "E", "S")),
    (re.compile(r"\[Y/N\]"), ("Y", "Y", "Y", "Y", "N")),
    (re.compile(r"\(1-9\)|\(2-9\)"), ("2", "3", "2", "3", "9")),
    (re.compile("First officer|^Officer, insert"), (SERIAL + "ALICE",)),
    (re.compile("Second officer"), (SERIAL + "BOB",)),
    (re.compile("Custodian 1|ustodian, insert"), (SERIAL + "CAROL",)),
    (re.compile("Custodian 2"), (SERIAL + "DAVE",)),
    (re.compile("Custodian 3"), (SERIAL + "ERIN",)),
    (re.compile("card \\(|card, "), tuple(SERIAL + name for name in (*OFFICERS, *CUSTODIANS))),
    (re.compile("to do it"), ("TAMPER", "N", "", "NO")),
    (re.compile("LMK id"), ("00", "00", "00", "", "01", "99")),
    (re.compile("key type"), ("001", "001", "000", "002", "009", "00A")),
    (re.compile("usage"), ("K0", "P0", "72", "D0", "B0")),
    (re.compile("ZMK: "), (ZONE.token,)),
    (re.compile("omponent.*: $"), KEYS),
    (re.compile("key: |Key: |key A|key B|CVK|PVK"), KEYS),
    (re.compile("name"), (*OFFICERS, *CUSTODIANS, "ZOE")),
    (re.compile("account"), ("4000001234562",)),
    (re.compile("New time"), ("2026-01-31 23:59:00",)),
    (re.compile("Change \\("), ("+01", "-NC", "all", "-47")),
)
"""What often does, by the prompt; a serial stands for the number of somebody's card."""


def likely(screen: Screen, draw: Random, people: Mapping[str, str]) -> str:
    """An answer to *screen*, often one that will do; *people* have cards of those numbers."""
    prompt = screen.prompt
    if draw.random() < 0.04:
        return draw.choice((*ANYTHING, *WORDS, *COMPONENTS))
    if prompt.endswith("> "):
        return draw.choice((*(name for name in console.by_name if name != "EXIT"), *WORDS))
    if "PIN: " in prompt or prompt.startswith("Enter it again"):
        return PIN
    if screen.secret:
        return draw.choice((*COMPONENTS[3:6], *COMPONENTS))
    listed: list[str] = re.findall(r"\[([^\[\]]+/[^\[\]]+)\]", prompt)
    for form, answers in _BY_PROMPT:
        if form.search(prompt) and (not listed or answers[0] in listed[0].split("/")):
            found = draw.choice(answers)
            return people[found.removeprefix(SERIAL)] if found.startswith(SERIAL) else found
    if listed:
        return draw.choice((*listed[0].split("/"), ""))
    if span := re.search(r"\((\d+)-(\d+)\)", prompt):
        return draw.choice((span[1], span[2]))
    return draw.choice((*ANYTHING, *COMPONENTS, "0123456789012345", "1234", "4000001234562", "0912", "101"))


def improvise(draw: Random, lines_count: int) -> Iterator[str]:
    """Lines as somebody would type them who mostly knows what is asked, until the session is over."""
    stage = Stage()
    for _ in range(lines_count):
        if stage.screen.over:
            return
        line = likely(stage.screen, draw, stage.people)
        yield line
        stage.types(line)
