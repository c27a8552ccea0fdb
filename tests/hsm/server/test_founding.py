"""What status commands tell of an appliance that was founded, or adopted by a worker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hsm.server.config import Config
from hsm.server.counters import Counters, shared_file
from hsm.server.founding import adopt, counter_names, found
from hsm.server.ports import Listener

PORT = Listener("thales", 1500)


def test_starts_on_a_state_directory_are_counted(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    told = []
    for _ in range(2):
        household = found(config, Counters(1, counter_names))
        told.append(household.session(PORT, "192.0.2.1:1").execute(b"J8")[-40:-30])
        household.close()
    assert told == [b"0000000000", b"0000000001"]


def test_a_worker_tells_the_counts_and_the_start_of_the_whole_appliance(tmp_path: Path) -> None:
    shared = shared_file(3, counter_names)
    rows = [Counters(3, counter_names, row=row, descriptor=shared) for row in range(3)]
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    found(config, Counters(1, counter_names)).close()
    owner, workers = found(config, rows[0]), [adopt(row) for row in rows[1:]]
    for worker in workers:
        worker.restore(owner.snapshot())
        assert worker.session(PORT, "192.0.2.1:1").execute(b"N0008").startswith(b"N100")
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
