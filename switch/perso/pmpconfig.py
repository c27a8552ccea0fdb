"""The PMP in TOML; each error names the file, the line, the field and what was expected.

folder = "pmp"                    # its books, audit chain, officers, orders and XOF files
kir = 1                           # where the HSM keeps the zone master key, as KIR

[[hsm]]
address = "127.0.0.1:1501"        # an Eracom host port; see ``hsmconfig``

[source]                          # the internal data hosting server
address = "127.0.0.1:7444"
peer-name = "hosting.bureau.example"

[tls]
certificate = "pmp.pem"
key = "pmp.key"
authority = "bureau.pem"

In place of source and tls, to pull by FTP:

    [ftp]
    address = "127.0.0.1:2121"
    user = "pmp"
    passphrase-file = "ftp-passphrase"
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from switch.link.lines import Section
from switch.perso.hsmconfig import INDEX_MAX, HsmAddress, read_hsms
from switch.perso.partconfig import Source, address, opened, source, tls


@dataclass(frozen=True)
class FtpSource:
    """An internal server that is asked by FTP."""

    host: str
    port: int
    user: str
    passphrase: Path


@dataclass(frozen=True)
class PmpConfig:
    """The PMP."""

    folder: Path
    kir: int
    hsms: tuple[HsmAddress, ...]
    source: Source | None
    ftp: FtpSource | None = None


def read_pmp(path: str, text: str) -> PmpConfig:
    """What *text*, the content of the file *path*, configures.  Raises ConfigError."""
    section = opened(path, text)
    hsms = read_hsms(section)
    found = PmpConfig(
        Path(section.text("folder", None, "a folder")),
        section.number("kir", 1, 1, INDEX_MAX),
        hsms,
        source(section, tls(section)) if section.has("source") else None,
        _ftp_source(section) if section.has("ftp") else None,
    )
    section.end()
    return found


def _ftp_source(section: Section) -> FtpSource:
    table = section.section("ftp")
    host, port = address(table, "address")
    user, passphrase = table.text("user", None, "a name"), table.text("passphrase-file", None, "a file")
    table.end()
    return FtpSource(host, port, user, Path(passphrase))
