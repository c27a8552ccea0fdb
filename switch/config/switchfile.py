"""The process itself: who it is, where its tables and its store are, what operators see of it.

Names of files are relative to the configuration's own folder.

[switch]
name = "switch"                # as logs and operators see it
institution = "970400"         # DE 32, 33 and 100 of ours, at most 11 digits
bins = "bins.csv"              # prefix → link; a row "on-us" whose link is "issuer" is answered by our own books
services = "services.toml"     # left out: the catalogue that comes with the product
responses = "responses.toml"   # left out: the codes that come with the product
cutover = "00:00"              # UTC, hh:mm: when the business date turns
state-dir = "state"            # where the store is; --state-dir wins
database = "sqlite:///a.db"    # or postgresql+psycopg://USER@HOST/NAME; left out: switch.db in state-dir; --database wins

[console]                      # left out: none
address = "127.0.0.1:9200"     # a loopback address; port 0, any free one, stands in the ready file
socket = "console.sock"        # or this: a socket that only the user of the process may use

[metrics]                      # left out: none
address = "127.0.0.1:9201"     # Prometheus asks http://ADDRESS/metrics

[log]
file = "switch.log"            # JSON lines; left out: standard error; SIGHUP opens it again
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from switch.cluster.config import ClusterConfig, read_cluster, read_parallel, read_shares
from switch.codec.specfile import load
from switch.config.hsms import HsmConfig, read_hsm
from switch.config.partners import read_partner
from switch.config.tables import TableFiles
from switch.flow.partner import Partner
from switch.issuer.config import IssuerConfig, read_issuer
from switch.keys.config import KeysConfig, LinkKeysConfig, TerminalConfig, read_link_keys, read_terminals
from switch.link.config import LinkConfig, links_of
from switch.link.lines import ConfigError, Section, document
from switch.routing.binfile import NAME
from switch.saf.rules import Rules, read_rules

ISSUER = "issuer"
"""What stands for our own books where a link's name is expected."""
RESERVED = (ISSUER, "console", "metrics")
SOCKET_BYTES_MAX = 107
"""Of a Unix socket's name (unix(7))."""
CONFIG_BYTES_MAX = 64 << 20


@dataclass(frozen=True)
class Address:
    """Where to listen on TCP; port 0: any free one."""

    host: str
    port: int


@dataclass(frozen=True)
class SwitchConfig:
    """One switch.  *cutover_minutes* after midnight, UTC; *console* is a TCP address or a socket's path.

    *pan_key* is the file of the key by which stand-in knows cards; *partners* and *forwarding*, the rules of
    store-and-forward, are by the link's name.
    """

    path: Path
    name: str
    institution: str
    cutover_minutes: int
    files: TableFiles
    pan_key: Path | None
    state_dir: Path
    database: str | None
    links: tuple[LinkConfig, ...]
    partners: Mapping[str, Partner]
    hsm: HsmConfig | None
    keys: KeysConfig
    issuer: IssuerConfig | None
    forwarding: Mapping[str, Rules]
    console: Address | Path | None
    metrics: Address | None
    log: Path | None
    cluster: ClusterConfig | None = None

    @property
    def folder(self) -> Path:
        """Where the file itself is."""
        return self.path.absolute().parent

    @property
    def database_url(self) -> str:
        """Where the store is."""
        return self.database or f"sqlite:///{self.state_dir / 'switch.db'}"


def read_config(path: Path) -> SwitchConfig:
    """The configuration in the file *path*; the tables that it names are not read.  Raises ConfigError."""
    try:
        with path.open("rb") as opened:
            content = opened.read(CONFIG_BYTES_MAX)
        text = content.decode("utf-8")
    except OSError as fault:
        raise ConfigError(str(path), "file", f"a file that can be read: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}", "syntax", "UTF-8 text") from None
    return read_text(path, text)


def read_place(path: Path, ready_file: Path | None) -> Address | Path:
    """Where the console of the switch of *path* listens; its *ready_file* tells the port, where that is any free one.

    Raises ConfigError.
    """
    console = read_config(path).console
    if console is None:
        raise ConfigError(str(path), "console", "an address or a socket, to reach the switch by")
    if not isinstance(console, Address) or console.port:
        return console
    try:
        port = json.loads((ready_file or Path()).read_text(encoding="utf-8"))["ports"]["console"]
    except (OSError, ValueError, LookupError, TypeError):
        port = None
    if not isinstance(port, int):
        raise ConfigError(
            str(path), "console.address", "a port, or the ready file of the running switch with --ready-file"
        )
    return Address(console.host, port)


