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
from hsm.client.process import READY_SECONDS_MAX, ApplianceProcess, NotReady
from switch.perso.issuing import Wish
from switch.server.perso.demo.commands import StepFailed, environment
from switch.server.perso.demo.layout import ISSUER, PREFIX, Layout
from switch.server.perso.demo.search import Sight, secrets_of, seen
from switch.server.perso.demo.steps import ORDER, Configs, run, steps
from switch.server.perso.demo.tap import tapped
from switch.server.perso.running import told_in_a_line

LEFT_SECONDS_MAX = 60.0
SETTINGS = ("translate-data-extension", "translate-to-card-keys", "issuer-signing-extension", "pin-mailing")


@click.command("demo", short_help="An order of test cards through every part of a bureau.")
@click.option("--cards", type=click.IntRange(1, 100_000), default=1_000, show_default=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="kept, and gone on with after a kill")
@click.option("--capture", is_flag=True, help="record what goes to the HSMs and back, and search that, too")
def command(cards: int, folder: Path | None, capture: bool) -> None:
    """Start two HSMs and every part as a process, make an order of test cards, and follow it to the cards.

    At the end every key, PIN and PAN of the order is looked for in the files of every part.
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
        bureau = stack.enter_context(ApplianceProcess(_hsm(layout, "bureau", "test-2266"), leash=children))
        hall = stack.enter_context(ApplianceProcess(_hsm(layout, "production", "test-33"), leash=children))
        outer = stack.enter_context(_server("receive", layout.receiving(), layout, children))
        inner = stack.enter_context(_server("host", layout.hosting(outer), layout, children))
        ports = {"bureau": bureau.ports["eracom"], "production": hall.ports["eracom"]}
        if capture:
            for name, port in [*ports.items()]:
                ports[name] = stack.enter_context(tapped(port, layout.folder / "traffic" / f"{name}.raw"))
        pmp, cardink = layout.pmp(inner, ports["bureau"]), layout.cardink(ports["bureau"])
        yield Configs(layout.pushing(outer), pmp, cardink, layout.production(ports["production"]))


def _hsm(layout: Layout, name: str, km: str) -> tuple[str, ...]:
    """An HSM's options; the test KM lets a zone master key come on the command line."""
    stored = (word for kind in ("03", "04") for word in ("--stored-key", f"{kind}:1={layout.zmk()}"))
    chosen = (word for name in SETTINGS for word in ("--set", f"{name}=yes"))
    state = layout.folder / "hsm" / name
    return ("--eracom-port", "0", "--km", km, "--state-dir", str(state), *stored, *chosen)


@contextmanager
def _server(word: str, config: Path, layout: Layout, children: Leash) -> Iterator[int]:
    """A part that serves: its port.  Raises NotReady."""
    ready = layout.folder / f"{word}.ready"
    ready.unlink(missing_ok=True)
    line = [sys.executable, "-m", "switch.main", "perso", word, "--config", str(config), "--ready-file", str(ready)]
    process = subprocess.Popen(  # noqa: S603  # our own command line
        line, stdin=subprocess.DEVNULL, pass_fds=children.descriptors, env=environment(children)
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
    folder = layout.folder
    own = bytes.fromhex((folder / "issuer" / "secret").read_text())
    wish = Wish(ORDER, "DEBIT", PREFIX, cards, "2912", "201")
    wanted = secrets_of(own, ISSUER, bytes.fromhex(layout.zmk()), wish, folder / "issuer" / f"{ISSUER}-{ORDER}.order")
    outside = {"issuer (outside)"}
    parts = [
        (name, [folder / name]) for name in ("receiving", "hosting", "pmp", "cardink", "production", "hsm", "traffic")
    ]
    found = list(seen([*zip(outside, [[folder / "issuer"]], strict=True), *parts], wanted))
    click.echo(f"\n{'files of':18}{'number':>7}{'bytes':>12}{'keys':>6}{'PINs':>6}{'PANs':>7}")
    for each in found:
        row = f"{each.part:18}{each.files:7}{each.size_bytes:12}{each.keys:6}{each.pins:6}{each.pans:7}"
        click.echo(row)
    told = f"{len(wanted.keys)} keys, {len(wanted.pins)} PINs and {len(wanted.pans)} PANs"
    click.echo(f"Looked for {told}, as bytes and in hexadecimal.")
    wrong = [each.part for each in found if each.part not in outside and _shows_secrets(each)]
    if wrong:
        raise StepFailed(f"a key or a PIN is in the files of: {', '.join(wrong)}")


def _shows_secrets(sight: Sight) -> bool:
    return bool(sight.keys or sight.pins)
