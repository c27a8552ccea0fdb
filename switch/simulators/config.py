"""Simulated terminals in TOML; each error names the file, the line, the field and what was expected.

Names of files are relative to the configuration's own folder.

The keys' file has a line for each terminal: its id, the two components of its master key (TMK), of 32 hexadecimal digits
each, and the key's check value.  It is a secret of the simulators alone, as are the components of a real terminal until
they are typed in; nobody but its owner may read it.

[simulate]
cards = "cards.csv"              # name,pan,expiry,service_code,discretionary,chip: what lies on the cards, and no PIN
box = "cards.box"                # left out: none; chip cards as the bureau's production leaves them, by the order's name
                                 # and the number there (970499/0001/1); no two processes may have the same box
box-key = "box.key"              # what it is sealed under, 64 hexadecimal digits; a secret like the keys' file
aid = "A0000000031010"           # by which a terminal selects the application of a chip
keys = "terminals.keys"          # what a technician would type into each keypad, see above
commands = "127.0.0.1:0"         # where commands are taken, a loopback address; left out: standard input
answer-seconds = 45              # T0: how long a terminal waits for its host
reversal-seconds = 10            # how long until a reversal without an answer is sent again
trace = true                     # each message as a masked line on standard error

[[link]]                         # as in the switch's own configuration, but for TLS; always role = "client"
name = "atm-1"
spec = "napas"
role = "client"
address = "127.0.0.1:5001"
dial-up = true                   # call for each transaction and hang up behind it; one terminal
[link.wire]                      # left out: as fast as the network is
bits-per-second = 64000
latency-seconds = 0.02

[[terminal]]                     # one or more on a link
id = "ATM00001"                  # DE 41
link = "atm-1"
channel = "atm"                  # or "pos"
merchant = "970436000000001"     # DE 42
place = "Hang Bai, Ha Noi"       # DE 43; left out: not said
category = "6011"                # DE 18
currency = "704"                 # DE 49
country = "704"                  # what a chip is told (tag 9F1A)
cassettes = ["500000x100"]       # of an ATM: banknotes in minor units, and how many
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hmac import compare_digest
from pathlib import Path
from stat import S_IMODE

from switch.codec.codec import codec
from switch.codec.message import MessageError
from switch.codec.nested import Misfit
from switch.keys.terminalforms import form_of
from switch.link.config import LinkConfig, links_of
from switch.link.lines import ConfigError, Section, document
from switch.link.matching import KeyRule, Timers
from switch.perso.cardbox import BoxError, CardBox
from switch.perso.tracks import TrackError
from switch.simulators.card import Card, read_cards
from switch.simulators.cassette import CASSETTES_MAX, Cassette
from switch.simulators.epp import Epp, KeyRefused
from switch.simulators.terminal import Channel, Terminal
from switch.simulators.wallet import Wallet
from switch.simulators.wording import samples

FILE_BYTES_MAX = 16 << 20
TERMINALS_MAX = 20_000
BITS_PER_SECOND_MOST = 10**9
NOTES_IN_CASSETTE_MOST = 10_000
ATM_CATEGORY = "6011"
_KEYS = re.compile(r"(\S{1,8})\s+([0-9A-Fa-f]{32})\s+([0-9A-Fa-f]{32})\s+([0-9A-Fa-f]{6})")
ANSWERED_BY = KeyRule(elements=(11, 41))
"""A terminal says no DE 7 and 32, so its STAN and its id are what an answer is known by."""


@dataclass(frozen=True)
class Wire:
    """What the line can carry each way; 0 bits a second: as much as comes."""

    bits_per_second: int = 0
    latency_seconds: float = 0.0


@dataclass(frozen=True)
class Line:
    """A link to a host, and how it is reached."""

    link: LinkConfig
    wire: Wire | None = None
    dial_up: bool = False


@dataclass(frozen=True)
class Placed:
    """A terminal on the link called *link*, with its keypad and, in an ATM, its *cassettes*."""

    terminal: Terminal
    link: str
    epp: Epp
    cassettes: tuple[Cassette, ...] = ()


@dataclass(frozen=True)
class SimulateConfig:
    """All of one process; *commands* is a loopback address, or None for standard input."""

    lines: tuple[Line, ...]
    terminals: tuple[Placed, ...]
    cards: Mapping[str, Card]
    commands: tuple[str, int] | None
    reversal_seconds: float
    trace: bool
    wallet: Wallet | None = None


def read_config(path: Path) -> SimulateConfig:
    """The configuration in the file *path* and those that it names.  Raises ConfigError."""
    folder = path.absolute().parent
    top = document(str(path), _content(path))
    own = top.section("simulate")
    answer_seconds = own.seconds("answer-seconds", Timers().t0_seconds, 3600.0)
    cards = folder / own.text("cards", None, "the name of a file")
    keys = folder / own.text("keys", None, "the name of a file")
    epps = _epps(keys)
    lines = _lines(top.rows("link"), answer_seconds)
    wallet = _wallet(own, folder)
    config = SimulateConfig(
        tuple(lines.values()),
        _terminals(top.rows("terminal"), lines, epps, keys),
        {**read_cards(str(cards), _content(cards)), **(wallet.stripes if wallet else {})},
        _loopback(own) if own.has("commands") else None,
        own.seconds("reversal-seconds", 10.0, 3600.0),
        own.flag("trace", False),
        wallet,
    )
    own.end()
    top.end()
    return config


def _wallet(own: Section, folder: Path) -> Wallet | None:
    aid = own.matching("aid", "A0000000031010", "([0-9A-F]{2}){5,16}", "an AID: 5 to 16 bytes in hexadecimal")
    if not own.has("box"):
        return None
    box, key_file = (folder / own.text(name, None, "the name of a file") for name in ("box", "box-key"))
    key = _secret(key_file).strip()
    if not box.is_file():
        raise ConfigError(str(box), "file", "a box of cards")
    if not re.fullmatch("[0-9A-Fa-f]{64}", key):
        raise ConfigError(str(key_file), "key", "64 hexadecimal digits")
    try:
        return Wallet(CardBox(box, bytes.fromhex(key), os.urandom), bytes.fromhex(aid))
    except (BoxError, TrackError) as fault:
        raise ConfigError(str(box), "box", f"cards that can be read: {fault}") from None


def _content(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            return opened.read(FILE_BYTES_MAX).decode("utf-8")
    except OSError as fault:
        raise ConfigError(str(path), "file", f"a file that can be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "file", "UTF-8 text") from None


def _secret(path: Path) -> str:
    content = _content(path)
    if S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(str(path), "file", "a file that nobody but its owner may read (mode 600)")
    return content


def _loopback(own: Section) -> tuple[str, int]:
    host, port = own.address("commands", any_free=True)
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        # Who may order terminals about types PINs, which are in the clear on this line.
        raise own.wrong("commands", "a loopback address: PINs are typed there")
    return host, port


def _lines(rows: Sequence[Section], answer_seconds: float) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    waits = Timers(answer_seconds * 4, answer_seconds * 2, answer_seconds)
    for row, link in zip(rows, links_of(rows), strict=True):
        if not link.profile.calls:
            raise row.wrong("role", "client: a terminal calls its host")
        if link.tls is not None:
            raise row.wrong("tls", "nothing: simulated terminals speak in the clear")
        link = replace(link, key_rule=ANSWERED_BY, timers=waits)
        wire = _wire(row.section("wire")) if row.has("wire") else None
        lines[link.name] = Line(link, wire, row.flag("dial-up", False))
        row.end()
    return lines


def _wire(section: Section) -> Wire:
    bits = section.number("bits-per-second", 0, 0, BITS_PER_SECOND_MOST)
    latency = section.seconds("latency-seconds", 0.0, 60.0) if section.has("latency-seconds") else 0.0
    section.end()
    return Wire(bits, latency)


def _terminals(
    rows: Sequence[Section], lines: Mapping[str, Line], epps: Mapping[str, Epp], keys: Path
) -> tuple[Placed, ...]:  # fmt: skip
    found: dict[str, Placed] = {}
    tried: set[tuple[str, Channel]] = set()
    alone: set[str] = set()
    for row in rows:
        placed = _terminal(row, lines, epps, keys)
        id, line = placed.terminal.id, lines[placed.link]
        if id in found or len(found) >= TERMINALS_MAX:
            raise row.wrong("id", f"an id that no other terminal has, and at most {TERMINALS_MAX} terminals")
        if line.dial_up and placed.link in alone:
            raise row.wrong("link", "a dialled link has one terminal")
        alone.add(placed.link)
        if (line.link.spec, placed.terminal.channel) not in tried:
            _try(row, placed.terminal)
            tried.add((line.link.spec, placed.terminal.channel))
        found[id] = placed
    return tuple(found.values())


def _terminal(row: Section, lines: Mapping[str, Line], epps: Mapping[str, Epp], keys: Path) -> Placed:
    link = row.choice("link", None, tuple(lines))
    channel = Channel(row.choice("channel", None, [each.value for each in Channel]))
    terminal = Terminal(
        row.matching("id", None, "[ -~]{7}[!-~]", "DE 41: eight printable characters, no blank at the end"),
        channel,
        lines[link].link.spec,
        row.matching("merchant", None, "[ -~]{1,15}", "DE 42: at most 15 printable characters"),
        row.matching("place", "", "[ -~]{0,40}", "DE 43: at most 40 printable characters"),
        row.matching("category", ATM_CATEGORY if channel is Channel.ATM else None, "[0-9]{4}", "DE 18: four digits"),
        row.matching("currency", "704", "[0-9]{3}", "DE 49: three digits"),
        row.matching("country", "704", "[0-9]{3}", "ISO 3166: three digits"),
    )
    epp = epps.get(terminal.id)
    if epp is None:
        raise row.wrong("id", f"a terminal whose key is in {keys}")
    cassettes = _cassettes(row) if channel is Channel.ATM else ()
    row.end()
    return Placed(terminal, link, epp, cassettes)


def _cassettes(row: Section) -> tuple[Cassette, ...]:
    expected = f'1 to {CASSETTES_MAX} texts like "500000x100"'
    found = [
        re.fullmatch(r"([1-9][0-9]{0,11})x([0-9]{1,5})", str(each), re.ASCII) for each in row.listed("cassettes", ())
    ]
    cassettes = tuple(Cassette(int(each[1]), int(each[2])) for each in found if each)
    wrong = len(cassettes) != len(found) or not 0 < len(found) <= CASSETTES_MAX
    if wrong or any(each.count > NOTES_IN_CASSETTE_MOST for each in cassettes):
        raise row.wrong("cassettes", expected)
    return cassettes


def _try(row: Section, terminal: Terminal) -> None:
    """Raises ConfigError when the dialect can't say what the terminal will have to say."""
    try:
        form_of(codec(terminal.spec))
        for message in samples(terminal):
            codec(terminal.spec).encode(message)
    except (MessageError, Misfit, ValueError) as fault:
        raise row.wrong(
            "link", f"a dialect that can say what this terminal asks; {terminal.spec} can't: {fault}"
        ) from None


def _epps(path: Path) -> Mapping[str, Epp]:
    """A keypad for each terminal in the file of components."""
    content = _secret(path)
    epps: dict[str, Epp] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{path}, line {number}"
        found = _KEYS.fullmatch(line.strip())
        if found is None or found[1] in epps:
            raise ConfigError(where, "key", "a terminal that is not there yet, two components and a check value")
        try:
            epp = Epp((bytes.fromhex(found[2]), bytes.fromhex(found[3])))
        except KeyRefused as fault:
            raise ConfigError(where, "components", f"a master key: {fault}") from None
        if not compare_digest(epp.master_check_value, found[4].upper()):
            raise ConfigError(where, "check value", "that of these components' key")
        epps[found[1]] = epp
    return epps
