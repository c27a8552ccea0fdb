"""``switch serve`` as scripts, members and operators meet it."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.databases import Server
from support.switched import SECONDS_MAX, RunningSwitch, switch

from switch.operator.events import EVENTS

HEAD = '[switch]\nname = "{name}"\ninstitution = "970400"\nbins = "bins.csv"\n'
PORTS = '[console]\naddress = "127.0.0.1:0"\n[metrics]\naddress = "127.0.0.1:0"\n[log]\nfile = "switch.log"\n'
SERVER = '[[link]]\nname = "alpha"\nspec = "banknet"\nrole = "server"\naddress = "127.0.0.1:0"\n'
CLIENT = '[[link]]\nname = "centre"\nspec = "banknet"\nrole = "client"\naddress = "127.0.0.1:{port}"\n'
QUICK = "[link.seconds]\npause = 0.05\npause-max = 0.1\n"
BINS = "prefix,name,kind,link,dialect\n970405,Alpha,member,{link},banknet\n"
PAN = "9704050000000013"
Start = Callable[..., RunningSwitch]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts switches; none is left."""
    started: list[RunningSwitch] = []

    def one(name: str, links: str, link: str, more: str = PORTS, words: tuple[str, ...] = ()) -> RunningSwitch:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "bins.csv").write_text(BINS.format(link=link))
        started.append(RunningSwitch(folder, HEAD.format(name=name) + more + links, words))
        return started[-1]

    yield one
    for each in started:
        each.close()


