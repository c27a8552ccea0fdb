"""How ``hsm serve`` is configured: one frozen record, from a TOML file and the command line.

The command line wins over the file, and the file over the defaults here.
"""

from __future__ import annotations

import os
import re
import string
from dataclasses import dataclass, field

from hsm.server.ports import Limits, Listener

HOST_PORT = 1500
"""The well-known port of the Thales host interface."""

PROFILES = ("legacy", "hardened")
CHARSETS = ("ascii", "ebcdic")
DIALECTS = ("thales", "eracom")
KM_DEFAULT = "test-2266"
"""The Domain Master Key of an appliance that is told none and speaks Eracom."""
HEADER_BYTES_MAX = 255
WORKERS_MAX = 64
CONSOLE_PORT_NAMES = ("console", "ssh")
"""What the ready file calls the console's ports; no host port may have these names."""

CONSOLE_IDLE_SECONDS = 600.0
SOCKET_NAME = "console.sock"


STORED_KEY_EXPECTED = (
    "TYPE:INDEX=HEX with a key type of two digits, an index of four at most, and the key in hex digits"
)
_STORED = re.compile("([0-9]{1,2}):([0-9]{1,4})")


def stored_key_given(place: str, key: str, where: str) -> StoredKeyGiven | None:
    """The stored key at *place* (``TYPE:INDEX``) whose clear bytes are *key*, hexadecimal; None for no such thing."""
    found = _STORED.fullmatch(place)
    if found is None or len(key) % 2 or not all(each in string.hexdigits for each in key):
        return None
    return StoredKeyGiven(found[1].zfill(2), int(found[2]), key, where)


class ConfigError(Exception):
    """What was configured is wrong: *where* (file and line, or option), *field*, and what was *expected*."""

    def __init__(self, where: str, field: str, expected: str) -> None:
        super().__init__(where, field, expected)
        self.where = where
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.where}: {self.field}: expected {self.expected}"


@dataclass(frozen=True)
class Setting:
    """One security setting as it was written; the appliance knows its meaning and says ConfigError with *where*."""

    name: str
    value: str
    where: str


@dataclass(frozen=True)
class LoadedLmk:
    """LMK *name* is loaded under the two-digit *lmk_id*."""

    lmk_id: str
    name: str
    where: str


@dataclass(frozen=True)
class StoredKeyGiven:
    """A clear key to be stored for hosts: *key_type* of 2 digits, *index*, *key* in hexadecimal."""

    key_type: str
    index: int
    key: str = field(repr=False)
    where: str


@dataclass(frozen=True)
class ConsoleConfig:
    """The ways into the console; a port of None is not opened, one of 0 is any free one."""

    port: int | None = None
    """Telnet."""
    ssh_port: int | None = None
    host: str = "127.0.0.1"
    socket: str | None = None
    authorized_keys: str | None = None
    host_key: str | None = None
    idle_seconds: float = CONSOLE_IDLE_SECONDS

    def socket_path(self, state_dir: str | None) -> str | None:
        """Where the local socket is: where it was said, or in the state directory, or nowhere."""
        return self.socket or (os.path.join(state_dir, SOCKET_NAME) if state_dir is not None else None)

    def wanted(self, state_dir: str | None) -> bool:
        """Is there any way in?"""
        return self.socket_path(state_dir) is not None or self.port is not None or self.ssh_port is not None

    def checked(self, where: str) -> ConsoleConfig:
        """Itself.  Raises ConfigError with *where* when SSH has nobody who may log in."""
        if self.ssh_port is not None and self.authorized_keys is None:
            raise ConfigError(where, "ssh-port", "authorized keys with it: a file of the keys that may log in")
        return self


@dataclass(frozen=True)
class Config:
    """Everything ``hsm serve`` was told."""

    listeners: tuple[Listener, ...] = (Listener("thales", HOST_PORT),)
    state_dir: str | None = None
    lmks: tuple[LoadedLmk, ...] = ()
    old_lmks: tuple[LoadedLmk, ...] = ()
    km: str | None = None
    """Name of the Domain Master Key; None: the published test key, if any port speaks Eracom, else none."""
    stored_keys: tuple[StoredKeyGiven, ...] = ()
    settings: tuple[Setting, ...] = ()
    profile: str | None = None
    """None: as the state directory has it, else legacy."""
    passphrase_file: str | None = None
    key_file: str | None = None
    """What opens the vault, besides the variable HSM_PASSPHRASE; at most one of the two."""
    authorise: tuple[str, ...] = ()
    workers: int = 0
    """Worker processes; 0: one process does everything."""
    ready_file: str | None = None
    seed: int | None = None
    limits: Limits = field(default_factory=Limits)
    console: ConsoleConfig = field(default_factory=ConsoleConfig)

    @property
    def dialects(self) -> tuple[str, ...]:
        """The dialects that hosts are spoken to in."""
        return tuple(sorted({each.dialect for each in self.listeners}))
