"""The sequence chart of a run, as text for a terminal and in Mermaid for pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from switch.scenarios.scenario import HOSTS, LINKS, A, B, HostEnds, I, Scenario
from switch.scenarios.seen import NETWORK, Seen

NAMES: Mapping[str, str] = {"ATM": "ATM", "POS": "POS", A: "A, acquirer", B: "B, switch", I: "I, issuer"}
WIDTH = 30
"""Columns between two parties."""
HARMLESS = ("", "late")


def shown(all_seen: Sequence[Seen]) -> list[Seen]:
    """What a chart shows: no network management."""
    return [each for each in all_seen if each.event or each.mti[1] != NETWORK]


def parties(all_seen: Sequence[Seen]) -> list[str]:
    """Who takes part, from left to right."""
    there = {end for each in all_seen for end in (each.sender, each.receiver)}
    return [name for name in NAMES if name in there or name in HOSTS]


def chart(all_seen: Sequence[Seen]) -> str:
    """The chart as text: a line for each message, with the second at which it was sent."""
    drawn = shown(all_seen)
    columns = parties([each for each in drawn if each.sender not in LINKS])
    lines = [" " * 10 + "".join(NAMES[each].ljust(WIDTH) for each in columns).rstrip()]
    for each in drawn:
        lines.append(f"{each.at:8.3f}  " + (_event(each, columns) if each.event else _arrow(each, columns)).rstrip())
    return "\n".join(lines) + "\n"


def _bars(columns: Sequence[str]) -> list[str]:
    return list("".join("|".ljust(WIDTH) for _ in columns))


def _arrow(each: Seen, columns: Sequence[str]) -> str:
    line = _bars(columns)
    start, end = sorted((columns.index(each.sender) * WIDTH, columns.index(each.receiver) * WIDTH))
    text = " ".join(word for word in (each.mti, each.response, f"({each.fate})" if each.fate else "") if word)
    body = f" {text} ".center(end - start - 3, "-")
    harmed = "x" if each.fate not in HARMLESS and "times" not in each.fate else ""
    right = columns.index(each.receiver) > columns.index(each.sender)
    arrow = f"{body}{harmed or '>'}" if right else f"{harmed or '<'}{body}"
    line[start + 1 : end] = list(f" {arrow} "[: end - start - 1].ljust(end - start - 1))
    return "".join(line)


def _event(each: Seen, columns: Sequence[str]) -> str:
    line = _bars(columns)
    first = each.sender.split("-")[0]
    at = columns.index(first) * WIDTH + 1 if first in columns else 0
    text = f" * {each.sender} {each.event}"
    line[at : at + len(text)] = list(text)
    return "".join(line)


def mermaid(all_seen: Sequence[Seen]) -> str:
    """The chart in Mermaid."""
    drawn = shown(all_seen)
    columns = parties([each for each in drawn if each.sender not in LINKS])
    lines = ["sequenceDiagram", *(f"    participant {each} as {NAMES[each]}" for each in columns)]
    for each in drawn:
        if each.event:
            over = ",".join(end for end in each.sender.split("-") if end in columns)
            lines.append(f"    Note over {over}: {each.sender} {each.event}")
            continue
        lost = each.fate and each.fate not in HARMLESS and "times" not in each.fate and each.fate != "the last"
        arrow = "-x" if lost else "->>"
        text = " ".join(word for word in (each.mti, each.response, f"({each.fate})" if each.fate else "") if word)
        lines.append(f"    {each.sender}{arrow}{each.receiver}: {text}, {each.at:.1f} s")
    return "\n".join(lines) + "\n"


def page(derived: str, scenario: Scenario, all_seen: Sequence[Seen]) -> str:
    """*scenario* for readers: its story, the chart of a run, and what everybody holds at the end."""
    figure = f", figure {scenario.figure}" if scenario.figure else ""
    lines = [derived, f"# {scenario.title}\n", f"`{scenario.name}`, {scenario.row}{figure}\n", f"{scenario.story}\n"]
    if scenario.settings:
        lines.append("Settings: " + "; ".join(f"{link}: `{text}`" for link, text in scenario.settings.items()) + "\n")
    lines += ["```mermaid", mermaid(all_seen) + "```\n", *_ends(scenario)]
    return "\n".join(lines)


def _ends(scenario: Scenario) -> Iterator[str]:
    ends = scenario.ends
    yield "| at the end | |\n|---|---|"
    yield f"| the cardholder saw | {'; '.join(ends.saw)} |"
    yield f"| and has | {ends.has:,} |"
    for name in HOSTS:
        host = ends.hosts.get(name, HostEnds())
        yield f"| {name}'s transactions | {'; '.join(host.transactions) or 'none'} |"
        if host.owed:
            yield f"| {name} was owing | {'; '.join(host.owed)} |"
        if host.irregular:
            yield f"| {name}'s exceptions | {'; '.join(host.irregular)} |"
        if host.taken:
            yield f"| taken from {name}'s customer | {host.taken:,} |"
    yield ""
    if ends.differs:
        yield f"The two amounts differ: {ends.differs}.\n"


def index(derived: str, scenarios: Sequence[Scenario], form: str) -> str:
    """A page that lists *scenarios*, and tells their *form* as a file."""
    lines = [derived, "# What can go wrong, played out\n"]
    lines += [
        "Terminals, the acquirer A, the switch B and the issuer I, and what each must hold when all is over.",
        "`switch scenario run all` plays them in simulation, with `--sockets` by processes, an HSM and lines that lose",
        "and cut; `draw NAME` shows a run. The charts here are of simulated runs, without network management.\n",
    ]
    lines.append("| row | figure | scenario |\n|---|---|---|")
    lines += [f"| {s.row} | {s.figure} | [{s.title}]({s.name}.md) |" for s in scenarios]
    lines += ["\n## A scenario as a file\n", "```toml", form.strip(), "```"]
    return "\n".join(lines) + "\n"
