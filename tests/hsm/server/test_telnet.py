"""Telnet as its RFCs have it, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.server.telnet import SUBNEGOTIATION_BYTES_MAX, TelnetClient, TelnetServer, escaped

# RFC 854 and 855 (commands), 857 (echo: 1), 858 (suppress go-ahead: 3), 1073 (window size: 31).
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


def test_the_server_offers_to_echo_and_asks_for_the_window() -> None:
    assert bytes((IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 31)) == TelnetServer.OPENING


@pytest.mark.parametrize(
    ("arrived", "typed", "reply"),
    [
        (b"V\r\0", b"V\r", b""),
        (b"V\r\n", b"V\r\n", b""),
        (b"\0V\0", b"\0V\0", b""),
        (bytes((IAC, IAC)), b"\xff", b""),
        (bytes((0x41, IAC, 244, 0x42)), b"A\x03B", b""),  # interrupt process
        (bytes((IAC, 243)), b"\x03", b""),  # break
        (bytes((IAC, 247)), b"\x7f", b""),  # erase character
        (bytes((IAC, 248)), b"\x15", b""),  # erase line
        (bytes((IAC, 236)), b"\x04", b""),  # end of file, RFC 1184
        (bytes((IAC, 246)), b"", b"\r\n[Yes]\r\n"),  # are you there
        (bytes((IAC, 241, IAC, 242, IAC, 249, 0x41)), b"A", b""),  # no operation, data mark, go ahead
        (bytes((IAC, DO, 1, IAC, DO, 3, IAC, WILL, 31)), b"", b""),  # all as offered
        (bytes((IAC, DO, 0)), b"", bytes((IAC, WONT, 0))),  # binary
        (bytes((IAC, WILL, 24)), b"", bytes((IAC, DONT, 24))),  # terminal type
        (bytes((IAC, WONT, 24, IAC, DONT, 0)), b"", b""),  # off already: no answer
        (bytes((IAC, DONT, 1)), b"", b""),  # a refused offer
        (bytes((IAC, DO, 1, IAC, DONT, 1, IAC, DO, 1)), b"", bytes((IAC, WONT, 1, IAC, WILL, 1))),
        (bytes((IAC, SB, 24, 0, 0x58, IAC, IAC, IAC, SE, 0x41)), b"A", b""),
        (bytes((IAC, SB, 24, IAC, 0x41, IAC, SE, 0x42)), b"B", b""),
    ],
)
def test_commands_and_options(arrived: bytes, typed: bytes, reply: bytes) -> None:
    whole, cut = TelnetServer(), TelnetServer()
    assert (whole.received(arrived), whole.reply()) == (typed, reply)
    assert b"".join(cut.received(bytes((each,))) for each in arrived) == typed
    assert cut.reply() == reply


def test_echo_refused() -> None:
    server = TelnetServer()
    assert not server.echo_refused
    server.received(bytes((IAC, DONT, 1)))
    assert server.echo_refused
    server.received(bytes((IAC, DO, 1)))
    assert not server.echo_refused


def test_the_window_may_hold_a_doubled_iac() -> None:
    server = TelnetServer()
    server.received(bytes((IAC, SB, 31, 0, 132, 0, 43, IAC, SE)))
    assert server.columns == 132
    server.received(bytes((IAC, SB, 31, 0, IAC, IAC, 0, 43, IAC, SE)))
    assert server.columns == 255
    server.received(bytes((IAC, SB, 31, 1, 2, 3, IAC, SE)))
    assert server.columns == 255


def test_a_subnegotiation_without_end_is_not_kept() -> None:
    server = TelnetServer()
    assert server.received(bytes((IAC, SB, 31)) + bytes(100_000)) == b""
    assert len(server._negotiated) == SUBNEGOTIATION_BYTES_MAX
    assert server.received(bytes((IAC, SE)) + b"V") == b"V"
    assert server.columns == 0


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_garbage_is_read_the_same_however_it_is_cut(pieces: list[bytes]) -> None:
    whole, cut = TelnetServer(), TelnetServer()
    arrived = b"".join(pieces)
    assert b"".join(map(cut.received, pieces)) == whole.received(arrived)
    reply = whole.reply()
    assert cut.reply() == reply
    assert len(reply) <= 5 * len(arrived)
    assert cut.columns == whole.columns


@given(st.lists(st.tuples(st.sampled_from((DO, DONT, WILL, WONT)), st.sampled_from((0, 1, 3, 24, 31))), max_size=20))
def test_negotiations_end(asked: list[tuple[int, int]]) -> None:
    """Two sides that answer each other fall silent: nothing is confirmed for ever (RFC 854, 'General considerations')."""
    one, other = TelnetServer(), TelnetServer()
    one.received(b"".join(bytes((IAC, *each)) for each in asked))
    for _ in range(4 * len(asked) + 4):
        if not (reply := one.reply()):
            break
        other.received(reply)
        one.received(other.reply())
    assert one.reply() == b""


@given(st.binary(max_size=100))
def test_what_is_escaped_arrives_as_it_was(shown: bytes) -> None:
    assert TelnetClient().received(escaped(shown)) == shown
    assert TelnetClient().received(TelnetServer.OPENING + escaped(shown)) == shown


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_the_client_tells_its_window(columns: int, rows: int) -> None:
    server = TelnetServer()
    assert server.received(TelnetClient.opening((columns, rows))) == b""
    assert server.reply() == b""
    assert (server.columns, server.echo_refused) == (min(columns, 0xFFFF), False)


def test_a_client_without_a_window_wants_no_echo() -> None:
    server = TelnetServer()
    server.received(TelnetClient.opening(None))
    assert server.reply() == b""
    assert server.echo_refused
