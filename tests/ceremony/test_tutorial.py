"""The tutorial's transcript, typed at a new appliance; whatever is shown otherwise than it says fails."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
from pathlib import Path

import pytest
from support.partner import Zone
from support.pinpartner import read
from support.reckoned import check_of, combined
from support.site import Site, hsm
from support.terminals import Terminal
from support.transcript import SHELL, Placeholders, Step, steps_in

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no OpenSSH client")
TUTORIAL = Path(__file__).parents[2] / "docs" / "ceremony.md"
STEPS_LEAST = 100


class Reader:
    """Somebody who does what the tutorial says, at *site*."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._console: Terminal | None = None
        self._pending = ""
        self.known = Placeholders()

    def follows(self, document: str) -> None:
        """Do all that *document* says; what is shown must be what it says."""
        steps = list(steps_in(document))
        assert len(steps) > STEPS_LEAST
        for step in steps:
            expected, shown = self.does(step)
            assert shown == expected, step

    def does(self, step: Step) -> tuple[str, str]:
        """What must be shown after *step*, and what is."""
        if step.prompt == SHELL:
            shown = self._commands(self.known.put_into(step.typed))
            return self.known.learn(step.output, shown), shown
        assert self._console is not None, step
        assert self._pending.endswith(step.prompt), (self._pending, step.prompt)
        answer = self.known.put_into(step.answer)
        shown = self._console.types(answer) if answer != "EXIT" else self._console.types_to_the_end(answer)
        echo, _, shown = shown.replace("\r\n", "\n").partition("\n")
        assert echo == ("" if step.secret else answer)
        return self._told(step, shown)

    def _told(self, step: Step, shown: str) -> tuple[str, str]:
        """Without the prompt at the end, which the next step has."""
        output, newline, self._pending = shown.rpartition("\n")
        return self.known.learn(step.output, output + newline), output + newline

    def _commands(self, line: str) -> str:
        """The output of a shell command, of those that the tutorial needs."""
        words = shlex.split(line)
        places = {"bank": str(self._site.state), "phrase": str(self._site.phrase)}
        words = [places.get(each, each) for each in words]
        if words[0] == "kill":
            assert words[2] == "%1"
            self._site.end(signal.Signals(int(words[1].removeprefix("-"))))
            return ""
        assert words[0] == "hsm"
        if words[1] == "serve":
            assert words.pop() == "&"
            self._site.start(*words[2:])
            return ""
        if words[1] == "console":
            self._console = self._site.at("local")
            shown, newline, self._pending = self._console.shown.replace("\r\n", "\n").rpartition("\n")
            return shown + newline
        assert self._site.served is not None
        port = ["--port", str(self._site.served.ports["thales"])] if words[1] == "call" else []
        return hsm(*words[1:], *port)


def test_what_the_tutorial_says_is_what_happens(site: Site) -> None:
    reader = Reader(site)
    reader.follows(TUTORIAL.read_text())
    assert reader.known.found["LMK check"] not in ("268604", "")


def test_the_keys_in_the_tutorial_by_pycryptodome_and_psec() -> None:
    """What the reader is invited to check: the ZMK of its components, the ZPK in its block, the PIN block under it."""
    text = TUTORIAL.read_text()
    components = [bytes.fromhex(each) for each in re.findall("Enter component [123]: «([0-9A-F]{64})»", text)]
    checks = [check_of(each, aes=True) for each in (*components, combined(components))]
    told = text[text.index("Enter component 1") :]
    assert re.findall("heck value: ([0-9A-F]{6})$", told, re.MULTILINE)[:4] == checks
    assert f"begins with {checks[-1]}" in " ".join(text.split())
    (block,) = re.findall("Enter key: (R[0-9A-Z]+)", text)
    header, zpk = Zone("tutorial", "00", combined(components), "", "D").opened(block)
    assert header.key_usage == "P0"
    assert f"Key check value: {check_of(zpk, aes=False)}" in text
    (pin_block,) = re.findall("source_block=([0-9A-F]{16}) ", text)
    assert len(read(zpk, pin_block, "01", "4012345678909")) == 4


@pytest.mark.parametrize(
    ("told", "changed"),
    [
        ("The appliance is secure.", "The appliance is safe."),
        ("Enter PIN: «", "Enter the PIN: «"),
        ("«20251»", "20251"),
    ],
)
def test_a_tutorial_that_says_otherwise_fails(site: Site, told: str, changed: str) -> None:
    text = TUTORIAL.read_text()
    assert told in text
    reader = Reader(site)
    with pytest.raises(AssertionError):
        reader.follows(text.replace(told, changed))
