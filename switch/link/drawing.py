"""A link's tables for readers, in Markdown with a state diagram of each aspect."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from switch.link.profile import CODES, RESPONSES, WITHOUT_MANUAL, Automatic
from switch.link.table import ECHO, LINE, OURS, THEIRS, S, Table
from switch.link.terms import Act, Echo, Line, Ours, Signal, Theirs, Timer

Row = tuple[str, str, str, str]


def _rows(table: Table[S]) -> tuple[Row, ...]:
    return tuple(
        (state.name, signal.name, after.name, ", ".join(act.name for act in acts))
        for (state, signal), (after, acts) in table.items()
    )


ASPECTS: tuple[tuple[str, type[Enum], tuple[Row, ...]], ...] = (
    ("The line", Line, _rows(LINE)),
    ("Our sign-on", Ours, _rows(OURS)),
    ("Their sign-on", Theirs, _rows(THEIRS)),
    ("Echo", Echo, _rows(ECHO)),
)


def link_page(derived: str) -> str:
    """The page; *derived* is the comment that says it is not edited."""
    lines = [
        derived,
        "# The life of a link\n",
        "A link has four aspects, each a table of (state, signal) → state and acts. A signal out of place moves nothing.",
        "Requests of the layer above go out, and the peer's are taken, when the line is connected and sign-on allows it:",
        "`each`: our sign-on opens what we send, the peer's what it sends; `either`: one opens both; `none`: no sign-on.",
        "A peer's request at any other time is answered with `not-signed-on`.\n",
    ]
    for title, states, rows in ASPECTS:
        lines += _aspect(title, states, rows)
    lines += ["## Signals\n", *_meanings(Signal), "## Acts\n", *_meanings(Act), "## Timers\n", *_meanings(Timer)]
    lines += ["## Codes, unless the link says otherwise\n", "| network management | code |", "|---|---|"]
    lines += [f"| {purpose.value} | {code} |" for purpose, code in CODES.items()]
    lines += ["", "| reply of the link itself | DE 39 |", "|---|---|"]
    lines += [f"| {because.value} | {code} |" for because, code in RESPONSES.items()]
    lines += ["", "## What a link sends by itself\n", "| message | may be |", "|---|---|"]
    lines += [
        f"| {each.value} | automatic, {'' if each in WITHOUT_MANUAL else 'manual, '}never |" for each in Automatic
    ]
    return "\n".join(lines) + "\n"


def _aspect(title: str, states: type[Enum], rows: tuple[Row, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {next(iter(states)).name}"
    yield from (f"    {state} --> {after}: {signal}" for state, signal, after, _ in rows)
    yield "```\n"
    yield from _meanings(states)
    yield "| state | signal | becomes | acts |\n|---|---|---|---|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _meanings(words: type[Enum]) -> Iterator[str]:
    yield "| | |\n|---|---|"
    yield from (f"| {word.name} | {word.value} |" for word in words)
    yield ""
