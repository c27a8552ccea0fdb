"""People at terminals: the clients they have (ssh, telnet, ``hsm console``), each in a pseudo-terminal of its own."""

from __future__ import annotations

import re
import shutil
import sys
import threading
from pathlib import Path

import pexpect
from support.served import SECONDS_MAX, Served, echo_environment

PROMPT = (
    r"(?:Online|Offline|Secure)(?:-AUTH)?> |(?:Enter|Insert|New|Write) [^\r\n]*: |[^\r\n]*[\])]: |[^\r\n]* to do it: "
)
"""What the console shows when it waits for a line: the end of all prompts there are."""
_AT_PROMPT = re.compile(rf"(?:^|\n)(?:\x1b\[[0-9;]*[A-Za-z])*(?:{PROMPT})$")
WINDOW = (50, 500)
"""Rows and columns; wide enough that no answer, a key block included, scrolls sideways."""
TELNET_NAMES = ("telnet", "inetutils-telnet")
KEYS_MAX = 1_000
"""What a terminal takes while nobody looks at it."""
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """Somebody at a terminal; all that the client showed adds up in *shown*, from its first byte to its last."""

    def __init__(self, *words: str) -> None:
        self._client = pexpect.spawn(
            words[0], list(words[1:]), timeout=SECONDS_MAX, encoding="latin-1", env=environment(), dimensions=WINDOW
        )
        self._client.delaybeforesend = None  # the appliance hides what is secret, and not by the terminal's own echo
        self._parts: list[str] = []

    @property
    def shown(self) -> str:
        return "".join(self._parts)

    def waits(self) -> str:
        """All that comes up to the next prompt, the prompt included."""
        return self._until(_AT_PROMPT)

    def reads(self, text: str) -> str:
        """All that comes up to *text*, and *text*."""
        return self._until(re.compile(re.escape(text)))

    def types(self, *answers: str) -> str:
        """What is shown while *answers* are typed, each at a prompt of its own, up to the prompt after the last."""
        return "".join(self._answered(each) for each in answers)

    def sends(self, keys: str) -> None:
        """Press *keys*; wait for nothing."""
        self._client.send(keys)

    def leaves(self) -> str:
        """Log out; the rest of what is shown."""
        return self.types_to_the_end("EXIT")

    def types_to_the_end(self, answer: str) -> str:
        """Type *answer*, after which the line ends; the rest of what is shown."""
        self._client.send(answer + "\r")
        return self._until(pexpect.EOF)

    def drops(self) -> None:
        """The client dies and its connection with it."""
        self._client.close(force=True)

    def _answered(self, answer: str) -> str:
        keys = answer + "\r"
        if len(keys) <= KEYS_MAX:
            self._client.send(keys)
        else:
            # A client that can't show what comes takes no more keys: somebody must look while so many are typed.
            threading.Thread(target=self._client.send, args=(keys,), daemon=True).start()
        return self.waits()

    def _until(self, wanted: object) -> str:
        self._client.expect([wanted])
        after = self._client.after if isinstance(self._client.after, str) else ""
        found = f"{self._client.before}{after}"
        self._parts.append(found)
        return found


def environment() -> dict[str, str]:
    """For clients: no keys of whoever runs the tests, a plain terminal, and our modules to be found."""
    kept = {name: value for name, value in echo_environment().items() if name != "SSH_AUTH_SOCK"}
    return {**kept, "TERM": "vt100", "LANG": "C.UTF-8"}


def local(state_dir: Path) -> Terminal:
    """At the appliance itself: ``hsm console``."""
    terminal = Terminal(sys.executable, "-m", "hsm.server.main", "console", "--state-dir", str(state_dir))
    terminal.waits()
    return terminal


def telnet(served: Served) -> Terminal:
    """Over telnet: with the machine's own client, or with the smallest there can be where it has none."""
    found = next(filter(None, map(shutil.which, TELNET_NAMES)), None)
    words = [found] if found else [sys.executable, "-m", "support.telnet_client"]
    terminal = Terminal(*words, "127.0.0.1", str(served.ports["console"]))
    terminal.waits()
    return terminal


def ssh(served: Served, folder: Path, user: str) -> Terminal:
    """Over SSH, with OpenSSH's client and the key of *user* in *folder*, where it also remembers the host."""
    options = [f"UserKnownHostsFile={folder / 'known'}", "StrictHostKeyChecking=accept-new", "LogLevel=ERROR"]
    words = ["-F", "none", "-p", str(served.ports["ssh"]), "-i", str(folder / user), *_each("-o", options)]
    terminal = Terminal("ssh", *words, f"{user}@127.0.0.1")
    terminal.waits()
    return terminal


def _each(option: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
