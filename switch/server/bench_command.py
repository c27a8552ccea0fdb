"""``switch bench``: what the switch can do on this machine, every answer checked."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from hsm.client.process import NotReady
from switch.bench.codeccost import codec_microseconds
from switch.bench.figures import (
    CODEC_US_MAX,
    P99_MS_MAX,
    THROUGHPUT_LEAST,
    Report,
    add_growth,
    add_outcome,
)
from switch.bench.setting import GRACE_SECONDS, LINKS_MAX
from switch.server.benchstage import BenchStopped, raise_files_limit, staged, sync_ms

CARDS, CARDS_OF_MANY_LINKS = 1_000, 8
WARM_SECONDS = 2.0
FILES_MORE = 64
COUNTS = (100, 1_000)
IDLE_SECONDS = 20.0
ECHO_IDLE_SECONDS = 10

seconds_option = click.option(
    "--seconds", type=click.FloatRange(0.5, 3600), default=10.0, show_default=True, help="how long to measure"
)


@click.group("bench", short_help="Measure a switch with an HSM and partners, as processes of this machine.")
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(tempfile.gettempdir()),
    show_default=True, help="where the store lies: a disk, or durability costs nothing and is none",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="figures as JSON")
@click.option("--check", is_flag=True, help="exit status 1 when a figure is not as wanted")
@click.pass_context
def command(context: click.Context, folder: Path, as_json: bool, check: bool) -> None:
    """Start an HSM with the published test LMK, a switch with a durable store, and partners that load it.

    A withdrawal counts when the issuer got its PIN under its own key and the acquirer the answer to what it asked.
    """
    context.obj = Bench(folder, as_json, check)


class Bench:
    """One run: measures into one report, and tells it."""

    def __init__(self, folder: Path, as_json: bool, check: bool) -> None:
        self.folder, self._as_json, self._check = folder, as_json, check

    def tell(self, *measures: Callable[[Report, Path], None]) -> None:
        """Take the *measures* and print what they found; ends the program."""
        report = Report()
        report.add("processors", os.cpu_count() or 1, "")
        report.add("load of the machine before", os.getloadavg()[0], "")
        report.add("the disk keeps a page in", sync_ms(self.folder), "ms")
        try:
            for measure in measures:
                measure(report, self.folder)
        except (BenchStopped, NotReady) as fault:
            click.echo(f"switch bench: {fault}", err=True)
            sys.exit(1)
        click.echo(json.dumps(report.document(), indent=1) if self._as_json else "\n".join(report.lines()))
        wrong = [name for name in report.missed if self._check or "lost or declined" in name]
        sys.exit(1 if wrong else 0)


@command.command()
@seconds_option
@click.option("--window", type=click.IntRange(1, 1024), default=128, show_default=True, help="withdrawals under way")
@click.option(
    "--change-keys-every", type=click.FloatRange(GRACE_SECONDS), metavar="S", help="both links' keys, each S seconds"
)
@click.pass_obj
def throughput(bench: Bench, seconds: float, window: int, change_keys_every: float | None) -> None:
    """Approved withdrawals a second, as many under way as the window lets."""

    def measure(report: Report, folder: Path) -> None:
        measure_throughput(report, folder, seconds, window, change_keys_every or 0.0)

    bench.tell(measure)


@command.command()
@seconds_option
@click.option("--rate", type=click.FloatRange(1, 100_000), default=1_000.0, show_default=True, help="a second")
@click.pass_obj
def latency(bench: Bench, seconds: float, rate: float) -> None:
    """How long withdrawals take that come when they are due, whether or not others are answered."""
    bench.tell(lambda report, folder: measure_latency(report, folder, seconds, rate))


@command.command()
@seconds_option
@click.option("--count", type=click.IntRange(max(COUNTS) + 1, LINKS_MAX), default=LINKS_MAX, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 100_000), default=500.0, show_default=True, help="over all links")
@click.pass_obj
def links(bench: Bench, seconds: float, count: int, rate: float) -> None:
    """What 100, 1,000 and COUNT links cost: memory, the processor while they stand, and under a load over them all."""
    bench.tell(lambda report, folder: measure_links(report, folder, seconds, count, rate))


@command.command()
@seconds_option
@click.option("--count", type=click.IntRange(max(COUNTS) + 1, LINKS_MAX), default=LINKS_MAX, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 100_000), default=500.0, show_default=True, help="over all terminals")
@click.pass_obj
def terminals(bench: Bench, seconds: float, count: int, rate: float) -> None:
    """What 100, 1,000 and COUNT terminals of one concentrator cost, each with a PIN key of its own."""
    bench.tell(lambda report, folder: measure_terminals(report, folder, seconds, count, rate))


@command.command("codec")
@click.pass_obj
def codec_cost(bench: Bench) -> None:
    """What a 0200 of 22 elements costs to read and to write."""
    bench.tell(lambda report, folder: measure_codec(report))


@command.command("all")
@seconds_option
@click.pass_obj
def everything(bench: Bench, seconds: float) -> None:
    """All of them, and a load during which keys change."""
    bench.tell(
        lambda report, folder: measure_codec(report),
        lambda report, folder: measure_throughput(report, folder, seconds, 128, 0.0),
        lambda report, folder: measure_throughput(report, folder, seconds, 128, 2.0),
        lambda report, folder: measure_latency(report, folder, seconds, THROUGHPUT_LEAST / 2),
        lambda report, folder: measure_links(report, folder, seconds, LINKS_MAX, 500.0),
        lambda report, folder: measure_terminals(report, folder, seconds, LINKS_MAX, 500.0),
    )


def measure_throughput(report: Report, folder: Path, seconds: float, window: int, change_keys_every: float) -> None:
    """Closed loop."""
    with staged(folder) as stage:
        outcome = stage.load(
            seconds=seconds, warm_seconds=WARM_SECONDS, cards=CARDS, window=window, change_keys_every=change_keys_every
        )
    prefix = "with key changes, " if change_keys_every else ""
    report.add(f"{prefix}withdrawals", outcome.per_second, "a second", least=THROUGHPUT_LEAST)
    for name in ("p50_ms", "p99_ms"):
        report.add(f"{prefix}{name[:3]} of {window} under way", outcome.times.get(name, 0.0), "ms")
    if change_keys_every:
        report.add(f"{prefix}keys changed", outcome.keys_changed, "", least=1)
    add_outcome(report, outcome, prefix)


def measure_latency(report: Report, folder: Path, seconds: float, rate: float) -> None:
    """Open loop."""
    with staged(folder) as stage:
        outcome = stage.load(seconds=seconds, warm_seconds=WARM_SECONDS, cards=CARDS, rate=rate)
    prefix = f"at {rate:g} a second, "
    for name, most in (("p50_ms", None), ("p99_ms", P99_MS_MAX), ("p999_ms", None), ("max_ms", None)):
        report.add(f"{prefix}{name[:-3]}", outcome.times.get(name, 0.0), "ms", most=most)
    add_outcome(report, outcome, prefix)


def measure_links(report: Report, folder: Path, seconds: float, count: int, rate: float) -> None:
    """Memory and processor by the number of links."""
    allowed = raise_files_limit(count + FILES_MORE)
    if allowed < count + FILES_MORE:
        raise BenchStopped(f"{count} links need {count + FILES_MORE} open files, {allowed} are allowed (ulimit -n)")
    memory: list[tuple[int, float]] = []
    idle: list[tuple[int, float]] = []
    for number in (*COUNTS, count):
        with staged(folder, number, echo_idle_seconds=ECHO_IDLE_SECONDS) as stage:
            still = stage.load(seconds=IDLE_SECONDS, warm_seconds=0.0, cards=CARDS_OF_MANY_LINKS)
        with staged(folder, number) as stage:
            loaded = stage.load(seconds=seconds, warm_seconds=WARM_SECONDS, cards=CARDS_OF_MANY_LINKS, rate=rate)
        report.add(f"{number} links, memory of the switch", still.resident_kib["switch"] / 1024, "MiB")
        report.add(f"{number} links idle, processor", still.processor_seconds["switch"] / IDLE_SECONDS * 100, "%")
        report.add(f"{number} links idle, echoes", still.echoes / IDLE_SECONDS, "a second")
        report.add(f"{number} links, a withdrawal on one of them", loaded.microseconds_each("switch"), "us")
        report.add(f"{number} links, p99 at {rate:g} a second", loaded.times.get("p99_ms", 0.0), "ms")
        report.add(f"{number} links, lost or declined", sum(loaded.wrong.values()), "withdrawals", most=0)
        memory.append((number, float(still.resident_kib["switch"])))
        idle.append((number, still.processor_seconds["switch"] / IDLE_SECONDS * 1e6))
    add_growth(report, "KiB of a link", memory)
    add_growth(report, "us of processor a second while idle", idle)


def measure_terminals(report: Report, folder: Path, seconds: float, count: int, rate: float) -> None:
    """Memory and processor by the number of terminals, once each has signed on."""
    memory: list[tuple[int, float]] = []
    for number in (*COUNTS, count):
        with staged(folder, terminals=number) as stage:
            outcome = stage.load(seconds=seconds, warm_seconds=WARM_SECONDS, cards=CARDS_OF_MANY_LINKS, rate=rate)
        report.add(f"{number} terminals, memory of the switch", outcome.resident_kib["switch"] / 1024, "MiB")
        report.add(f"{number} terminals, a withdrawal at one of them", outcome.microseconds_each("switch"), "us")
        report.add(f"{number} terminals, p99 at {rate:g} a second", outcome.times.get("p99_ms", 0.0), "ms")
        report.add(f"{number} terminals, lost or declined", sum(outcome.wrong.values()), "withdrawals", most=0)
        memory.append((number, float(outcome.resident_kib["switch"])))
    add_growth(report, "KiB of a terminal", memory)


def measure_codec(report: Report) -> None:
    """Both ways."""
    for way, cost in codec_microseconds().items():
        report.add(f"codec: {way} a 0200 of 22 elements", cost, "us", most=CODEC_US_MAX)
