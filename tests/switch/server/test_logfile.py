"""The log: one line an event, masked, bounded, and nobody waits for it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.python.failure import Failure

from switch.routing.pan import Pan, PanError
from switch.server import logfile
from switch.server.logfile import LogFile, line_of, place_of

PAN = "9704110000000007"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log" / "switch.log"
    log = LogFile(path, lambda: 1_500_000)
    at = "1970-01-01T00:00:01.500Z"
    log.tell("link", link="alpha", text="line CONNECTED", owed=3, up=True)
    log.tell("started")
    log.close()
    assert lines(path) == [
        {
            "at": "1970-01-01T00:00:01.500Z",
            "event": "link",
            "link": "alpha",
            "text": "line CONNECTED",
            "owed": 3,
            "up": True,
        },
        {"at": at, "event": "started"},
    ]


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "switch.log"
    log = LogFile(path)
    log.tell("first")
    log.close()
    log = LogFile(path)
    path.rename(tmp_path / "switch.log.1")
    log.reopen()
    seen = threading.Event()
    while not path.exists():
        seen.wait(0.005)
    log.tell("second")
    log.close()
    assert [line["event"] for line in lines(path)] == ["second"]
    assert [line["event"] for line in lines(tmp_path / "switch.log.1")] == ["first"]


def test_what_nobody_takes_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that doesn't read costs lines, and never the time of whoever tells them."""
    monkeypatch.setattr(logfile, "LINES_WAITING_MAX", 10)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    log = LogFile(pipe)
    for _ in range(20_000):
        log.tell("event", text="x" * 300)
    assert log.dropped > 10_000
    os.set_blocking(reader, True)
    drained = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 1 << 16), b"")])
    drained.start()
    log.close()
    drained.join(10)
    os.close(reader)


def test_a_disk_that_takes_nothing_is_counted() -> None:
    log = LogFile(Path("/dev/full"))
    log.tell("event")
    log.close()
    assert log.dropped == 1
    log.tell("too late")
    assert log.dropped == 2


@given(st.text(max_size=2_000), st.integers(0, 12))
def test_no_line_shows_a_pan_or_is_long(text: str, at: int) -> None:
    line = line_of(0, "event", {"text": f"{text[:at]}{PAN}{text[at:]}", "other": PAN, "count": 3})
    assert line.count("\n") == 1
    assert line.isascii()
    assert len(line) < 6 * (2 * logfile.TEXT_CHARS_MAX + 100)
    told = json.loads(line)
    assert PAN not in told["text"]
    assert PAN not in told["other"]


def test_a_fault_is_told_by_type_and_place_alone() -> None:
    try:
        Pan("4000001234563")
    except PanError:
        assert place_of(Failure()).startswith("PanError at pan.py:")
    assert place_of(Failure(ValueError("secret"))) == "ValueError"
