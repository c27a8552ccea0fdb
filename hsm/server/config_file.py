"""Reads ``hsm serve``'s TOML file into a Config; each error names the file, the line, the field and what was expected.

bind = "127.0.0.1"              # for all ports
state-dir = "state"
passphrase-file = "phrase"      # or key-file; either opens the vault of the state directory
profile = "legacy"              # or "hardened"
workers = 2
authorise = ["all"]
ready-file = "ready.json"
seed = 1
km = "test-2266"                # the Domain Master Key, for Eracom ports

[lmk]                           # and [old-lmk]
00 = "test-variant"

[stored-key]                    # clear keys that Eracom hosts name by type and index, under a published KM only
"01:22" = "66666666666666666666666666666666"

[settings]
zmk-length = "double"

[limits]                        # hsm.server.ports.Limits, with hyphens
connections-max = 64

[console]
port = 9100                     # telnet, on loopback
ssh-port = 9122
bind = "127.0.0.1"              # for both
authorized-keys = "operators.pub"
host-key = "ssh_host_ed25519"
socket = "console.sock"
idle-seconds = 600

[[host]]
name = "thales"
port = 1500
bind = "127.0.0.1"
header-length = 4
lmk = "00"
dialect = "thales"              # or "eracom", which has no header, LMK or character set
charset = "ascii"               # or "ebcdic"
tls-cert = "server.pem"         # these make it a TLS port
tls-key = "server.key"
tls-client-ca = "clients.pem"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from hsm.server.config import (
    CHARSETS,
    CONSOLE_IDLE_SECONDS,
    CONSOLE_PORT_NAMES,
    DIALECTS,
    HEADER_BYTES_MAX,
    HOST_PORT,
    PROFILES,
    STORED_KEY_EXPECTED,
    WORKERS_MAX,
    Config,
    ConfigError,
    ConsoleConfig,
    LoadedLmk,
    Setting,
    StoredKeyGiven,
    stored_key_given,
)
from hsm.server.ports import Limits, Listener, TlsFiles

FILE_BYTES_MAX = 1_048_576
IDLE_SECONDS_MAX = 86_400

_HEADING = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]*\"|'[^']*')\s*=")


def key_lines(text: str) -> dict[tuple[str, int, str], int]:
    """The line, from 1, of each ``(table, which of its name, key)`` in TOML *text*; key '' is the table's heading.

    tomllib tells no positions.  Dotted keys and inline tables are not looked into.

    >>> key_lines('bind = "x"\\n[[host]]\\nport = 1\\n')
    {('', 0, 'bind'): 1, ('host', 0, ''): 2, ('host', 0, 'port'): 3}
    """
    lines: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.match(line):
            table = heading[1].strip("\"'")
            counts[table] = counts.get(table, -1) + 1
            lines[table, counts[table], ""] = number
        elif key := _KEY.match(line):
            lines.setdefault((table, counts.get(table, 0), key[1].strip("\"'")), number)
    return lines


class _Table:
    """One TOML table, from which fields are taken; what is left over at the end is unknown."""

    def __init__(self, path: str, lines: dict[tuple[str, int, str], int], value: object, name: str, which: int) -> None:
        self._path, self._lines, self._name, self._which = path, lines, name, which
        if not isinstance(value, dict):
            raise ConfigError(self.where(""), name, "a table")
        self._left: dict[str, object] = dict(value)

    def where(self, key: str) -> str:
        places = ((self._name, self._which, key), (self._name, self._which, ""), ("", 0, self._name))
        line = next((self._lines[place] for place in places if place in self._lines), None)
        return f"{self._path}, line {line}" if line else self._path

    def field(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def wrong(self, key: str, expected: str) -> ConfigError:
        return ConfigError(self.where(key), self.field(key), expected)

    def take(self, key: str) -> object:
        return self._left.pop(key, None)

    def text(self, key: str, expected: str = "a string") -> str | None:
        value = self.take(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self.wrong(key, expected)

    def choice(self, key: str, known: tuple[str, ...]) -> str | None:
        expected = "one of " + ", ".join(known)
        value = self.text(key, expected)
        if value is not None and value not in known:
            raise self.wrong(key, expected)
        return value

    def number(self, key: str, low: int, high: int) -> int | None:
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, "a list of strings")
        return tuple(value)

    def pairs(self) -> list[tuple[str, str, str]]:
        """Everything left, as (name, value, where); yes/no and numbers are taken as their words."""
        found = []
        for key in tuple(self._left):
            value = self.take(key)
            if isinstance(value, bool):
                value = "yes" if value else "no"
            if not isinstance(value, str | int):
                raise self.wrong(key, "a string, a whole number, true or false")
            found.append((key, str(value), self.where(key)))
        return found

    def end(self, known: str) -> None:
        for key in self._left:
            raise self.wrong(key, f"only known keys ({known})")


def lmk_id(text: str) -> str | None:
    """The two digits of an LMK identifier of one or two; None for anything else.

    >>> lmk_id("1"), lmk_id("99"), lmk_id("x")
    ('01', '99', None)
    """
    return text.zfill(2) if re.fullmatch("[0-9]{1,2}", text, re.ASCII) else None


def read_config(path: str) -> Config:
    """The Config of the TOML file at *path*.  Raises ConfigError."""
    try:
        with Path(path).open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as fault:
        raise ConfigError(path, "--config", f"a readable file ({fault.strerror})") from None
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(path, "--config", f"at most {FILE_BYTES_MAX} bytes")
    try:
        text = content.decode()
        whole = tomllib.loads(text)
    except UnicodeDecodeError:
        raise ConfigError(path, "--config", "UTF-8 text") from None
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r"at line (\d+)", str(fault))
        line = found[1] if found else len(text.splitlines())
        raise ConfigError(f"{path}, line {line}", "syntax", f"TOML ({fault})") from None
    return _config(path, key_lines(text), whole)


def _config(path: str, lines: dict[tuple[str, int, str], int], whole: dict[str, object]) -> Config:
    top = _Table(path, lines, whole, "", 0)

    def table(name: str) -> _Table:
        value = top.take(name)
        return _Table(path, lines, {} if value is None else value, name, 0)

    hosts = top.take("host")
    if hosts is not None and not isinstance(hosts, list):
        raise ConfigError(top.where("host"), "host", "[[host]] tables")
    bind = top.text("bind") or Listener.host
    listeners: list[Listener] = []
    for which, each in enumerate(hosts or ()):
        listeners.append(_listener(_Table(path, lines, each, "host", which), bind, listeners))
    settings = table("settings")
    limits = table("limits")
    config = Config(
        listeners=tuple(listeners) or (Listener("thales", HOST_PORT, bind),),
        state_dir=top.text("state-dir", "a directory"),
        lmks=_lmks(table("lmk")),
        old_lmks=_lmks(table("old-lmk")),
        km=top.text("km", "the name of a Domain Master Key"),
        stored_keys=_stored_keys(table("stored-key")),
        settings=tuple(Setting(*each) for each in settings.pairs()),
        profile=top.choice("profile", PROFILES),
        passphrase_file=top.text("passphrase-file", "a file name"),
        key_file=top.text("key-file", "a file name"),
        authorise=top.words("authorise"),
        workers=top.number("workers", 0, WORKERS_MAX) or 0,
        ready_file=top.text("ready-file", "a file name"),
        seed=top.number("seed", 0, 2**64 - 1),
        limits=_limits(limits),
        console=_console(table("console")),
    )
    top.end(
        "bind, state-dir, passphrase-file, key-file, profile, workers, authorise, ready-file, seed, km, lmk, old-lmk,"
        " stored-key, settings, limits, console, host"
    )
    return config


def _listener(table: _Table, bind: str, others: list[Listener]) -> Listener:
    dialect = table.choice("dialect", DIALECTS) or Listener.dialect
    name = table.text("name") or (dialect if not others else f"{dialect}-{len(others) + 1}")
    if any(each.name == name for each in others) or name in CONSOLE_PORT_NAMES:
        raise table.wrong("name", f"a name that no other [[host]] has, nor {' or '.join(CONSOLE_PORT_NAMES)}")
    port = table.number("port", 0, 65535)
    if port is None:
        raise table.wrong("port", "a port number (0: any free one)")
    lmk = table.text("lmk", "an LMK id of two digits")
    if lmk is not None and lmk_id(lmk) is None:
        raise table.wrong("lmk", "an LMK id of two digits")
    certificate, key, client_ca = (table.text(each, "a file name") for each in ("tls-cert", "tls-key", "tls-client-ca"))
    if (certificate is None) != (key is None) or (client_ca is not None and certificate is None):
        raise table.wrong("tls-cert", "tls-cert and tls-key together")
    header_bytes = table.number("header-length", 0, HEADER_BYTES_MAX)
    listener = Listener(
        name=name,
        port=port,
        host=table.text("bind") or bind,
        dialect=dialect,
        header_bytes=Listener.header_bytes if header_bytes is None else header_bytes,
        lmk_id=None if lmk is None else lmk_id(lmk),
        charset=table.choice("charset", CHARSETS) or Listener.charset,
        tls=None if certificate is None or key is None else TlsFiles(certificate, key, client_ca),
    )
    table.end("name, port, bind, dialect, header-length, lmk, charset, tls-cert, tls-key, tls-client-ca")
    return listener


def _console(table: _Table) -> ConsoleConfig:
    idle = table.number("idle-seconds", 1, IDLE_SECONDS_MAX)
    console = ConsoleConfig(
        port=table.number("port", 0, 65535),
        ssh_port=table.number("ssh-port", 0, 65535),
        host=table.text("bind", "an address") or ConsoleConfig.host,
        socket=table.text("socket", "a file name"),
        authorized_keys=table.text("authorized-keys", "a file name"),
        host_key=table.text("host-key", "a file name"),
        idle_seconds=CONSOLE_IDLE_SECONDS if idle is None else idle,
    )
    table.end("port, ssh-port, bind, socket, authorized-keys, host-key, idle-seconds")
    return console


def _lmks(table: _Table) -> tuple[LoadedLmk, ...]:
    loaded = []
    for key, name, where in table.pairs():
        identifier = lmk_id(key)
        if identifier is None:
            raise table.wrong(key, "an LMK id of two digits")
        loaded.append(LoadedLmk(identifier, name, where))
    return tuple(loaded)


def _stored_keys(table: _Table) -> tuple[StoredKeyGiven, ...]:
    stored = []
    for place, key, where in table.pairs():
        given = stored_key_given(place, key, where)
        if given is None:
            raise table.wrong(place, STORED_KEY_EXPECTED)
        stored.append(given)
    return tuple(stored)


def _limits(table: _Table) -> Limits:
    given: dict[str, int | float] = {}
    for each in fields(Limits):
        key = each.name.replace("_", "-")
        value = table.take(key)
        if value is None:
            continue
        whole = isinstance(each.default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < whole:
            raise table.wrong(key, "a whole number from 1" if whole else "a number from 0")
        given[each.name] = value
    table.end(", ".join(each.name.replace("_", "-") for each in fields(Limits)))
    return Limits(**given)  # type: ignore[arg-type]  # each value was checked against its field's own default
