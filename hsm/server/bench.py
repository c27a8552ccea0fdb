"""``hsm bench``: loads a server with one kind of request and checks every reply.

One thread and plain non-blocking sockets: the generator must cost less than what it measures.  A reply counts only when
its length, echoed header, response code and error code are all right.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import click

PRESETS = MappingProxyType(
    {
        # The keys are random ones under the published test LMKs (test-variant); the block holds a PIN for the account.
        "ca": b"CAU1750CDFB0757D3B36A7BF2D2081E6A8CUF8CB006586F7B17AA6F4C6AECAC641BF12B7C4BC583C6ADDD40101552000000012",
        "cc": b"CCUF8CB006586F7B17AA6F4C6AECAC641BFUBEF406CA7975FD9B877DC4A290AE133C12107673033D76186A0101552000000012",
        "nc": b"NC",
    }
)
ERACOM_PRESETS = MappingProxyType(
    {
        # Keys and block of a public client's samples, under the published KM test-2266 (EE0603-ibm3624 in protocol-spec).
        "ee0602": bytes.fromhex(
            "EE060200A8DAAFD21B5F6DFE1111BC6A9B4080CD5F58020DCF33D1121F220104210042300701"
            "1111BC6A9B4080CD5F58020DCF33D1121F22"
        ),
        "01": b"\x01",
    }
)
HEADER_BYTES = 4
READ_BYTES_MAX = 65536
REPLY_BYTES_MAX = 65535
TIMES_MAX = 1_000_000
SILENCE_SECONDS_MAX = 10.0
KINDS_OF_ERROR_MAX = 32


class ServerSilent(Exception):
    """Nothing came back for SILENCE_SECONDS_MAX."""


@dataclass(frozen=True)
class Load:
    """What to put on a server: *requests* in all, or as many as go in *seconds*."""

    host: str
    port: int
    payload: bytes
    connections: int = 16
    outstanding: int = 16
    seconds: float = 5.0
    requests: int | None = None
    error_code: bytes = b"00"
    dialect: str = "thales"


@dataclass
class Tally:
    """What came back; mutable, because it is filled while the load runs."""

    good: int = 0
    seconds: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    """Seconds to reply, of the first TIMES_MAX replies."""

    def error(self, kind: str) -> None:
        """Count one wrong reply."""
        if kind in self.errors or len(self.errors) < KINDS_OF_ERROR_MAX:
            self.errors[kind] = self.errors.get(kind, 0) + 1

    @property
    def per_second(self) -> float:
        """Right replies a second."""
        return self.good / self.seconds if self.seconds else 0.0

    def percentile_us(self, part: float) -> float:
        """The time to reply, in microseconds, that *part* (0 to 1) of the replies did not exceed."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1e6 if ordered else 0.0


class _Speech(Protocol):
    """How requests are numbered and replies told apart in one dialect."""

    header_bytes: int
    """What leads a frame, its length in the last two of it."""

    def __init__(self, load: Load) -> None: ...

    def frame(self, number: int) -> tuple[bytes, bytes]:
        """The request of that number as a frame, and what its reply repeats of it."""

    def fault(self, reply: bytes, told: bytes) -> str | None:
        """What is wrong with the frame *reply*, which should repeat *told*."""


class _Thales:
    """A header of four characters numbers requests."""

    header_bytes = 2

    def __init__(self, load: Load) -> None:
        self._payload = load.payload
        self._length = (HEADER_BYTES + len(load.payload)).to_bytes(2, "big")
        self._reply_code = load.payload[:1] + bytes((load.payload[1] + 1,))
        self._error_code = load.error_code

    def frame(self, number: int) -> tuple[bytes, bytes]:
        header = b"%04X" % (number & 0xFFFF)
        return self._length + header + self._payload, header

    def fault(self, reply: bytes, told: bytes) -> str | None:
        if reply[2:6] != told:
            return "header"
        if reply[6:8] != self._reply_code:
            return "response code"
        if reply[8:10] != self._error_code:
            return f"error code {reply[8:10].decode('ascii', 'replace')}"
        return None


