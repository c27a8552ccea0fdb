"""``switch demo`` as a command: it stays until Ctrl-C, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from switch.server.demo.command import stay
from switch.server.demo.processes import DemoStopped, Program, run

pytestmark = pytest.mark.xdist_group("country")
SECONDS_MAX = 120
DEMO = [sys.executable, "-m", "switch.main", "demo"]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_stays_until_ctrl_c_and_leaves_its_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "country"
    process = subprocess.Popen(
        [*DEMO, "--dir", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ctrl-C"):
            break
    pids = [int(found[1]) for each in folder.glob("*.ready") if (found := re.search(r'"pid": (\d+)', each.read_text()))]
    assert len(pids) == 11, "".join(said)
    assert all(map(is_running, pids))
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS_MAX) == 0, "".join(said)
    process.stdout.close()
    assert not any(map(is_running, pids))
    assert (folder / "bank-a.toml").exists()
    assert not list(folder.glob("*s.keys")), "the technicians' letters were destroyed"


def test_ctrl_c_may_be_pressed_while_it_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At worst before ``echo`` has returned; then, too, the command ends as it should."""
    said: list[str] = []

    def pressed_at_once(text: str) -> None:
        said.append(text)
        if text.startswith("Ctrl-C"):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("switch.server.demo.command.click.echo", pressed_at_once)
    stay(tmp_path, with_bureau=False)
    assert said[-1] == "Ctrl-C ends it."


def test_a_folder_that_is_used_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    ended = subprocess.run([*DEMO, "--dir", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"switch demo: {tmp_path}: an empty folder is expected\n"
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--cards", "{folder}", "--with-bureau"], "one of both is expected"),
        (["--cards", "{folder}/none"], "does not exist"),
        (["--cards", "{folder}"], "{folder}: no finished order of switch perso demo"),
    ],
)
def test_cards_that_are_not_there_are_refused_before_anything_starts(
    tmp_path: Path, options: list[str], told: str
) -> None:
    cards, folder = tmp_path / "cards", tmp_path / "country"
    cards.mkdir()
    words = [each.format(folder=cards) for each in options]
    line = [*DEMO, "--dir", str(folder), *words]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in (1, 2)
    assert told.format(folder=cards) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(folder.glob("*.ready"))


def test_what_a_program_says_is_shown_and_its_complaint_told() -> None:
    said: list[str] = []
    run("switch.main", "specs", show=said.append)
    assert any("napas" in line for line in said)
    with pytest.raises(DemoStopped, match="specs nonesuch"):
        run("switch.main", "specs", "nonesuch", show=said.append)


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    program = Program(tmp_path, "node", "switch.main", ("serve", "--config", str(tmp_path / "none.toml")))
    with pytest.raises(DemoStopped, match=r"node does not start: switch serve: .*none\.toml"):
        program.await_ready()
    assert program.end() == 2
    with pytest.raises(DemoStopped, match=r"hsm\.server\.main lmk new"):
        run("hsm.server.main", "lmk", "new", "--nothing")
