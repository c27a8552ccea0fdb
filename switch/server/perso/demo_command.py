"""``switch perso demo``: an order of test cards through every part of a bureau."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from hsm.client.leash import Leash, StillHeld
from hsm.client.process import READY_SECONDS_MAX, NotReady, ServedProcess
from switch.perso.issuing import Wish
from switch.server.perso.demo.commands import StepFailed, environment
from switch.server.perso.demo.layout import PREFIX, Layout
from switch.server.perso.demo.search import KINDS, secrets_of, seen
from switch.server.perso.demo.steps import FIRST, ORDER, Configs, run, steps
from switch.server.perso.demo.tap import tapped
from switch.server.perso.running import told_in_a_line

DOMAINS = {"bureau": "test-2266", "production": "test-33"}
"""The HSMs, and each one's KM."""
LEFT_SECONDS_MAX = 60.0
SETTINGS = ("translate-data-extension", "translate-to-card-keys", "issuer-signing-extension", "pin-mailing")


@click.command("demo", short_help="An order of test cards through every part of a bureau.")
@click.option("--cards", type=click.IntRange(1, 100_000), default=1_000, show_default=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="kept, and gone on with after a kill")
@click.option(
    "--capture/--no-capture", default=True, show_default=True, help="record all traffic, and search that, too"
)
def command(cards: int, folder: Path | None, capture: bool) -> None:
    """Start two HSMs and every part as a process, make an order of test cards, and follow it to the cards.

    At the end every key, PIN, CVV and PAN of the order is looked for in the files of every part, and in all that went over
    any line between them and the HSMs.
    """
    with told_in_a_line(StepFailed, NotReady, StillHeld), ExitStack() as stack:
        layout = Layout(folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zonekey-perso-"))))
        layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What an earlier demonstration left running here ends, and is waited for: nothing is done by two at once.
        children = stack.enter_context(Leash(layout.folder / "lock", LEFT_SECONDS_MAX))
        layout.found()
        with served(layout, children, capture) as configs:
            run(layout, steps(layout, configs, cards), children, click.echo)
        show(layout, cards)


@contextmanager
def served(layout: Layout, children: Leash, capture: bool) -> Iterator[Configs]:
    """The HSMs and servers, as long as this lasts."""
    with ExitStack() as stack:

        def line(name: str, port: int) -> int:
            """The port of the line to *name*; whoever calls is heard, if traffic is recorded."""
            return stack.enter_context(tapped(port, layout.folder / "traffic" / f"{name}.raw")) if capture else port

        ports = {}
        for name, km in DOMAINS.items():
            appliance = stack.enter_context(ServedProcess("hsm.server.main", _hsm(layout, name, km), leash=children))
            ports[name] = line(f"{name}-hsm", appliance.ports["eracom"])
        outer = line("receiving", stack.enter_context(_server("receive", layout.receiving(), layout, children)))
        inner = line("hosting", stack.enter_context(_server("host", layout.hosting(outer), layout, children)))
        pmp, cardink = layout.pmp(inner, ports["bureau"]), layout.cardink(ports["bureau"])
        yield Configs(layout.pushing(outer), pmp, cardink, layout.production(ports["production"]))


def _hsm(layout: Layout, name: str, km: str) -> tuple[str, ...]:
    """An HSM's options; the test KM lets a zone master key come on the command line."""
    stored = (word for kind in ("03", "04") for word in ("--stored-key", f"{kind}:1={layout.zmk()}"))
    chosen = (word for setting in SETTINGS for word in ("--set", f"{setting}=yes"))
    state = layout.folder / "hsm" / name
    return ("--config", str(layout.appliance(name)), "--km", km, "--state-dir", str(state), *stored, *chosen)


@contextmanager
def _server(word: str, config: Path, layout: Layout, children: Leash) -> Iterator[int]:
    """A part that serves: its port.  Raises NotReady."""
    ready = layout.folder / f"{word}.ready"
    ready.unlink(missing_ok=True)
    line = [sys.executable, "-m", "switch.main", "perso", word, "--config", str(config), "--ready-file", str(ready)]
    with (layout.folder / "logs" / f"{word}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  # our own command line
            line,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=children.descriptors,
            env=environment(children),
        )
    try:
        until = time.monotonic() + READY_SECONDS_MAX
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise NotReady(f"switch perso {word} did not start")
            time.sleep(0.02)
        yield int(json.loads(ready.read_text())["port"])
    finally:
        process.terminate()
        process.wait()


def show(layout: Layout, cards: int) -> None:
    """What can be read in each part's files; raises StepFailed when a secret is where it must not be."""
    wanted = secrets_of(layout, Wish(ORDER, "DEBIT", PREFIX, cards, "2912", "201", FIRST))
    click.echo(f"\n{'files of':22}{'number':>7}{'bytes':>12}" + "".join(f"{kind:>7}" for kind in KINDS))
    found = []
    for each in seen(layout, wanted):
        found.append(each)
        counts = "".join(f"{each.found[kind]:7}" for kind in KINDS)
        click.echo(f"{each.part + ' (outside)' * each.outside:22}{each.files:7}{each.size_bytes:12}{counts}")
    told = ", ".join(f"{len(wanted.kinds[kind])} {kind}" for kind in KINDS)
    click.echo(f"Looked for {told}: as bytes, in hexadecimal, in digits and BCD, in base64.")
    wrong = [f"{kind} in {each.part}" for each in found if not each.outside for kind in KINDS if each.found[kind]]
    if wrong:
        raise StepFailed(f"what no part may show can be read: {', '.join(wrong)}")