class _Eracom:
    """The sequence number in what leads a frame numbers requests."""

    header_bytes = 6

    def __init__(self, load: Load) -> None:
        self._rest = len(load.payload).to_bytes(2, "big") + load.payload
        size = 3 if load.payload[0] in (0xEE, 0xEF, 0xFF) else 1
        self._reply_code = load.payload[:size]
        self._error_code = bytes.fromhex(load.error_code.decode("ascii"))
        self._end = 6 + size

    def frame(self, number: int) -> tuple[bytes, bytes]:
        lead = b"\x01\x01" + (number & 0xFFFF).to_bytes(2, "big")
        return lead + self._rest, lead

    def fault(self, reply: bytes, told: bytes) -> str | None:
        if reply[:4] != told:
            return "header"
        if reply[6 : self._end] != self._reply_code:
            return "response code"
        if reply[self._end : self._end + 1] != self._error_code:
            return f"error code {reply[self._end : self._end + 1].hex().upper()}"
        return None


_SPEECHES: Mapping[str, type[_Speech]] = MappingProxyType({"thales": _Thales, "eracom": _Eracom})


class _Caller:
    """One connection with its window of outstanding requests."""

    def __init__(self, load: Load, tally: Tally) -> None:
        self._speech = _SPEECHES[load.dialect](load)
        self._tally = tally
        self._sent: deque[tuple[bytes, float]] = deque()
        self._number = 0
        self._unsent = b""
        self._received = b""
        self.socket = socket.create_connection((load.host, load.port), timeout=SILENCE_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    @property
    def awaiting(self) -> int:
        return len(self._sent)

    def give_up(self) -> None:
        """The connection is gone; nothing more is awaited on it."""
        self._sent.clear()

    @property
    def stuck(self) -> bool:
        return bool(self._unsent)

    def ask(self, count: int) -> None:
        frames = [self._unsent]
        now = time.perf_counter()
        frame = self._speech.frame
        for _ in range(count):
            made, told = frame(self._number)
            self._number += 1
            self._sent.append((told, now))
            frames.append(made)
        self._unsent = b"".join(frames)
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return

    def hear(self) -> int:
        """Take what has arrived, and give the number of replies in it.  Raises ConnectionError at the end."""
        received = self.socket.recv(READ_BYTES_MAX)
        if not received:
            raise ConnectionResetError
        received = self._received + received
        at, count, now = 0, 0, time.perf_counter()
        lead = self._speech.header_bytes
        while len(received) - at >= lead:
            end = at + lead + int.from_bytes(received[at + lead - 2 : at + lead], "big")
            if end > len(received):
                break
            self._check(received[at:end], now)
            at, count = end, count + 1
        self._received = received[at:]
        return count

    def _check(self, reply: bytes, now: float) -> None:
        if not self._sent:
            self._tally.error("reply to no request")
            return
        told, asked = self._sent.popleft()
        fault = self._speech.fault(reply, told)
        if fault is not None:
            self._tally.error(fault)
        else:
            self._tally.good += 1
            if len(self._tally.times) < TIMES_MAX:
                self._tally.times.append(now - asked)


def run(load: Load) -> Tally:
    """Put *load* on the server.  Raises OSError when it can't be reached, ServerSilent when it stops answering."""
    tally = Tally()
    callers: list[_Caller] = []
    with selectors.DefaultSelector() as selector:
        try:
            for _ in range(load.connections):
                callers.append(_Caller(load, tally))
                selector.register(callers[-1].socket, selectors.EVENT_READ, callers[-1])
            _run(load, tally, callers, selector)
        finally:
            for caller in callers:
                caller.socket.close()
    return tally


def _run(load: Load, tally: Tally, callers: list[_Caller], selector: selectors.BaseSelector) -> None:
    left = load.requests if load.requests is not None else sys.maxsize
    started = time.perf_counter()
    until = started + load.seconds if load.requests is None else float("inf")
    for caller in callers:
        count = min(load.outstanding, left)
        left -= count
        caller.ask(count)
    while any(caller.awaiting for caller in callers):
        ready = selector.select(SILENCE_SECONDS_MAX)
        if not ready:
            raise ServerSilent
        if time.perf_counter() >= until:
            left = 0
        for key, _ in ready:
            heard: _Caller = key.data
            try:
                count = min(heard.hear(), left)
                left -= count
                if count or heard.stuck:
                    heard.ask(count)
            except BlockingIOError:
                continue
            except OSError:
                tally.error("connection closed by the server")
                selector.unregister(heard.socket)
                heard.give_up()
                continue
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if heard.stuck else 0)
            if events != key.events:
                selector.modify(heard.socket, events, heard)
    tally.seconds = time.perf_counter() - started


