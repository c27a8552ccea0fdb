"""What status commands tell of an appliance that was founded, or adopted by a worker."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from support.auditlogs import commands_entered

from hsm.audit.file import FileAuditor
from hsm.audit.relay import RelayAuditor
from hsm.policy.auditing import AuditOptions, Category
from hsm.server.config import Config
from hsm.server.counters import Counters, shared_file
from hsm.server.founding import ApplianceHousehold, adopt, counter_names, found
from hsm.server.ports import Listener
from hsm.state import TamperCause

PORT = Listener("thales", 1500)


def test_starts_on_a_state_directory_are_counted(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    told = []
    for _ in range(2):
        household = found(config, Counters(1, counter_names))
        told.append(household.session(PORT, "192.0.2.1:1").execute(b"J8")[-40:-30])
        household.close()
    assert told == [b"0000000000", b"0000000001"]


def open_files() -> set[str]:
    """Paths of the files that this process holds open (Linux)."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{each}"))
    return found


def test_a_closed_household_holds_no_file_of_its_state_directory(tmp_path: Path) -> None:
    household = found(replace(Config(), state_dir=str(tmp_path / "state")), Counters(1, counter_names))
    assert any(path.endswith("audit.jsonl") for path in open_files())
    household.close()
    assert not any(path.startswith(str(tmp_path)) for path in open_files())


def test_a_seeded_worker_repeats_neither_another_nor_its_predecessor() -> None:
    shared = shared_file(3, counter_names)

    def first_key(row: int, descriptor: int, owner: ApplianceHousehold) -> bytes:
        worker = adopt(Counters(3, counter_names, row=row, descriptor=descriptor), 7)
        worker.restore(owner.snapshot())
        return worker.session(PORT, "192.0.2.1:1").execute(b"A00001U")

    owner = found(replace(Config(), seed=7), Counters(3, counter_names, descriptor=shared))
    keys = [first_key(row, shared, owner) for row in (1, 2, 1, 2)]
    assert all(key.startswith(b"A100U") for key in keys)
    assert len(set(keys)) == 4
    again = shared_file(3, counter_names)
    assert [first_key(row, again, owner) for row in (1, 2, 1, 2)] == keys
    owner.close()


def test_a_worker_tells_the_counts_and_the_start_of_the_whole_appliance(tmp_path: Path) -> None:
    shared = shared_file(3, counter_names)
    rows = [Counters(3, counter_names, row=row, descriptor=shared) for row in range(3)]
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    found(config, Counters(1, counter_names)).close()
    owner, workers = found(config, rows[0]), [adopt(row) for row in rows[1:]]
    for worker in workers:
        worker.restore(owner.snapshot())
        assert worker.session(PORT, "192.0.2.1:1").execute(b"N0008").startswith(b"N100")
        worker.flush()
    workers[0].traffic.sent(100)
    workers[1].traffic.sent(11)
    asked = [each.session(PORT, "192.0.2.1:1") for each in (owner, *workers)]
    assert all(b"N0000000000002" in session.execute(b"J4") for session in asked)
    assert {session.execute(b"J8")[16:28] for session in asked} == {asked[0].execute(b"J2")[16:28]}
    assert {session.execute(b"J8")[-40:-30] for session in asked} == {b"0000000001"}
    assert {int(session.execute(b"NI11")[8:24], 16) for session in asked} == {111}
    owner.close()


def test_a_workers_chain_is_owed_to_the_owner() -> None:
    rows = Counters(2, counter_names, row=1)
    worker = adopt(rows)
    session = worker.session(PORT, "192.0.2.1:1")
    session.feed(b"\x00\x0fHEADNK0010002NC")
    assert session.work(1) == b""
    assert session.owed == b"NK0010002NC"


def test_a_consoles_commands_are_counted_and_its_line_is_named_in_the_audit_log(tmp_path: Path) -> None:
    descriptor = shared_file(2, counter_names)
    counters = Counters(2, counter_names, row=0, descriptor=descriptor)
    household = found(Config(state_dir=str(tmp_path / "state")), counters)
    for line in ("local", "telnet 127.0.0.1:4711", "ssh Alice\u00df\n" + "x" * 100):
        console = household.console(line)
        console.line("NOSUCH")
        console.hang_up("ended")
        household.flush()
    appliance = household._appliance
    assert appliance.audit.outcomes.total("NO") == 3
    peers = [each["peer"] for each in commands_entered(tmp_path / "state")]
    assert peers == ["local", "telnet.127.0.0.1:4711", ("ssh.alice" + "x" * 100)[:64]]
    household.close()
    os.close(descriptor)


def test_audit_options_rest_and_reach_workers(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    options = AuditOptions(frozenset({Category.PIN}), refusals=False)
    owner = found(config, Counters(1, counter_names))
    owner._appliance.change_audit_options(options)
    worker = adopt(Counters(2, counter_names, row=1))
    worker.restore(owner.snapshot())
    assert worker._appliance.audit.options == options
    worker.session(PORT, "192.0.2.1:1").execute(b"A00001U")
    assert isinstance(worker._auditor, RelayAuditor)
    assert worker._auditor.taken() == b""
    owner.close()
    again = found(config, Counters(1, counter_names))
    assert again._appliance.audit.options == options
    again.close()


def test_a_worker_is_told_whether_the_audit_log_can_be_written() -> None:
    owner, worker = found(Config(), Counters(1, counter_names)), adopt(Counters(2, counter_names, row=1))
    owner.on_change(worker.apply)
    owner._appliance.audit.set_writable(False)
    assert worker.session(PORT, "192.0.2.1:1").execute(b"A00001U") == b"A141"
    owner._appliance.audit.set_writable(True)
    assert worker.session(PORT, "192.0.2.1:1").execute(b"A00001U").startswith(b"A100")


def test_starts_stops_and_tampering_are_errors_that_the_log_tells(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    owner = found(config, Counters(1, counter_names))
    owner._appliance.tamper(TamperCause.SIGNAL)
    owner.befell("WORKER")
    owner.close()
    again = found(config, Counters(1, counter_names))
    assert isinstance(again._auditor, FileAuditor)
    assert [each.command for each in again._auditor.errors(9)] == ["START", "TAMPER", "WORKER", "STOP", "START"]
    again.close()
