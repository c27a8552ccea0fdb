"""Commands that change state, with real worker processes behind real connections."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from support.lines import UdpLine
from support.served import Serve, Served
from support.staff import Counter, one_each

ZMK = "U1457FF6ADF6250C66C368416B4C9D383"
OLD_KEY = "U8463435FC4B4DAA0C49025272C29B12C"
LA_COUNT = 100


def entries(state_dir: Path) -> list[dict[str, str | int]]:
    return [json.loads(line) for line in (state_dir / "audit.jsonl").read_text().splitlines()]


def value(number: int) -> str:
    return f"{number:016X}"


def two(serve: Serve, *options: str) -> tuple[Served, list[Counter]]:
    served = serve("--workers", "2", *options)
    return served, list(one_each(served, 2).values())


def test_a_stored_value_is_with_every_worker_before_it_is_answered(serve: Serve, tmp_path: Path) -> None:
    _, lines = two(serve, "--state-dir", str(tmp_path / "state"), "--authorise", "all")
    for number in range(LA_COUNT):
        assert lines[number % 2].command(f"LAK{number:03X}01{value(number)}") == "LB00"
        assert [line.command(f"LEK{number:03X}01") for line in lines] == [f"LF00{value(number)}"] * 2


def test_cancelled_authority_is_cancelled_everywhere(serve: Serve) -> None:
    _, lines = two(serve, "--authorise", "all", "--lmk", "00=test-variant", "--lmk", "02=test-aes-block")
    clear_pin, other_lmk = "BA1234F550000025321", "BA1234F550000025321%02"
    assert [line.command(clear_pin)[:4] for line in lines] == ["BB00"] * 2
    assert lines[0].command("RA") == "RB00"
    assert [line.command(clear_pin) for line in lines] == ["BB17"] * 2
    assert [line.command(other_lmk)[:4] for line in lines] == ["BB00"] * 2
    assert lines[1].command("RA%02") == "RB00"
    assert [line.command(other_lmk) for line in lines] == ["BB17"] * 2


def test_erased_key_change_storage_is_erased_everywhere(serve: Serve) -> None:
    _, lines = two(serve, "--old-lmk", "00=test-variant")
    assert [line.command(f"BW021{OLD_KEY}") for line in lines] == [f"BX00{OLD_KEY}"] * 2
    assert lines[1].command("BS") == "BT00"
    refused = [line.command(f"BW021{OLD_KEY}") for line in lines]
    assert refused[0] == refused[1]
    assert refused[0][:2] == "BX"
    assert refused[0][2:] in ("13", "33")


def test_commands_within_a_command_change_state_everywhere(serve: Serve) -> None:
    _, lines = two(serve, "--authorise", "all")
    inner = f"LAK00101{value(7)}"
    assert lines[0].command(f"NK001{len(inner):04}{inner}")[:4] == "NL00"
    assert [line.command("LEK00101") for line in lines] == [f"LF00{value(7)}"] * 2


def test_a_killed_worker_takes_nothing_along_that_it_answered(serve: Serve, tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    served = serve("--workers", "2", "--state-dir", str(state_dir), "--authorise", "all")
    (doomed, line), (_, other) = one_each(served, 2).items()
    requests = [each for n in range(400) for each in (f"LAK{n:03X}01{value(n)}", "A00001U", "A00002U", "A00003U")]
    line.send_ahead(requests)
    replies = [line.reply() for _ in range(203)]
    os.kill(doomed, signal.SIGKILL)
    replies += line.replies_to_the_end()
    served.line("serves again")
    stored = replies.count("LB00")
    made = sum(each.startswith("A100") for each in replies)
    assert (stored + made, stored) == (len(replies), -(-len(replies) // 4))
    assert 203 <= len(replies) < len(requests)
    for number in range(stored):
        assert other.command(f"LEK{number:03X}01") == f"LF00{value(number)}"
    for each in one_each(served, 2).values():
        assert each.command("LEK00001") == f"LF00{value(0)}"
    own = [each["command"] for each in entries(state_dir) if each["peer"] == line.peer]
    assert own[: len(replies)] == [each[:2] for each in requests[: len(replies)]]


def test_nothing_is_answered_that_the_audit_log_has_not(serve: Serve, tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    served = serve("--workers", "1", "--state-dir", str(state_dir))
    with Counter(served.ports["thales"]) as line, Counter(served.ports["thales"]) as other:
        assert line.command("NC")[:4] == "ND00"
        os.kill(served.process.pid, signal.SIGSTOP)
        line.send_ahead(["A00001U"])
        # Replies to what is not audited show that the worker had its turn with the other request.
        assert [other.command("NC")[:4] for _ in range(5)] == ["ND00"] * 5
        assert line.is_silent()
        os.kill(served.process.pid, signal.SIGCONT)
        assert line.reply()[:4] == "A100"
        assert [each["peer"] for each in entries(state_dir) if each["command"] == "A0"] == [line.peer]


def test_datagrams_are_answered_and_audited_too(serve: Serve, tmp_path: Path) -> None:
    served = serve("--workers", "2", "--state-dir", str(tmp_path / "state"), "--authorise", "all")
    with closing(UdpLine("127.0.0.1", served.ports["thales"])) as line:
        for request, reply in (
            ("A00001U", "A100U"),
            (f"LAK00101{value(1)}", "LB00"),
            ("LEK00101", "LF00"),
            ("ZZ", "Z[15"),
        ):
            assert line.command(request).startswith(reply)
    commands = [each["command"] for each in entries(tmp_path / "state")]
    assert commands == ["START", "A0", "LA", "LE", "$$"]


def test_the_audit_log_is_one_sequence_with_every_peer(serve: Serve, tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    served, lines = two(serve, "--state-dir", str(state_dir), "--authorise", "all")
    asked: dict[str, list[str]] = {line.peer: [] for line in lines}
    for number in range(60):
        line = lines[number * 7 % 2]
        request = (f"LAK{number:03X}01{value(number)}", "A00001U", f"BU021{OLD_KEY}", "ZZ", "NC")[number % 5]
        line.command(request)
        if request != "NC":
            asked[line.peer].append("$$" if request == "ZZ" else request[:2])
    found = entries(state_dir)
    assert [each["sequence"] for each in found] == list(range(1, len(found) + 1))
    for line in lines:
        assert [each["command"] for each in found if each["peer"] == line.peer] == asked[line.peer]
    assert served.stop()[0] == 0
    again, _ = two(serve, "--state-dir", str(state_dir), "--authorise", "all")
    with Counter(again.ports["thales"]) as line:
        assert line.command("LEK00101") == "LF12"
        assert line.command("LEK00501") == f"LF00{value(5)}"
        assert line.command("A00001U")[:4] == "A100"
    numbers = [each["sequence"] for each in entries(state_dir)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > len(found)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_stored_is_there_after_a_restart(serve: Serve, tmp_path: Path, how: signal.Signals) -> None:
    state_dir = str(tmp_path / "state")
    served, lines = two(serve, "--state-dir", state_dir)
    for number in range(20):
        assert lines[number % 2].command(f"LAK{number:03X}01{value(number)}") == "LB00"
    served.stop(how)
    again, _ = two(serve, "--state-dir", state_dir)
    with Counter(again.ports["thales"]) as line:
        assert [line.command(f"LEK{n:03X}01") for n in range(20)] == [f"LF00{value(n)}" for n in range(20)]


def test_a_seed_gives_the_same_keys_again(serve: Serve) -> None:
    made = []
    for _ in range(2):
        served = serve("--seed", "7")
        with Counter(served.ports["thales"]) as line:
            made.append([line.command("A00001U") for _ in range(3)])
        served.stop()
    assert made[0] == made[1]
    assert len(set(made[0])) == 3


def test_no_two_workers_of_a_seed_give_one_key_nor_does_a_successor(serve: Serve) -> None:
    runs = []
    for _ in range(2):
        served = serve("--workers", "2", "--seed", "7")
        workers = one_each(served, 2)
        keys = {line.command("A00001U") for line in workers.values()}
        assert len(keys) == 2
        runs.append(keys)
        doomed, kept = workers
        os.kill(doomed, signal.SIGKILL)
        served.line("serves again")
        successor = next(iter(one_each(served, 1, other_than=kept).values()))
        assert not keys & {successor.command("A00001U") for _ in range(5)}
        served.stop()
    assert runs[0] == runs[1]