def events(path: Path) -> list[dict[str, object]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert {event["event"] for event in found} <= EVENTS.keys()
    return found


def test_two_switches_sign_on_and_are_seen_and_stop_in_order(start: Start) -> None:
    centre = start("centre", SERVER, "alpha")
    assert set(centre.ports) == {"alpha", "console", "metrics"}
    ready = json.loads(centre.ready_file.read_text())
    assert ready == {"pid": centre.process.pid, "ports": centre.ports}
    member = start("member", CLIENT.format(port=centre.ports["alpha"]) + QUICK, "centre")
    assert "yes    yes" in centre.until("CONNECTED  ON    ON", "links")
    member.until("CONNECTED  ON    ON", "links")
    with urllib.request.urlopen(f"http://127.0.0.1:{centre.ports['metrics']}/metrics", timeout=SECONDS_MAX) as scraped:
        assert b'zonekey_switch_link_connected{link="alpha"} 1.0' in scraped.read()
    assert member.stop() == 0
    centre.until("SOUGHT", "links")
    assert centre.ask("stop").returncode == 0
    assert centre.process.wait(SECONDS_MAX) == 0
    told = [event["event"] for event in events(centre.folder / "switch.log")]
    assert told[-1] == "stopped"
    assert "started" in told
    # It signed off before it hung up: the centre saw that, and no broken line.
    texts = [str(event.get("text")) for event in events(centre.folder / "switch.log")]
    assert any("theirs OFF" in text and "CONNECTED" in text for text in texts[texts.index("links") :])


def test_the_console_answers_one_shots_and_pipes(start: Start) -> None:
    running = start("one", SERVER, "alpha")
    shown = running.ask("link", "alpha")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[1].split()[:3] == ["alpha", "server", "SOUGHT"]
    refused = running.ask("link", "alpha", "echo")
    assert refused.returncode == 1
    assert "refused" in refused.stderr
    assert running.ask("transaction", PAN).stderr == "there is no transaction of that id; see transactions\n"
    assert "echo was not carried out" in (running.folder / "switch.log").read_text()
    assert PAN not in (running.folder / "switch.log").read_text()
    assert running.ask("exceptions").returncode == 0
    assert running.ask("link", "alpha", "close").returncode == 0
    assert "CLOSED" in running.ask("links").stdout


def test_tables_are_read_again_and_a_bad_one_changes_nothing(start: Start) -> None:
    running = start("one", SERVER, "alpha")
    bins = running.folder / "bins.csv"
    bins.write_text(bins.read_text() + "970499,Withdrawn,blocked,,\n")
    assert "bins: 1 added, 0 removed, 0 changed" in running.ask("reload").stdout
    assert "Withdrawn" in running.ask("bins", "970499").stdout
    bins.write_text(bins.read_text() + "97,Short,member,alpha,banknet\n")
    refused = running.ask("reload", "bins")
    assert refused.returncode == 1
    assert "bins.csv:4: prefix" in refused.stdout
    assert "Withdrawn" in running.ask("bins", "970499").stdout


def test_a_log_that_was_moved_away_goes_on(start: Start) -> None:
    running = start("one", SERVER, "alpha")
    path = running.folder / "switch.log"
    path.rename(running.folder / "old.log")
    running.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + SECONDS_MAX
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    running.ask("links")
    assert running.stop(signal.SIGINT) == 0
    assert [event["event"] for event in events(path)][-1] == "stopped"


def test_a_switch_that_was_killed_starts_again_with_new_numbers(start: Start) -> None:
    running = start("one", SERVER, "alpha", PORTS.replace('address = "127.0.0.1:0"', 'socket = "c.sock"', 1))
    assert "console" not in running.ports
    assert running.ask("links").returncode == 0
    running.process.kill()
    running.process.wait()
    running.start()
    assert running.ask("links").returncode == 0
    assert running.stop() == 0
    eras = [event["era"] for event in events(running.folder / "switch.log") if event["event"] == "started"]
    assert eras == [1, 2]
    with sqlite3.connect(running.folder / "state" / "switch.db") as opened:
        assert opened.execute("SELECT number FROM eras").fetchall() == [(2,)]


def test_the_command_line_says_where_the_store_is(start: Start, tmp_path: Path) -> None:
    here = tmp_path / "elsewhere"
    running = start("one", SERVER, "alpha", "", ("--state-dir", str(here)))
    assert running.stop() == 0
    assert (here / "switch.db").exists()
    assert '"event": "stopped"' in running.said()


def test_the_store_can_be_postgresql(start: Start, server: Server) -> None:
    url = server.new_url()
    for era in (1, 2):
        running = start(f"run-{era}", SERVER, "alpha", PORTS, ("--database", url))
        assert running.ask("transactions").returncode == 0
        assert running.ask("queues").returncode == 0
        assert running.stop() == 0
        assert [e["era"] for e in events(running.folder / "switch.log") if e["event"] == "started"] == [era]
        assert not (running.folder / "state").exists()


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("[switch]\n", (), "switch.toml, line 1: switch.name: expected a name"),
        (HEAD + "colour = 1\n", (), "switch.toml, line 5: switch.colour: expected nothing"),
        (HEAD.replace("bins.csv", "none.csv") + SERVER, (), "none.csv: No such file or directory"),
        (HEAD + SERVER.replace("alpha", "beta"), (), "bins.csv:2: link: the name of a link"),
        (HEAD + 'services = "bins.csv"\n' + SERVER, (), "bins.csv: "),
        (HEAD + SERVER + '[link.partner]\nchannel = "kiosk"\n', (), "channels: kiosk"),
        (HEAD + SERVER, ("--database", "mysql://there"), "a database's URL is"),
        (
            HEAD + SERVER + '[link.tls]\ncertificate = "a"\nkey = "b"\nauthority = "c"\npeer-name = "d"\n',
            (),
            "/a or ",
        ),
        (HEAD + '[log]\nfile = "bins.csv/x"\n' + SERVER, (), "bins.csv"),
        (HEAD + SERVER, ("--member", "b"), "cluster: expected a table [cluster], for --member"),
        (HEAD + '[cluster]\nmember = "a"\n' + SERVER, (), "switch.database: expected PostgreSQL"),
        (
            HEAD + '[cluster]\nmember = "a"\n' + SERVER,
            ("--database", "postgresql://there/x", "--member", "-"),
            "--member: member: expected a name",
        ),
    ],
)
def test_a_wrong_configuration_is_told_and_ends_with_2(
    tmp_path: Path, text: str, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "bins.csv").write_text(BINS.format(link="alpha"))
    (tmp_path / "switch.toml").write_text(text.format(name="one"))
    ended = switch("serve", "--config", str(tmp_path / "switch.toml"), *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_in_the_way_is_told_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "bins.csv").write_text(BINS.format(link="alpha"))
    path, ready = tmp_path / "switch.toml", tmp_path / "ready.json"
    ready.write_text("{}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path.write_text(HEAD.format(name="one") + SERVER.replace(":0", f":{port}"))
        ended = switch("serve", "--config", str(path), "--ready-file", str(ready))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"127.0.0.1:{port}" in ended.stderr
        assert not ready.exists()
        path.write_text(HEAD.format(name="one") + f'[console]\naddress = "127.0.0.1:{port}"\n' + SERVER)
        assert switch("serve", "--config", str(path)).returncode == 1
    path.write_text(HEAD.format(name="one") + 'database = "sqlite:////proc/switch.db"\n' + SERVER)
    ended = switch("serve", "--config", str(path))
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_a_console_without_a_switch_is_told(tmp_path: Path) -> None:
    (tmp_path / "bins.csv").write_text(BINS.format(link="alpha"))
    path = tmp_path / "switch.toml"
    path.write_text(HEAD.format(name="one") + '[console]\nsocket = "c.sock"\n')
    ended = switch("console", "--config", str(path), "links")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "No such file" in ended.stderr
    path.write_text(HEAD.format(name="one") + '[console]\naddress = "127.0.0.1:0"\n')
    assert switch("console", "--config", str(path), "links").returncode == 2
