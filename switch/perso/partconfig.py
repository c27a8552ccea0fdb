"""Servers of personalisation in TOML; each error names the file, the line, the field and what was expected.

address = "127.0.0.1:7443"        # where callers are taken
folder = "received"
audit = "receiving.audit"
window = "01:00-04:00"            # UTC; when issuers may push
takers = ["hosting.bureau.example"]  # who may list, take and remove files, by DNS names of certificates
age-hours-max = 24                # how long a file waits to be taken; 0: for ever
files-max = 100
megabytes-max = 10_000

[tls]
certificate = "receiving.pem"
key = "receiving.key"
authority = "bureau.pem"

[issuers]                         # who may push: issuer, and the DNS name of its certificate
970499 = "issuer.example"

    [source]                          # of an inner server: whom it pulls from, and how often
    address = "127.0.0.1:7443"
    peer-name = "receiving.bureau.example"
    every-seconds = 60

An inner server that has an HSM of its own says where its books and keys are, as a PMP does:

    reencipher = "hosting-hsm.toml"   # orders become XOF files under internal transport keys here

It may serve the PMP by FTP, too; users are added by `switch perso users`:

    [ftp]
    address = "127.0.0.1:2121"
    users = "ftp-users.json"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from switch.link.config import TlsFiles
from switch.link.lines import ConfigError, Section, field_lines
from switch.perso.terms import ISSUER
from switch.perso.window import Window

_ADDRESS = re.compile(r"([^\[\]:\s]+):([0-9]{1,5})")
ISSUERS_MAX, TAKERS_MAX, FILES_MAX, MEGABYTES_MAX = 1_000, 16, 10_000, 1_000_000


@dataclass(frozen=True)
class Source:
    """Whom we call to take files from, with which certificate, and how often."""

    host: str
    port: int
    tls: TlsFiles
    every_seconds: float


@dataclass(frozen=True)
class FtpServer:
    """Where an inner server takes FTP callers, and the file of their names and passphrases."""

    host: str
    port: int
    users: Path


@dataclass(frozen=True)
class PartConfig:
    """A server of files: *issuers* by certificate name, *takers* certificate names, and whom it pulls from, if at all,
    and what it re-enciphers orders with, if it does.
    """

    host: str
    port: int
    folder: Path
    audit: Path
    window: Window
    issuers: Mapping[str, str]
    takers: frozenset[str]
    age_hours_max: int
    files_max: int
    bytes_max: int
    tls: TlsFiles
    source: Source | None = None
    reencipher: Path | None = None
    ftp: FtpServer | None = None


def read_part(path: str, text: str) -> PartConfig:
    """The server that *text*, the content of the file *path*, configures.  Raises ConfigError."""
    section = opened(path, text)
    host, port = address(section, "address")
    try:
        window = Window.read(section.text("window", "00:00-00:00"))
    except ValueError as e:
        raise section.wrong("window", str(e)) from None
    takers = section.listed("takers", ())
    if not 0 < len(takers) <= TAKERS_MAX or not all(isinstance(each, str) for each in takers):
        raise section.wrong("takers", f"1 to {TAKERS_MAX} DNS names")
    found = PartConfig(
        host,
        port,
        Path(section.text("folder", None, "a folder")),
        Path(section.text("audit", None, "a file")),
        window,
        _issuers(section),
        frozenset(str(each).lower() for each in takers),
        section.number("age-hours-max", 24, 0, 8_760),
        section.number("files-max", 100, 1, FILES_MAX),
        section.number("megabytes-max", 10_000, 1, MEGABYTES_MAX) * 1_000_000,
        files := tls(section),
        source(section, files) if section.has("source") else None,
        Path(section.text("reencipher", None, "a file")) if section.has("reencipher") else None,
        _ftp_server(section) if section.has("ftp") else None,
    )
    section.end()
    return found


def opened(path: str, text: str) -> Section:
    """The TOML *text* of the file *path*.  Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ConfigError(path, "syntax", f"TOML ({e})") from None
    return Section(path, field_lines(text), (), document)


def address(section: Section, key: str) -> tuple[str, int]:
    """HOST:PORT.  Raises ConfigError."""
    found = _ADDRESS.fullmatch(section.text(key, None, "HOST:PORT"))
    if not found or int(found[2]) > 65_535:
        raise section.wrong(key, "HOST:PORT")
    return found[1], int(found[2])


def tls(section: Section) -> TlsFiles:
    """The table tls, of our own files; whom we call is said elsewhere.  Raises ConfigError."""
    table = section.section("tls")
    certificate, key, authority = (table.text(each, None, "a PEM file") for each in ("certificate", "key", "authority"))
    table.end()
    return TlsFiles(certificate, key, authority, "")


def source(section: Section, files: TlsFiles) -> Source:
    """The table source.  Raises ConfigError."""
    table = section.section("source")
    host, port = address(table, "address")
    name = table.text("peer-name", None, "a DNS name")
    found = Source(host, port, replace(files, peer_name=name), table.seconds("every-seconds", 60.0))
    table.end()
    return found


def _ftp_server(section: Section) -> FtpServer:
    table = section.section("ftp")
    found = FtpServer(*address(table, "address"), Path(table.text("users", None, "a file")))
    table.end()
    return found


def _issuers(section: Section) -> Mapping[str, str]:
    table = section.section("issuers")
    found: dict[str, str] = {}
    for issuer in table.remaining():
        name = table.text(issuer, None, "a DNS name").lower()
        if not ISSUER.fullmatch(issuer) or name in found or len(found) >= ISSUERS_MAX:
            raise table.wrong(issuer, f"an issuer's name and a DNS name of its own, {ISSUERS_MAX} at most")
        found[name] = issuer
    return MappingProxyType(found)
