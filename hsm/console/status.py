"""Status: what the appliance is, whether it works, and how busy it was."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from importlib import metadata

from hsm.audit.load import BANDS_COUNT
from hsm.console.declaration import OFFLINE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, confirmed
from hsm.crypto.selftest import failures, self_test
from hsm.keys.masters import KINDS
from hsm.operations import status
from hsm.policy.authority import Interface

YEAR_MIN, YEAR_MAX = 2000, 2099
"""Host replies carry years of two digits."""
TIME_FORM = "%Y-%m-%d %H:%M:%S"


@console.command("VR")
def tell_version(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell firmware, serial number, software and what is on board."""
    settings = desk.appliance.settings
    software = ", ".join(f"{name} {_version(name)}" for name in ("zonekey", "cryptography", "Twisted"))
    lines = [
        f"Firmware: {settings.firmware}",
        f"Serial number: {settings.serial}",
        f"Software: {software}, Python {platform.python_version()}",
        f"PCI HSM: {status.compliance(settings).value}",
        f"Host commands: {len(desk.host_commands)}",
        f"LMK kinds: {', '.join(KINDS)}",
        "This is an emulator: it protects nothing.",
    ]
    yield Say("\n".join(lines))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


@console.command("DT", words="[VERBOSE]")
def diagnose(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Run the self-test: every algorithm against a published answer, and the random source.

    VERBOSE names each test's source.  An appliance that fails executes nothing until it is started again.
    """
    if words and words[0].upper() != "VERBOSE":
        raise Abandoned("DT takes VERBOSE or nothing.")
    results = self_test(desk.appliance.random.bytes)
    for each in results:
        source = f"  ({each.source})" if words else ""
        yield Say(f"{each.name:20}{'passed' if each.passed else 'FAILED'}{source}")
    failed = failures(results)
    if failed:
        desk.appliance.fail(failed)
    yield Say(f"FAILED: {failed}.  Nothing more is executed." if failed else "All tests passed.")


@console.command("GETTIME")
def tell_time(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell the appliance's date and time, in UTC."""
    yield Say(f"{desk.appliance.clock.now():{TIME_FORM}} UTC")


@console.command("SETTIME", OFFLINE, needs="admin", ceremony=True, words="[YYYY-MM-DD HH:MM:SS]")
def set_time(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Set the appliance's date and time, in UTC.

    The audit log's entries keep their numbers, whatever their times; limits and authorisations run on undisturbed.
    """
    appliance = desk.appliance
    yield from tell_time(desk, ())
    read = _moment
    wanted = "a date and time such as 2026-01-31 23:59:00"
    if words:
        try:
            moment = read(" ".join(words))
        except ValueError:
            raise Abandoned(f"Expected {wanted}.") from None
    else:
        moment = yield from asked(Ask("New time, YYYY-MM-DD HH:MM:SS: "), read, wanted)
    if not (yield from confirmed(f"Set {moment:{TIME_FORM}} UTC?")):
        yield Say("Nothing is changed.")
        return
    appliance.set_time(moment)
    yield from tell_time(desk, ())


def _moment(text: str) -> datetime:
    # strptime alone would take fewer digits and other blanks.
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", text):
        raise ValueError
    moment = datetime.strptime(text, TIME_FORM).replace(tzinfo=UTC)
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError
    return moment


@console.command("HEALTHSTATS")
def tell_health(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell starts, tamper events, fraud limits and LMKs: what hosts read by J8 and JK."""
    appliance = desk.appliance
    hsm = appliance.view(None, interface=Interface.CONSOLE)
    counts, state = appliance.fraud.counts, appliance.state
    measured = status.measured(hsm)
    lines = [
        f"From {measured.began:{TIME_FORM}} to {measured.now:{TIME_FORM}} UTC, {measured.seconds} seconds",
        f"Starts before this one: {appliance.reboots}",
        f"Tamper events: {state.tampers_count}",
        f"Failures of PIN verification over the limit of a minute: {counts.over_minute_limit}",
        f"Failures of PIN verification over the limit of an hour: {counts.over_hour_limit}",
        f"Signs of a PIN attack: {counts.attacks}",
        f"PIN verification: {'STOPPED' if counts.stopped else 'enabled'}",
        f"Tampered: {f'by the {state.tampered}, at {state.tampered_at}' if state.tampered else 'no'}",
        f"LMKs: {len(appliance.lmks)}; old: {len(appliance.old_lmks)}; new: {len(state.new_lmks)}",
    ]
    for lmk in status.lmk_states(hsm):
        kind = "test" if lmk.is_test else "live"
        lines.append(f"  {lmk.lmk_id} {kind} {lmk.algorithm.value}, {lmk.activities_count} activities authorised")
    yield Say("\n".join(lines))


@console.command("UTILSTATS")
def tell_load(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell how busy the appliance was, and how often each command was executed: what hosts read by J2 and J4."""
    hsm = desk.appliance.view(None, interface=Interface.CONSOLE)
    measured = status.measured(hsm)
    step = 100 // BANDS_COUNT
    lines = [f"From {measured.began:{TIME_FORM}} to {measured.now:{TIME_FORM}} UTC, {measured.seconds} seconds", "Load"]
    for band, seconds in enumerate(status.load_periods(hsm)):
        lines.append(f"  {step * band:3}-{step * (band + 1):3}%: {seconds} seconds")
    lines.append("Commands")
    counts = dict(status.volumes(hsm, (each.counted_as for each in desk.host_commands)))
    told = [each for each in desk.host_commands if each.counted_as in counts]
    lines += [f"  {each.code}: {counts[each.counted_as]}" for each in told]
    yield Say("\n".join(lines))
