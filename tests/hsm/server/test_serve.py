"""``hsm serve`` as scripts and people meet it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.echo_household import framed
from support.served import ECHO, SECONDS_MAX, Serve, echo_environment, exactly, flood, reply_from

from hsm.server.config import Config, ConfigError, ConsoleConfig, LoadedLmk, Setting
from hsm.server.ports import Listener, TlsFiles
from hsm.server.serve import COMMAND_LINE, Options, configured, warnings


def run(*words: str) -> tuple[int, str]:
    """Exit code and standard error of ``hsm`` run to its end."""
    done = subprocess.run(
        [sys.executable, "-m", ECHO, *words],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env=echo_environment(),
    )
    return done.returncode, done.stderr


def test_the_ready_file_is_whole_and_says_where(serve: Serve) -> None:
    served = serve()
    ready = json.loads(served.ready_file.read_text())
    assert ready == {"pid": served.process.pid, "ports": served.ports}
    assert list(served.ports) == ["thales"]
    assert [each.name for each in served.ready_file.parent.iterdir()] == [served.ready_file.name]
    assert served.ask(b"hello") == b"hello"


def test_a_ready_file_of_an_earlier_run_is_gone_when_this_one_fails(tmp_path: Path) -> None:
    stale = tmp_path / "ready.json"
    stale.write_text("{}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, told = run("serve", "--host-port", port, "--ready-file", str(stale))
    assert code == 1
    assert f"can't listen on 127.0.0.1:{port} (TCP)" in told
    assert not stale.exists()


def test_start_and_memory_stay_within_their_figures(serve: Serve) -> None:
    served = serve()
    # The figure is 1 s from the command to a listening port, and a start waits for nothing but its own computing.
    assert served.computed_seconds() < 3.0
    assert served.resident_kib() < 80 * 1024


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_writes_the_replies_in_flight(serve: Serve, number: int) -> None:
    served = serve()
    with served.connect() as connected:
        connected.sendall(framed(b"first"))
        assert reply_from(connected) == b"first"
        # The server is stopped while it can't read, so the requests are surely in flight when the signal is seen.
        served.process.send_signal(signal.SIGSTOP)
        connected.sendall(framed(b"L1000") * 1000)
        served.process.send_signal(number)
        served.process.send_signal(signal.SIGCONT)
        assert exactly(connected, 1000 * 1002) == framed(b"x" * 1000) * 1000
        assert connected.recv(1) == b""
    assert served.process.wait(timeout=SECONDS_MAX) == 0
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_stopping_does_not_wait_long_for_a_client_that_never_reads(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "hsm.toml").write_text("[limits]\ndrain-seconds = 0.2\n[[host]]\nport = 0\n")
    served = serve("--config", str(tmp_path / "hsm.toml"))
    with served.connect() as deaf:
        flood(deaf, b"x" * 30000)
        code, told = served.stop()
    assert code == 0
    assert "cut off" in told


def test_several_ports_and_the_connection_limit_from_the_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "hsm.toml").write_text(
        "[limits]\nconnections-max = 2\n[[host]]\nport = 0\n[[host]]\nname = 'second'\nport = 0\n"
    )
    served = serve("--config", str(tmp_path / "hsm.toml"))
    assert set(served.ports) == {"thales", "second"}
    with served.connect("second") as first, served.connect("second") as second:
        for each in (first, second):
            each.sendall(framed(b"a"))
            assert reply_from(each) == b"a"
        # The reset may arrive before connecting is over on our side.
        with pytest.raises(ConnectionError), served.connect("second") as third:
            third.recv(1)
        first.sendall(framed(b"b"))
        assert reply_from(first) == b"b"
    assert served.ask(b"the other port has its own room") == b"the other port has its own room"


def test_warnings() -> None:
    assert warnings(Config()) == []
    assert warnings(Config(listeners=(Listener("t", 1, "::1"), Listener("u", 1, "127.0.0.9")))) == []
    exposed, seeded = warnings(Config(listeners=(Listener("t", 1, "192.0.2.1"),), seed=0))
    assert "192.0.2.1" in exposed
    assert "predictable" in seeded


def test_a_telnet_console_beyond_loopback_is_warned_of() -> None:
    assert warnings(Config(console=ConsoleConfig(port=0))) == []
    assert warnings(Config(console=ConsoleConfig(ssh_port=0, host="0.0.0.0"))) == []  # noqa: S104  # is what is tested
    (told,) = warnings(Config(console=ConsoleConfig(port=0, host="192.0.2.1")))
    assert "in clear" in told
    assert "192.0.2.1" in told


def test_the_console_s_options_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hsm.toml"
    file.write_text("[console]\nport = 9100\nssh-port = 9122\nidle-seconds = 5\n")
    with pytest.raises(ConfigError) as caught:
        configured(Options(config=str(file)))
    assert (caught.value.where, caught.value.field) == (str(file), "ssh-port")
    with pytest.raises(ConfigError) as caught:
        configured(Options(ssh_port=0))
    assert caught.value.where == COMMAND_LINE
    options = Options(
        config=str(file),
        console_port=0,
        console_bind="::1",
        console_socket="s",
        ssh_authorized_keys="a",
        ssh_host_key="k",
    )
    assert configured(options).console == ConsoleConfig(0, 9122, "::1", "s", "a", "k", 5)


def test_without_a_console_its_modules_are_not_imported() -> None:
    """What is not served costs neither time at the start nor memory."""
    code = (
        "import sys; from hsm.server import serving, founding; "
        "print([n for n in sys.modules if 'conch' in n or n in ('hsm.server.terminal', 'hsm.server.consoleport')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_seed_is_warned_of_before_anything_is_served() -> None:
    code, told = run("serve", "--seed", "1", "--host-port", "0", "--ready-file", "/nonexistent/ready.json")
    assert code == 1
    assert told.startswith("WARNING: --seed makes every generated key and PIN predictable.")


def test_command_line_over_file(tmp_path: Path) -> None:
    (tmp_path / "hsm.toml").write_text(
        "profile = 'hardened'\nseed = 1\nauthorise = ['a']\n[lmk]\n00 = 'test-variant'\n01 = 'x'\n"
        "[settings]\na = 'b'\n[[host]]\nname = 'first'\nport = 1\n[[host]]\nname = 'thales'\nport = 2\n"
    )
    config = configured(
        Options(
            config=str(tmp_path / "hsm.toml"),
            bind="::1",
            host_port=7,
            tls_port=8,
            tls_cert="c",
            tls_key="k",
            eracom_tls_port=9,
            header_length=0,
            lmk=("0=test-aes-block",),
            old_lmk=("00=test-variant",),
            set=("a=c=d",),
            profile="legacy",
            authorise=("all",),
            workers=2,
            seed=0,
        )
    )
    assert config.listeners == (
        Listener("first", 1, "::1", header_bytes=0),
        Listener("thales", 7, "::1", header_bytes=0),
        Listener("tls", 8, "::1", header_bytes=0, tls=TlsFiles("c", "k")),
        Listener("eracom-tls", 9, "::1", dialect="eracom", header_bytes=0, tls=TlsFiles("c", "k")),
    )
    assert config.lmks[0] == LoadedLmk("00", "test-aes-block", COMMAND_LINE)
    assert [each.lmk_id for each in config.lmks] == ["00", "01"]
    assert config.old_lmks == (LoadedLmk("00", "test-variant", COMMAND_LINE),)
    assert config.settings[-1] == Setting("a", "c=d", COMMAND_LINE)
    assert (config.profile, config.authorise, config.workers, config.seed) == ("legacy", ("a", "all"), 2, 0)


def test_what_opens_the_vault(tmp_path: Path) -> None:
    file = tmp_path / "hsm.toml"
    file.write_text("state-dir = 's'\npassphrase-file = 'p'\n")

    def openers(**typed: str) -> tuple[str | None, str | None]:
        config = configured(Options(config=str(file), **typed))  # type: ignore[arg-type]  # strings alone
        return config.passphrase_file, config.key_file

    assert openers() == ("p", None)
    assert openers(passphrase_file="q") == ("q", None)
    assert openers(key_file="k") == (None, "k")
    assert configured(Options(profile=None)).profile is None


def test_the_well_known_port_is_the_default() -> None:
    assert configured(Options()).listeners == (Listener("thales", 1500),)


@pytest.mark.parametrize(
    "options",
    [
        Options(lmk=("test-variant",)),
        Options(lmk=("100=test-variant",)),
        Options(old_lmk=("00=",)),
        Options(set=("name",)),
        Options(set=("=value",)),
        Options(tls_port=1),
        Options(tls_port=1, tls_cert="c"),
        Options(eracom_tls_port=1),
        Options(tls_cert="c", tls_key="k"),
        Options(config="/nonexistent/hsm.toml"),
        Options(passphrase_file="p"),
        Options(key_file="k"),
        Options(state_dir="s", passphrase_file="p", key_file="k"),
    ],
)
def test_what_is_wrong_with_options_is_said(options: Options) -> None:
    with pytest.raises(ConfigError):
        configured(options)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host-port", "65536"), "--host-port"),
        (("--header-length", "256"), "--header-length"),
        (("--profile", "soft"), "--profile"),
        (("--lmk", "x"), "command line: --lmk: expected ID=NAME"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_options_exit_with_2_and_no_traceback(words: tuple[str, ...], told: str) -> None:
    code, said = run("serve", *words)
    assert code == 2
    assert told in said
    assert "Traceback" not in said


def test_unusable_tls_files_exit_with_1_and_no_traceback(tmp_path: Path) -> None:
    code, told = run(
        *("serve", "--host-port", "0", "--tls-port", "0", "--tls-cert", "/none.pem", "--tls-key", "/none.key")
    )
    assert (code, "/none.pem" in told, "Traceback" in told) == (1, True, False)


def test_serving_imports_no_other_subcommand() -> None:
    program = (
        "import sys; from hsm.server import main, serve, serving; "
        "print([m for m in sys.modules if m in ('hsm.server.bench', 'hsm.server.workers')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_group_lists_its_subcommands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hsm.server.main", "--help"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert "serve" in done.stdout
    assert "bench" in done.stdout
    assert run("nothing")[0] == 2
