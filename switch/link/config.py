"""Links in TOML; each error names the file, the line, the field and what was expected.

[[link]]
name = "alpha"
spec = "banknet"                 # a dialect of switch/specs
role = "server"                  # or "client", who calls
address = "127.0.0.1:5001"       # where we listen, or whom we call; an IPv6 address in brackets
peers = ["10.1.0.7"]             # addresses from which calls are taken; none named: from all
sign-on = "each"                 # or "either", "none"
network-mti = "0800"
code-field = 70
reversal-requests = false
match = ["class", 11, 41, 7, 32] # or "mti" first
outstanding-max = 1024           # requests of ours without an answer
owed-max = 1024                  # requests of the peer without an answer
queue-max = 256                  # messages kept while the peer doesn't read

[link.codes]                     # of network management; "" for what this network has no code for
sign-on = "001"

[link.responses]                 # DE 39 of the link's own replies
not-signed-on = "91"

[link.elements]                  # in every request of the link itself
32 = "970400"

[link.automatic]                 # each automatic, manual or never
echo = "manual"

[link.seconds]                   # t0, t1, t2, echo-idle, echo-answer, sign-answer, sign-rest, pause, pause-max
t2 = 20

[link.tls]                       # both sides show certificates
certificate = "alpha.pem"
key = "alpha.key"
authority = "members.pem"
peer-name = "switch.alpha.example"  # a DNS name in the peer's certificate
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from switch.codec.codec import codec
from switch.codec.message import MessageError
from switch.codec.spec import Spec
from switch.codec.specfile import load, names
from switch.link.answers import STAN, rejection, request
from switch.link.lines import Section, document
from switch.link.matching import CLASS, TYPE, KeyRule, Timers
from switch.link.profile import CODES, RESPONSES, WITHOUT_MANUAL, Automatic, Because, Control, Profile, SignOn
from switch.link.terms import Purpose
from switch.routing.binfile import NAME

LINKS_MAX = 20_000
COUNT_MOST = 100_000
CLIENT, SERVER = "client", "server"
W = TypeVar("W", Purpose, Because)


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of one link, and the DNS name that the peer's certificate must have."""

    certificate: str
    key: str
    authority: str
    peer_name: str


@dataclass(frozen=True)
class LinkConfig:
    """One link as it is configured."""

    name: str
    spec: str
    host: str
    port: int
    profile: Profile = field(default_factory=Profile)
    key_rule: KeyRule = field(default_factory=KeyRule)
    timers: Timers = field(default_factory=Timers)
    peers: tuple[str, ...] = ()
    tls: TlsFiles | None = None
    outstanding_max: int = 1024
    owed_max: int = 1024
    queue_max: int = 256


def read_links(path: str, text: str) -> tuple[LinkConfig, ...]:
    """The links that *text*, the content of the file *path*, declares, and nothing else.  Raises ConfigError."""
    top = document(path, text)
    rows = top.rows("link")
    top.end()
    links = links_of(rows)
    for row in rows:
        row.end()
    return links


def links_of(rows: Sequence[Section]) -> tuple[LinkConfig, ...]:
    """The link of each of *rows*; what else stands there is left to others.  Raises ConfigError."""
    if len(rows) > LINKS_MAX:
        raise rows[LINKS_MAX].wrong("name", f"no more links than {LINKS_MAX}")
    links: dict[str, LinkConfig] = {}
    taken: dict[tuple[str, int, str], str] = {}
    certificates: dict[tuple[str, int], tuple[str, str, str] | None] = {}
    for row in rows:
        link = _link(row)
        if link.name in links:
            raise row.wrong("name", "a name that no other link has")
        for caller in () if link.profile.calls or link.port == 0 else callers(link):
            other = taken.setdefault((link.host, link.port, caller), link.name)
            if other != link.name:
                raise row.wrong("address", f"peers or a tls.peer-name that tell its calls from those of {other}")
        certificate = None if link.tls is None else (link.tls.certificate, link.tls.key, link.tls.authority)
        place = (link.host, link.port if not link.profile.calls else 0)
        if place[1] and certificates.setdefault(place, certificate) != certificate:
            raise row.wrong("tls", "the same certificate, key and authority as other links at this address")
        links[link.name] = link
    return tuple(links.values())


def callers(link: LinkConfig) -> tuple[str, ...]:
    """What tells the calls for this link from those for another at the same address."""
    return (link.tls.peer_name,) if link.tls is not None else link.peers or ("",)


def _link(row: Section) -> LinkConfig:
    name = row.matching("name", None, NAME.pattern, "1 to 40 letters, digits, dots, dashes and underscores")
    spec = load(row.choice("spec", None, names()))
    role = row.choice("role", None, (CLIENT, SERVER))
    host, port = row.address("address", any_free=role == SERVER)
    timers = row.section("seconds")
    waits = _timers(timers)
    profile = _profile(row, spec, role, timers)
    timers.end()
    peers = row.listed("peers", ())
    if not all(isinstance(each, str) for each in peers) or (peers and role == CLIENT):
        raise row.wrong("peers", "a list of addresses, for a server")
    return LinkConfig(
        name, spec.name, host, port, profile, _key_rule(row, spec), waits, tuple(map(str, peers)), peer_tls(row),
        row.number("outstanding-max", 1024, 1, COUNT_MOST),
        row.number("owed-max", 1024, 1, COUNT_MOST),
        row.number("queue-max", 256, 1, COUNT_MOST),
    )  # fmt: skip


