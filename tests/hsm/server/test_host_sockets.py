"""Host connections over real sockets, where the kernel has a part."""

from __future__ import annotations

import socket
from contextlib import suppress

from support.echo_household import framed
from support.served import Serve, exactly, flood, reply_from


def test_byte_by_byte_coalesced_and_pipelined(serve: Serve) -> None:
    served = serve()
    with served.connect() as connected:
        for byte in framed(b"one") + framed(b"two"):
            connected.sendall(bytes([byte]))
        assert (reply_from(connected), reply_from(connected)) == (b"one", b"two")
        requests = [b"%04d" % number for number in range(1000)]
        connected.sendall(b"".join(map(framed, requests)))
        assert [reply_from(connected) for _ in requests] == requests


def test_replies_keep_their_order_when_the_kernel_takes_only_part_of_them(serve: Serve) -> None:
    served = serve()
    with served.connect() as connected:
        sizes = [30000, 1, 40000, 7, 25000] * 100
        connected.sendall(b"".join(framed(b"L%d" % size) for size in sizes))
        # 9.5 MB of replies: more than loopback buffers hold, so most went through the transport's queue.
        assert [len(reply_from(connected)) for _ in sizes] == sizes
        connected.sendall(framed(b"last"))
        assert reply_from(connected) == b"last"


def test_a_client_that_never_reads_hurts_nobody_and_costs_little(serve: Serve) -> None:
    served = serve()
    with served.connect() as deaf, served.connect() as other:
        flood(deaf, b"x" * 30000)
        for number in range(50):
            other.sendall(framed(b"%d" % number))
            assert reply_from(other) == b"%d" % number
    assert served.resident_kib() < 80 * 1024


def test_framing_beyond_repair_closes_that_connection_alone(serve: Serve) -> None:
    served = serve()
    with served.connect() as broken, served.connect() as other:
        broken.sendall(framed(b"a") + b"\xff\xff")
        assert reply_from(broken) == b"a"
        assert broken.recv(1) == b""
        other.sendall(framed(b"b"))
        assert reply_from(other) == b"b"


def test_shutting_down_the_writing_side_keeps_the_replies(serve: Serve) -> None:
    served = serve()
    with served.connect() as connected:
        connected.sendall(framed(b"a") * 500)
        connected.shutdown(socket.SHUT_WR)
        assert exactly(connected, 500 * 3 + 1) == framed(b"a") * 500


def test_the_text_of_an_exception_stays_out_of_the_journal(serve: Serve) -> None:
    served = serve()
    with served.connect() as connected:
        connected.sendall(framed(b"X"))
        with suppress(ConnectionResetError):
            assert connected.recv(1) == b""
    assert "ValueError at host.py:" in served.line("a turn failed")
    code, told = served.stop()
    assert (code, "canary" in told) == (0, False)