def read_text(path: Path, text: str) -> SwitchConfig:
    """The configuration in *text*, the content of the file *path*.  Raises ConfigError."""
    folder = path.absolute().parent
    top = document(str(path), text)
    switch = top.section("switch")
    rows = top.rows("link")
    links = tuple(_placed(link, folder) for link in links_of(rows))
    terminal_rows = top.rows("terminal")
    terminals = _reached(terminal_rows, read_terminals(terminal_rows), links)
    shares, parallel = read_shares(rows, links), read_parallel(rows, links)
    partners, keys, forwarding = _of_links(rows, links, parallel)
    cluster = read_cluster(top.section("cluster"), shares) if top.has("cluster") else None
    if cluster is not None:
        _shared(terminal_rows, terminals)
    hsm = read_hsm(top.section("hsm")) if top.has("hsm") else None
    issuer = read_issuer(top.section("issuer")) if top.has("issuer") else None
    if hsm is None and (keys or terminals or issuer or any(partner.mac for partner in partners.values())):
        raise top.wrong("hsm", "an HSM, for the keys, MACs or the issuer that are configured")
    console = _console(top.section("console"), folder) if top.has("console") else None
    metrics = _metrics(top.section("metrics")) if top.has("metrics") else None
    log, stand_in = top.section("log"), top.section("stand-in")
    policies, pan_key = _path(stand_in, "policies", folder), _path(stand_in, "pan-key", folder)
    if (policies is None) != (pan_key is None):
        raise stand_in.wrong("pan-key", "policies and a pan-key, or neither")
    config = SwitchConfig(
        path=path,
        name=switch.matching("name", None, NAME.pattern, "a name"),
        institution=switch.matching("institution", None, "[0-9]{1,11}", "at most 11 digits"),
        cutover_minutes=_cutover(switch),
        files=_files(switch, folder, links, partners, policies, parallel, issuer),
        pan_key=pan_key,
        state_dir=folder / switch.text("state-dir", "state"),
        database=switch.text("database", "") or None,
        links=links,
        partners=partners,
        hsm=hsm,
        keys=KeysConfig(keys, terminals),
        issuer=issuer,
        forwarding=forwarding,
        console=console,
        metrics=metrics,
        log=_path(log, "file", folder),
        cluster=cluster,
    )
    for each in (switch, log, stand_in, top):
        each.end()
    return config


OfLinks = tuple[Mapping[str, Partner], tuple[LinkKeysConfig, ...], Mapping[str, Rules]]


def _of_links(rows: Sequence[Section], links: Sequence[LinkConfig], parallel: Mapping[str, str]) -> OfLinks:
    """Partners, keys and rules of store-and-forward; nothing is left in the links' rows."""
    names = {link.name for link in links}
    partners: dict[str, Partner] = {}
    forwarding: dict[str, Rules] = {}
    keys: list[LinkKeysConfig] = []
    for row, link in zip(rows, links, strict=True):
        if link.name in RESERVED:
            raise row.wrong("name", f"another name than {', '.join(RESERVED)}")
        section = row.section("partner")
        partner = read_partner(section, link.name, load(link.spec))
        partners[link.name] = replace(partner, line=parallel.get(link.name, link.name))
        if partner.relays_to and (partner.relays_to not in names or partner.relays_to == link.name):
            raise section.wrong("relays-to", "the name of another link")
        if row.has("forwarding"):
            forwarding[link.name] = read_rules(row.section("forwarding"))
        shared = read_link_keys(row.section("keys"), link.name)
        keys += [shared] if shared else []
        row.end()
    return MappingProxyType(partners), tuple(keys), MappingProxyType(forwarding)


def _reached(
    rows: Sequence[Section], terminals: tuple[TerminalConfig, ...], links: Sequence[LinkConfig]
) -> tuple[TerminalConfig, ...]:
    """*terminals*, each reached by a link that there is."""
    names = {link.name for link in links}
    for row, terminal in zip(rows, terminals, strict=True):
        if terminal.link and terminal.link not in names:
            raise row.wrong("link", "the name of a link")
    return terminals


def _shared(rows: Sequence[Section], terminals: Sequence[TerminalConfig]) -> None:
    """A terminal's keys are kept by who has its link."""
    for row, terminal in zip(rows, terminals, strict=True):
        if not terminal.link:
            raise row.wrong("link", "the name of a link, as several processes share them")


def _placed(link: LinkConfig, folder: Path) -> LinkConfig:
    """*link*, its files relative to *folder*."""
    if link.tls is None:
        return link
    tls = link.tls
    files = (str(folder / each) for each in (tls.certificate, tls.key, tls.authority))
    certificate, key, authority = files
    return replace(link, tls=replace(tls, certificate=certificate, key=key, authority=authority))


def _files(
    switch: Section, folder: Path, links: tuple[LinkConfig, ...], partners: Mapping[str, Partner], policies: Path | None,
    parallel: Mapping[str, str], issuer: IssuerConfig | None,
) -> TableFiles:  # fmt: skip
    return TableFiles(
        _path(switch, "bins", folder),
        _path(switch, "services", folder),
        _path(switch, "responses", folder),
        frozenset(link.name for link in links) | {ISSUER},
        frozenset(partner.channel for partner in partners.values() if partner.channel),
        policies,
        parallel,
        frozenset() if issuer is None else frozenset(issuer.fees),
    )


def _path(section: Section, key: str, folder: Path) -> Path | None:
    name = section.text(key, "", "the name of a file")
    return folder / name if name else None


def _cutover(switch: Section) -> int:
    text = switch.matching("cutover", "00:00", "(?:[01][0-9]|2[0-3]):[0-5][0-9]", "hh:mm")
    return int(text[:2]) * 60 + int(text[3:])


def _console(section: Section, folder: Path) -> Address | Path:
    if section.has("socket") == section.has("address"):
        raise section.wrong("address", "either an address or a socket")
    if section.has("socket"):
        path = folder / section.text("socket", None, "the name of a socket")
        if len(str(path).encode()) > SOCKET_BYTES_MAX:
            raise section.wrong("socket", f"a path of at most {SOCKET_BYTES_MAX} bytes")
        section.end()
        return path
    address = Address(*section.address("address", any_free=True))
    try:
        loopback = ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise section.wrong("address", "a loopback address, for the console asks nobody who they are")
    section.end()
    return address


def _metrics(section: Section) -> Address:
    address = Address(*section.address("address", any_free=True))
    section.end()
    return address
