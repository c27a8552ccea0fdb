"""Manual pages for whoever runs a switch: its file, its console, its metrics and its log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

from hsm.client.figures import LATENCY_BOUNDS_SECONDS, PoolFigures
from switch.cluster import config as cluster
from switch.config import hsms, partners, switchfile, tables
from switch.issuer import bookfile
from switch.issuer import config as issuer
from switch.keys import config as keys
from switch.link import config as links
from switch.operator.commands import COMMANDS
from switch.operator.events import EVENTS
from switch.operator.exposition import families
from switch.operator.figures import Figures
from switch.operator.views import Kept, Running, StoreView
from switch.routing import binfile
from switch.simulators import commands as terminals
from switch.simulators import config as simulated
from switch.simulators.terminal import OFFERS
from switch.standin import cardfile, policyfile

PARTS: tuple[ModuleType, ...] = (switchfile, hsms, links, partners, keys, issuer, tables, cluster)
"""The modules whose docstrings are the pages' tables, in the file's order."""

FILES = {"Prefixes": binfile, "Accounts and cards": bookfile, "Cards of a stand-in policy": cardfile}
"""Other files, shown in the docstrings of the modules that read them."""
NO_TIMES = (0,) * (len(LATENCY_BOUNDS_SECONDS) + 1)
SIGNALS = (
    ("SIGTERM, SIGINT", "signs off, lets what is under way come to its end, closes the links and the store, and ends"),
    ("SIGHUP", "opens the log's file again, for whoever has moved it away"),
)


def configuration_page(mark: str) -> str:
    """Every field of the file, from the docstrings of the modules that read them."""
    lines = [
        mark,
        "# Configuration of `switch serve`\n",
        "One TOML file makes a switch, a bank's host or a concentrator. An error names the file, the line, the field and",
        "what was expected; `switch serve` then ends with status 2. What is left out has the value shown, unless the",
        "remark says otherwise or there can be none.\n",
        "`--state-dir`, `--database` and `--member` win over the file. `--ready-file`, JSON, is written when all listens:",
        '`{"pid": …, "ports": {"alpha": …, "console": …, "metrics": …}}`, a port for each link that takes calls;',
        "in a cluster for those that the process has by then.\n",
    ]
    for part in PARTS:
        lines += _tables(part)
    lines.append("# The files that it names\n")
    lines += _tables(policyfile)
    for heading, part in FILES.items():
        lines.append(f"## {heading}\n\n{_markdown(part.__doc__ or '').rstrip()}\n")
    return "\n".join(lines) + "\n"


def _tables(part: ModuleType) -> Iterator[str]:
    """What a module's docstring says, then its tables."""
    text = part.__doc__ or ""
    prose, bracket, tables = text.partition("\n\n[")
    assert bracket, f"{part.__name__} shows the tables that it reads"
    heading, _, rest = prose.partition("\n\n")
    yield f"## {_heading(tables)}\n"
    yield f"{heading}\n"
    if rest:
        yield f"{rest}\n"
    yield f"```toml\n[{tables.rstrip()}\n```\n"


def _markdown(text: str) -> str:
    """A docstring's marks as Markdown has them."""
    return re.sub(":[a-z]+:`", "`", text).replace("``", "`")


def _heading(tables: str) -> str:
    """The outermost tables' names."""
    named = [line.strip("[]").split("]")[0] for line in f"[{tables}".splitlines() if line.startswith("[")]
    return ", ".join(f"`{name}`" for name in dict.fromkeys(named))


def simulators_page(mark: str) -> str:
    """The file of simulated terminals, and what they can be ordered."""
    lines = [
        mark,
        "# Simulated terminals\n",
        "`switch simulate --config FILE` runs ATMs and POS terminals that talk to a host over TCP, until its standard",
        "input ends or it gets SIGTERM or SIGINT. `--ready-file` is written as JSON, with the port `commands` if there is",
        "one.\n",
        *_tables(simulated),
        "## Commands\n",
        "One JSON object a line, answered by one line; what happens without a command (`link`, `reversal`, `late answer`)",
        "comes in lines with `event`. `id` is said back; `card` names a row of the cards' file; `pin` and `new-pin` are",
        "what is typed at the keypad.\n",
        "```json",
        '{"id": 1, "terminal": "ATM00001", "do": "withdrawal", "amount": 500000, "card": "an", "pin": "1234"}',
        "```\n",
        "| | `do` |\n|---|---|",
        *(
            f"| {channel.value} | {', '.join((*map(terminals.ordered_as, offers), *terminals.DO[channel]))} |"
            for channel, offers in OFFERS.items()
        ),
        "\nFurther fields: `amount` in minor units; `from-type`, `to-type`, `from`, `to` of a transfer; `invoice` of a",
        "void or refund; `keyed` (the card's number is typed in) and `damaged` (its stripe); `fault` with `notes`:",
        f"{', '.join(terminals.FAULTS)}. The chip of a card in the box is asked for a cryptogram of each transaction,",
        "and told the answer: what an approval is to it is said in `chip`; one that it does not accept is reversed. The",
        f"field `chip` of a command has it otherwise: {', '.join(terminals.CHIP_WAYS)} (its stripe is read; a bit of the",
        "cryptogram is turned on the way; what the chip said before is said again).",
    ]
    return "\n".join(lines) + "\n"


def operating_page(mark: str) -> str:
    """Commands, signals, metrics and events."""
    lines = [
        mark,
        "# Running a switch\n",
        "## The console\n",
        "`switch console --config FILE [COMMAND…]`, or any program that can speak lines (`nc`): a command is a line; its",
        "answer is lines that begin with a blank, then `OK`, or `ERROR` and the reason. `quit` hangs up. There are 16",
        "operators at most. The console asks nobody who they are: it is a loopback address, which every user of the",
        "machine reaches, or a socket that only the user of the process may use.\n",
        "| command | |\n|---|---|",
        *(f"| `{_cell(f'{row.name} {row.usage}'.rstrip())}` | {row.summary} |" for row in COMMANDS.values()),
        "\nNo answer holds a key, a PIN or a whole card number; ids are shown as they are to be typed.\n",
        "## Signals\n",
        "| signal | what `switch serve` does |\n|---|---|",
        *(f"| {signal} | {does} |" for signal, does in SIGNALS),
        "\n## Metrics\n",
        "Prometheus asks `http://ADDRESS/metrics`. Counters begin with the process; what links are owed is in the store.\n",
        "| metric | labels | |\n|---|---|---|",
        *_metrics(),
        "\n## The log\n",
        'One JSON object a line: `{"at": "…Z", "event": "…", …}`. Card numbers are masked, texts cut to 400 characters;',
        "what a disk does not take in time is dropped and counted (`log_lines_dropped`).\n",
        "| event | |\n|---|---|",
        *(f"| `{event}` | {when} |" for event, when in EVENTS.items()),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _metrics() -> Iterator[str]:
    pool = PoolFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NO_TIMES, ())
    nothing = Running(0, (), (), (), Figures(), StoreView(0, 0, 0), pool, 0, 0, {}, (), 0)
    for family in families(nothing, Kept((), 0), 0):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        yield f"| `{name}` | {', '.join(getattr(family, '_labelnames', ()))} | {family.documentation} |"
