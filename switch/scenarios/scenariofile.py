"""Scenarios as files in TOML; each error names the file, the line, the field and what was expected.

title = "No reply from the switch; the issuer had approved"
row = "F13"                      # of the table of failures, or "extra"
figure = "3.13"                  # left out: the thesis has none
story = "..."                    # in words
lasts = 40                       # seconds from the beginning until all is over

[settings]                       # more of the table [link.partner]: the host A's for its link to B
"A-B" = 'unproved = "reverse"'

[[step]]                         # in the order of time
at = 1.5                         # seconds; left out: at once
who = "ATM"                      # a terminal (ATM, POS), a host (A, B, I) or a link (ATM-A, POS-A, A-B, B-I)
does = "withdraws"               # see switch.scenarios.scenario.Does
amount = 500000                  # minor units
card = "member"                  # of the issuer I, or "own": of the terminal's bank A
notes = 0                        # after how many a jammed dispenser stops
seconds = 90                     # by how much a clock is set ahead

[[fault]]
message = "0210"
from = "B"
to = "A"
number = 1                       # which of them; 0: each
harm = "is lost"                 # see switch.scenarios.scenario.Harm
seconds = 5                      # how late
times = 2                        # how often it comes

[ends]
saw = ["withdrawal unable"]      # how each service ended
has = 0                          # minor units that the cardholder left with
differs = ""                     # why that is not what was taken from accounts

[ends.A]                         # and so for B and I
transactions = ["withdrawal: reversed, 68"]
owed = ["0420 to centre: settled, 00"]
irregular = []
taken = 0                        # from accounts of its own customers

[ends.links]
"A-B" = ["A>B 0200", "B>A 0210 00, lost", "A>B 0420", "B>A 0430 00"]

A line of a link that ends in " ..." stands for one such message or more, one that ends in " ?" for any number of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from switch.link.lines import ConfigError, Section, document
from switch.scenarios.scenario import (
    ATM,
    HOSTS,
    LINKS,
    OF_ATM,
    OF_LINKS,
    OF_POS,
    OF_TERMINALS,
    TERMINALS,
    WITH_AMOUNT,
    Does,
    Ends,
    Fault,
    Harm,
    HostEnds,
    Scenario,
    Step,
)

SUFFIX = ".toml"
SECONDS_MOST = 400_000.0
AMOUNT_MOST = 10**9
CARDS = ("member", "own")


def names() -> tuple[str, ...]:
    """The names of the scenarios that come with the product, in order."""
    folder = files(__package__)
    return tuple(sorted(each.name.removesuffix(SUFFIX) for each in folder.iterdir() if each.name.endswith(SUFFIX)))


def load(name: str) -> Scenario:
    """The scenario *name*, one of :func:`names`.  Raises ConfigError."""
    return read(name, f"{name}{SUFFIX}", (files(__package__) / f"{name}{SUFFIX}").read_text(encoding="utf-8"))


def read(name: str, path: str, text: str) -> Scenario:
    """The scenario in *text*, the content of the file *path*.  Raises ConfigError."""
    top = document(path, text)
    scenario = Scenario(
        name,
        top.matching("row", None, "F(0[89]|[12][0-9]|3[0-4])|extra", "F08 to F34, or extra"),
        top.matching("figure", "", r"(3\.[0-9]+)?", "a figure, as 3.13"),
        top.text("title", None),
        top.text("story", None).strip(),
        tuple(_step(row) for row in top.rows("step")),
        tuple(_fault(row) for row in top.rows("fault")),
        _ends(top.section("ends")),
        top.seconds("lasts", 40.0, SECONDS_MOST),
        _settings(top.section("settings")),
    )
    if not scenario.steps or list(scenario.steps) != sorted(scenario.steps, key=lambda step: step.at):
        raise top.wrong("step", "steps in the order of time, one at least")
    top.end()
    return scenario


def _settings(section: Section) -> Mapping[str, str]:
    found = {link: section.text(link, None) for link in section.remaining()}
    for link in found:
        if link not in [f"{a}-{b}" for a in HOSTS for b in (*HOSTS, *TERMINALS)]:
            raise section.wrong(link, "a host and who is at the other end of a link, as A-B")
    return found


def _step(row: Section) -> Step:
    who = row.choice("who", None, (*TERMINALS, *HOSTS, *LINKS))
    does = Does(row.choice("does", None, _can(who)))
    step = Step(
        row.seconds("at", 1.0, SECONDS_MOST) if row.has("at") else 0.0,
        who,
        does,
        row.number("amount", 0, 1, AMOUNT_MOST) if does in WITH_AMOUNT else 0,
        row.number("notes", 0, 0, 100) if does is Does.JAMS else 0,
        row.choice("card", CARDS[0], CARDS) if does in OF_TERMINALS else CARDS[0],
        row.seconds("seconds", 1.0, SECONDS_MOST) if does is Does.CLOCK else 0.0,
    )
    row.end()
    return step


def _can(who: str) -> tuple[str, ...]:
    if who in LINKS:
        return tuple(sorted(OF_LINKS))
    if who in HOSTS:
        return tuple(sorted(set(Does) - OF_LINKS - OF_TERMINALS))
    return tuple(sorted((OF_TERMINALS | {Does.CLOCK}) - (OF_POS if who == ATM else OF_ATM)))


def _fault(row: Section) -> Fault:
    sender = row.choice("from", None, (*TERMINALS, *HOSTS))
    others = [each for link in LINKS for each in link.split("-") if sender in link.split("-") and each != sender]
    harm = Harm(row.choice("harm", None, [each.value for each in Harm]))
    if harm is Harm.KILLS_SENDER and sender in TERMINALS:
        raise row.wrong("harm", "another, for a terminal is not killed")
    fault = Fault(
        sender,
        row.choice("to", None, others),
        row.matching("message", None, "0[1-8][0-9]{2}", "an MTI"),
        harm,
        row.number("number", 1, 0, 1000),
        row.seconds("seconds", 1.0, 3600.0) if harm is Harm.LATE else 0.0,
        row.number("times", 2, 2, 100) if harm is Harm.TWICE else 2,
    )
    row.end()
    return fault


def _ends(section: Section) -> Ends:
    links = section.section("links")
    ends = Ends(
        _lines(section, "saw"),
        section.number("has", 0, 0, AMOUNT_MOST),
        {host: _host(section.section(host)) for host in HOSTS if section.has(host)},
        {link: _lines(links, link) for link in LINKS if links.has(link)},
        section.text("differs", ""),
    )
    links.end()
    section.end()
    return ends


def _host(section: Section) -> HostEnds:
    ends = HostEnds(
        _lines(section, "transactions"),
        _lines(section, "owed"),
        _lines(section, "irregular"),
        section.number("taken", 0, -AMOUNT_MOST, AMOUNT_MOST),
    )
    section.end()
    return ends


def _lines(section: Section, key: str) -> tuple[str, ...]:
    return tuple(str(each) for each in section.listed(key, ()))


__all__ = ["ConfigError", "load", "names", "read"]