def _timers(table: Section) -> Timers:
    usual = Timers()
    t0, t1 = table.seconds("t0", usual.t0_seconds), table.seconds("t1", usual.t1_seconds)
    try:
        return Timers(t0, t1, table.seconds("t2", usual.t2_seconds))
    except ValueError:
        raise table.wrong("t2", "t2 less than t1, and t1 less than t0") from None


def _profile(row: Section, spec: Spec, role: str, timers: Section) -> Profile:
    usual = Profile()
    network_mti = row.text("network-mti", usual.network_mti)
    if not re.fullmatch("[0-9]8[02]0", network_mti, re.ASCII):
        raise row.wrong("network-mti", "a request or advice of class 8, like 0800")
    elements = row.section("elements")
    own = {_number(elements, key, spec): elements.text(key, None) for key in elements.remaining()}
    profile = Profile(
        calls=role == CLIENT,
        sign_on=SignOn(row.choice("sign-on", usual.sign_on.value, [each.value for each in SignOn])),
        network_mti=network_mti,
        code_field=row.number("code-field", usual.code_field, 2, 128),
        codes=_worded(row.section("codes"), Purpose, CODES, empty=True),
        responses=_worded(row.section("responses"), Because, RESPONSES),
        elements=MappingProxyType(own),
        controls=_controls(row.section("automatic")),
        addresses=_addresses(spec),
        stan_digits=spec.elements[STAN].size if STAN in spec.elements else 6,
        reversal_requests=row.flag("reversal-requests", usual.reversal_requests),
        echo_idle_seconds=timers.seconds("echo-idle", usual.echo_idle_seconds),
        echo_answer_seconds=timers.seconds("echo-answer", usual.echo_answer_seconds),
        sign_answer_seconds=timers.seconds("sign-answer", usual.sign_answer_seconds),
        sign_rest_seconds=timers.seconds("sign-rest", usual.sign_rest_seconds),
        pause_seconds=timers.seconds("pause", usual.pause_seconds),
        pause_seconds_max=timers.seconds("pause-max", usual.pause_seconds_max),
    )
    _try(row, spec, profile)
    return profile


def _try(row: Section, spec: Spec, profile: Profile) -> None:
    """Raises ConfigError when the dialect can't say what the link will have to say by itself."""
    read: dict[str, Purpose] = {}
    for purpose, code in profile.codes.items():
        if read.setdefault(code, purpose) is not purpose:
            raise row.wrong("codes", f"a code for {purpose.value} that is not that of {read[code].value} too")
        message = request(purpose, profile, "1".zfill(profile.stan_digits), "0101000000")
        try:
            codec(spec.name).encode(message) if message else None
        except MessageError as fault:
            raise row.wrong("codes", f"what {spec.name} can say in a {purpose.value}; {fault}") from None
    if profile.automatic(Automatic.REJECT):
        try:
            codec(spec.name).encode(rejection("DE 2", profile, "1".zfill(profile.stan_digits), "0101000000"))
        except MessageError as fault:
            raise row.wrong("automatic", f'reject = "never", as {spec.name} can\'t say a 0620; {fault}') from None


def _addresses(spec: Spec) -> tuple[slice, slice] | None:
    """Where the header has parts called destination and source, equally long."""
    found: dict[str, slice] = {}
    at = 0
    for part in spec.header.parts:
        found[part.name] = slice(at, at + part.bytes_count)
        at += part.bytes_count
    destination, source = found.get("destination"), found.get("source")
    if destination is None or source is None:
        return None
    alike = destination.stop - destination.start == source.stop - source.start
    return (destination, source) if alike else None


def _worded(
    section: Section, words: type[W], usual: Mapping[W, str], empty: bool = False
) -> Mapping[W, str]:  # fmt: skip
    """*usual* with what *section* says instead; an *empty* text takes a word away where that may be."""
    said = {}
    for word in words:
        value = "" if empty and section.taken_empty(word.value) else section.text(word.value, usual[word])
        if value:
            said[word] = value
    section.end()
    return MappingProxyType(said)


def _number(section: Section, key: str, spec: Spec) -> int:
    number = int(key) if key.isascii() and key.isdecimal() and len(key) <= 3 else 0
    if number not in spec.elements:
        raise section.wrong(key, f"the number of an element of {spec.name}")
    return number


def _controls(section: Section) -> Mapping[Automatic, Control]:
    controls = {}
    for each in Automatic:
        known = [c.value for c in Control if c is not Control.MANUAL or each not in WITHOUT_MANUAL]
        controls[each] = Control(section.choice(each.value, Control.AUTOMATIC.value, known))
    section.end()
    return MappingProxyType(controls)


def _key_rule(row: Section, spec: Spec) -> KeyRule:
    usual = KeyRule()
    first, *rest = row.listed("match", (usual.mti, *usual.elements)) or ("",)
    elements = tuple(each for each in rest if isinstance(each, int))
    expected = f'"{CLASS}" or "{TYPE}", then numbers of elements of {spec.name} that are no secret'
    if len(elements) != len(rest) or not set(elements) <= spec.elements.keys() or not isinstance(first, str):
        raise row.wrong("match", expected)
    try:
        return KeyRule(first, elements)
    except ValueError:
        raise row.wrong("match", expected) from None


def peer_tls(row: Section) -> TlsFiles | None:
    """The table tls of *row*, if it has one: our PEM files, and whom we speak to.  Raises ConfigError."""
    if not row.has("tls"):
        return None
    section = row.section("tls")
    certificate, key, authority = (
        section.text(each, None, "a file name") for each in ("certificate", "key", "authority")
    )
    files = TlsFiles(certificate, key, authority, section.text("peer-name", None, "a DNS name"))
    section.end()
    return files