def payload_of(text: str, dialect: str = "thales") -> bytes:
    """The request for a preset's name, or from a file of hex digits: a command and its fields, no length or header.

    Raises click.BadParameter.
    """
    presets = ERACOM_PRESETS if dialect == "eracom" else PRESETS
    if text in presets:
        return presets[text]
    expected = f"one of {', '.join(presets)}, or a file of hex digits: a command without length and header"
    try:
        payload = bytes.fromhex(Path(text).read_text("ascii"))
    except (OSError, ValueError):
        raise click.BadParameter(expected) from None
    if not (1 if dialect == "eracom" else 2) <= len(payload) <= REPLY_BYTES_MAX - HEADER_BYTES:
        raise click.BadParameter(expected)
    return payload


def told(load: Load, tally: Tally) -> str:
    """The result as text, one figure a line."""
    lines = [
        f"{load.connections} connections x {load.outstanding} outstanding, {tally.seconds:.2f} s",
        f"commands/s  {tally.per_second:,.0f}",
        f"p50         {tally.percentile_us(0.50):,.0f} us",
        f"p99         {tally.percentile_us(0.99):,.0f} us",
        f"errors      {sum(tally.errors.values())}",
    ]
    return "\n".join(lines + [f"  {count} x {kind}" for kind, count in sorted(tally.errors.items())])


@click.command("bench")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=1500, show_default=True)
@click.option("--dialect", type=click.Choice(sorted(_SPEECHES)), default="thales", show_default=True)
@click.option("--connections", type=click.IntRange(1, 512), default=16, show_default=True)
@click.option("--outstanding", type=click.IntRange(1, 4096), default=16, show_default=True, help="On each connection.")
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True)
@click.option("--requests", type=click.IntRange(1), help="This many requests, however long they take.")
@click.option("--payload", help="ca, cc, nc (test-variant LMK); ee0602, 01 (KM test-2266); or a file of hex.")
@click.option("--error-code", default="00", show_default=True, help="The error code of a right reply.")
def command(
    host: str,
    port: int,
    dialect: str,
    connections: int,
    outstanding: int,
    seconds: float,
    requests: int | None,
    payload: str | None,
    error_code: str,
) -> None:
    """Load a server, of which a Thales port has a message header of 4 characters; exit code 1 when any reply was wrong."""
    code = error_code.encode("ascii", "replace")
    if re.fullmatch("[0-9A-Z]{2}" if dialect == "thales" else "[0-9A-F]{2}", error_code) is None:
        raise click.BadParameter("two characters, of an Eracom port two hex digits", param_hint="--error-code")
    content = payload_of(payload or ("ca" if dialect == "thales" else "ee0602"), dialect)
    load = Load(host, port, content, connections, outstanding, seconds, requests, code, dialect)
    try:
        tally = run(load)
    except ServerSilent:
        raise click.ClickException(f"no reply for {SILENCE_SECONDS_MAX:.0f} s") from None
    except OSError as fault:
        raise click.ClickException(f"{host}:{port}: {fault.strerror or fault}") from None
    click.echo(told(load, tally))
    sys.exit(1 if tally.errors or not tally.good else 0)
