"""A server whose disk takes nothing more refuses what it can't keep or tell of, verifies PINs, and recovers by itself."""

from __future__ import annotations

import json
import resource
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
from support.pins import ACCOUNT, PVK_PAIR, TPK, TPK_BLOCK_1234
from support.served import SECONDS_MAX, Serve
from support.staff import Counter

VERIFY = f"DC{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}1"


def until(line: Counter, request: str, reply: str) -> None:
    """Ask until the answer begins with *reply*: the owner tries the disk again once a second."""
    deadline = monotonic() + SECONDS_MAX
    while not line.command(request).startswith(reply):
        assert monotonic() < deadline


@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_disk(serve: Serve, tmp_path: Path, workers: int) -> None:
    state_dir = tmp_path / "state"
    served = serve("--workers", str(workers), "--state-dir", str(state_dir), "--authorise", "all")
    port = served.ports["thales"]
    with Counter(port) as line:
        assert line.command("A00001U")[:4] == "A100"
        assert line.command(VERIFY + "4402") == "DD00"
    # No file of the owner may grow: what it writes fails with EFBIG.
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    with Counter(port) as line, suppress(ConnectionError):
        # Executed, and not answered; or refused, if the owner, who looks each second, has seen it before.
        assert line.command("A00001U") == "A141"
    with Counter(port) as line:
        until(line, "A00001U", "A141")
        assert line.command("LAK00101" + "0" * 16) == "LB41"
        assert line.command("RA") == "RB41"
        assert line.command(VERIFY + "4402") == "DD00"
        assert line.command(VERIFY + "0000") == "DD41"
        assert line.command("NC")[:4] == "ND00"
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(line, "A00001U", "A100")
        assert line.command(VERIFY + "0000") == "DD01"
        assert line.command("LAK00101" + "0" * 16) == "LB00"
    assert served.stop()[0] == 0
    told = [json.loads(each) for each in (state_dir / "audit.jsonl").read_text().splitlines()]
    commands = [each["command"] for each in told if each["outcome"] != "41" or each["command"] == "STORAGE"]
    rest = ["STORAGE", "A0", "DC", "LA", "STOP"]
    assert commands in (["START", "A0", "A0", *rest], ["START", "A0", *rest])
    serve("--state-dir", str(state_dir)).stop()
