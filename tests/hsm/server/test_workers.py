"""Worker processes, as real ones."""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from support.echo_household import framed
from support.served import SECONDS_MAX, Serve, Served, reply_from

from hsm.server.interprocess import CHUNK_BYTES_MAX, Joiner, chunks, ports_heard, ports_told
from hsm.server.ports import Limits, Listener, TlsFiles

CONNECTIONS_TRIED_MAX = 2000


def pid_of(connected: socket.socket) -> int:
    connected.sendall(framed(b"P"))
    return int(reply_from(connected))


def one_each(served: Served, count: int, *, other_than: int = 0) -> dict[int, socket.socket]:
    """A connection to each of *count* workers; the kernel spreads connections by a hash of their ports."""
    found: dict[int, socket.socket] = {}
    for _ in range(CONNECTIONS_TRIED_MAX):
        connected = served.connect()
        try:
            pid = pid_of(connected)
        except (ConnectionError, ValueError):
            connected.close()  # a worker that was just killed had it in its queue
            continue
        if pid in found or pid == other_than:
            connected.close()
        else:
            found[pid] = connected
        if len(found) == count:
            return found
    raise AssertionError(f"only {len(found)} workers answer")


def ask(connected: socket.socket, request: bytes) -> bytes:
    connected.sendall(framed(request))
    return reply_from(connected)


def ends(pid: int) -> None:
    """Wait until the process *pid*, not a child of ours, has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with selectors.DefaultSelector() as selector:
        selector.register(watched, selectors.EVENT_READ)
        assert selector.select(SECONDS_MAX), f"process {pid} goes on"
    os.close(watched)


def test_the_parent_serves_nobody_and_each_worker_has_the_state(serve: Serve) -> None:
    served = serve("--workers", "2", "--set", "stored=much")
    workers = one_each(served, 2)
    assert served.process.pid not in workers
    for connected in workers.values():
        # 400 kB of state came over the link in pieces.
        assert ask(connected, b"H") == hashlib.sha256(b"much" * 100_000).digest()


def test_a_change_is_in_force_everywhere_before_it_is_answered(serve: Serve) -> None:
    served = serve("--workers", "3")
    workers = list(one_each(served, 3).values())
    for number in range(100):
        changed, asked = workers[number % 3], [workers[(number + 1) % 3], workers[(number + 2) % 3]]
        value = b"value-%d" % number
        assert ask(changed, b"S" + value) == b"S" + value
        assert [ask(each, b"G") for each in asked] == [b"G" + value] * 2


def test_a_pipeline_with_changes_in_it_keeps_its_order(serve: Serve) -> None:
    served = serve("--workers", "2")
    with served.connect() as connected:
        requests = [request for number in range(50) for request in (b"a%d" % number, b"S%d" % number, b"G")]
        connected.sendall(b"".join(map(framed, requests)))
        expected = [b"G%d" % (at // 3) if request == b"G" else request for at, request in enumerate(requests)]
        assert [reply_from(connected) for _ in requests] == expected


def test_a_request_that_fails_in_the_owner_costs_its_connection_alone(serve: Serve) -> None:
    served = serve("--workers", "1")
    with served.connect() as failing, served.connect() as other:
        failing.sendall(framed(b"SX"))
        with suppress(ConnectionResetError):
            assert failing.recv(1) == b""
        assert "ValueError at workers.py:" in served.line("an owed request failed")
        assert ask(other, b"Sa") == b"Sa"


def test_a_killed_worker_is_replaced_by_one_with_the_present_state(serve: Serve) -> None:
    served = serve("--workers", "2")
    workers = one_each(served, 2)
    (doomed, lost), (kept, connected) = workers.items()
    assert ask(connected, b"Sbefore") == b"Sbefore"
    os.kill(doomed, signal.SIGKILL)
    served.line("replaced")
    assert lost.recv(1) == b""
    # What goes on while it is away is answered, and known to its successor.
    assert ask(connected, b"Safter") == b"Safter"
    served.line("serves again")
    replacement = one_each(served, 1, other_than=kept)
    assert next(iter(replacement)) not in (doomed, kept)
    assert ask(next(iter(replacement.values())), b"G") == b"Gafter"
    assert ask(connected, b"G") == b"Gafter"


def test_a_worker_that_hangs_is_ended_and_holds_a_change_up_no_longer(serve: Serve, tmp_path: Path) -> None:
    # Long enough for the other worker, which is to live, on any machine.
    (tmp_path / "hsm.toml").write_text("workers = 2\n[limits]\nchange-seconds = 3\n[[host]]\nport = 0\n")
    served = serve("--config", str(tmp_path / "hsm.toml"))
    workers = one_each(served, 2)
    (hanging, _), (_, connected) = workers.items()
    os.kill(hanging, signal.SIGSTOP)
    assert ask(connected, b"Snew") == b"Snew"
    served.line("does not take a change")
    ends(hanging)


def test_counters_are_shared_and_survive_a_worker(serve: Serve) -> None:
    served = serve("--workers", "2")
    workers = one_each(served, 2)
    (doomed, first), (_, second) = workers.items()
    assert [ask(first, b"C"), ask(second, b"C"), ask(first, b"C")] == [b"1", b"2", b"3"]
    os.kill(doomed, signal.SIGKILL)
    served.line("replaced")
    assert ask(second, b"C") == b"4"


def test_stopping_writes_the_replies_in_flight_changes_too(serve: Serve) -> None:
    served = serve("--workers", "1")
    with served.connect() as connected:
        worker = pid_of(connected)
        os.kill(worker, signal.SIGSTOP)
        requests = [b"S%d" % number if number % 10 == 0 else b"a" for number in range(200)]
        connected.sendall(b"".join(map(framed, requests)))
        served.process.terminate()
        os.kill(worker, signal.SIGCONT)
        assert [reply_from(connected) for _ in requests] == requests
        assert connected.recv(1) == b""
    assert served.process.wait(timeout=SECONDS_MAX) == 0
    ends(worker)


def test_interrupting_the_terminal_is_for_the_parent_to_answer(serve: Serve) -> None:
    served = serve("--workers", "1")
    with served.connect() as connected:
        worker = pid_of(connected)
        os.kill(worker, signal.SIGINT)
        assert pid_of(connected) == worker
    assert served.stop(signal.SIGINT)[0] == 0
    ends(worker)


def test_workers_end_with_their_parent(serve: Serve) -> None:
    served = serve("--workers", "2")
    workers = one_each(served, 2)
    served.process.kill()
    for worker, connected in workers.items():
        assert connected.recv(1) == b""
        ends(worker)


def test_what_workers_audit_is_kept_by_the_owner_to_the_last_entry(serve: Serve) -> None:
    served = serve("--workers", "1")
    assert served.ask(b"A3") == b"A3"
    assert "audited 3 bytes" in served.line("audited")
    with served.connect() as connected:
        worker = pid_of(connected)
        os.kill(worker, signal.SIGSTOP)
        connected.sendall(framed(b"A200000"))
        served.process.terminate()
        os.kill(worker, signal.SIGCONT)
        assert reply_from(connected) == b"A200000"
    _, told = served.process.communicate(timeout=SECONDS_MAX)
    assert "audited 200000 bytes of a" in told


def test_datagrams_reach_workers_and_the_owner(serve: Serve) -> None:
    served = serve("--workers", "2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS_MAX)
        client.connect(("127.0.0.1", served.ports["thales"]))
        for request in (b"a", b"Sby-datagram", b"G"):
            client.send(framed(request))
            assert client.recv(100) == framed(b"Gby-datagram" if request == b"G" else request)


def test_a_port_that_is_taken_is_refused_although_ports_are_shared(serve: Serve) -> None:
    served = serve("--workers", "1")
    with pytest.raises(AssertionError, match="ended"):
        serve("--workers", "1", "--host-port", str(served.ports["thales"]))


def test_state_in_pieces() -> None:
    for length in (0, 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1, 3 * CHUNK_BYTES_MAX):
        whole, joiner = os.urandom(length), Joiner()
        pieces = [joiner.joined(*piece) for piece in chunks(whole)]
        assert pieces == [None] * (len(pieces) - 1) + [whole]


def test_ports_as_text() -> None:
    listeners = (Listener("a", 1), Listener("b", 2, "::1", lmk_id="01", tls=TlsFiles("c", "k")))
    assert ports_heard(ports_told(listeners, Limits(idle_seconds=1.5))) == (listeners, Limits(idle_seconds=1.5))
