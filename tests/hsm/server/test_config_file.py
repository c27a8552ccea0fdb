from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.server.config import Config, ConfigError, ConsoleConfig, LoadedLmk, Setting
from hsm.server.config_file import read_config
from hsm.server.ports import Limits, Listener, TlsFiles

WHOLE = """\
bind = "127.0.0.2"
state-dir = "state"
profile = "hardened"
workers = 2
authorise = ["all"]
ready-file = "ready.json"
seed = 7

[lmk]
00 = "test-variant"
1 = "test-aes-block"

[old-lmk]
"00" = "test-3des-block"

[settings]
zmk-length = "double"
allow-single-des = false
encrypted-pin-length = 5

[limits]
connections-max = 64
idle-seconds = 0

[console]
port = 9100
ssh-port = 0
bind = "127.0.0.4"
socket = "s"
authorized-keys = "a"
host-key = "k"
idle-seconds = 30

[[host]]
port = 1500

[[host]]
port = 1501
bind = "127.0.0.3"
header-length = 0
lmk = "1"
charset = "ebcdic"

[[host]]
name = "secure"
port = 2500
tls-cert = "c.pem"
tls-key = "k.pem"
tls-client-ca = "ca.pem"
"""


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "hsm.toml"
    path.write_text(text)
    return read_config(str(path))


def test_every_field(tmp_path: Path) -> None:
    where = str(tmp_path / "hsm.toml")
    assert read(tmp_path, WHOLE) == Config(
        listeners=(
            Listener("thales", 1500, "127.0.0.2"),
            Listener("thales-2", 1501, "127.0.0.3", header_bytes=0, lmk_id="01", charset="ebcdic"),
            Listener("secure", 2500, "127.0.0.2", tls=TlsFiles("c.pem", "k.pem", "ca.pem")),
        ),
        state_dir="state",
        lmks=(
            LoadedLmk("00", "test-variant", f"{where}, line 10"),
            LoadedLmk("01", "test-aes-block", f"{where}, line 11"),
        ),
        old_lmks=(LoadedLmk("00", "test-3des-block", f"{where}, line 14"),),
        settings=(
            Setting("zmk-length", "double", f"{where}, line 17"),
            Setting("allow-single-des", "no", f"{where}, line 18"),
            Setting("encrypted-pin-length", "5", f"{where}, line 19"),
        ),
        profile="hardened",
        authorise=("all",),
        workers=2,
        ready_file="ready.json",
        seed=7,
        limits=Limits(connections_max=64, idle_seconds=0),
        console=ConsoleConfig(9100, 0, "127.0.0.4", "s", "a", "k", 30),
    )


def test_what_opens_the_vault(tmp_path: Path) -> None:
    found = read(tmp_path, 'state-dir = "s"\npassphrase-file = "p"\n')
    assert (found.passphrase_file, found.key_file) == ("p", None)
    assert read(tmp_path, 'state-dir = "s"\nkey-file = "k"\n').key_file == "k"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Config()


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("x = 1", 1, "x"),
        ("\nworkers = -1", 2, "workers"),
        ("workers = true", 1, "workers"),
        ("workers = 65", 1, "workers"),
        ("seed = 1.5", 1, "seed"),
        ("profile = 'soft'", 1, "profile"),
        ("bind = ''", 1, "bind"),
        ("bind = 1", 1, "bind"),
        ("authorise = 'all'", 1, "authorise"),
        ("authorise = [1]", 1, "authorise"),
        ("lmk = 1", 1, "lmk"),
        ("[lmk]\n100 = 'test-variant'", 2, "lmk.100"),
        ("[lmk]\n00 = 1.5", 2, "lmk.00"),
        ("[settings]\na = 1\nb = []", 3, "settings.b"),
        ("[limits]\nconnections-max = 0", 2, "limits.connections-max"),
        ("[limits]\nidle-seconds = -1", 2, "limits.idle-seconds"),
        ("[limits]\nidle-seconds = true", 2, "limits.idle-seconds"),
        ("[limits]\nidle = 1", 2, "limits.idle"),
        ("console = 1", 1, "console"),
        ("[console]\nport = -1", 2, "console.port"),
        ("[console]\nport = 1\nssh-port = 'x'", 3, "console.ssh-port"),
        ("[console]\nidle-seconds = 0", 2, "console.idle-seconds"),
        ("[console]\nsocket = ''", 2, "console.socket"),
        ("[console]\nhost-key = 1", 2, "console.host-key"),
        ("[console]\nauthorised-keys = 'a'", 2, "console.authorised-keys"),
        ("[[host]]\nport = 1\nname = 'ssh'", 3, "host.name"),
        ("host = 1", 1, "host"),
        ("host = [1]", 1, "host"),
        ("[[host]]\nname = 'a'", 1, "host.port"),
        ("[[host]]\nport = 65536", 2, "host.port"),
        ("[[host]]\nport = 1\n[[host]]\nport = 'x'", 4, "host.port"),
        ("[[host]]\nport = 1\nlmk = '123'", 3, "host.lmk"),
        ("[[host]]\nport = 1\nheader-length = 256", 3, "host.header-length"),
        ("[[host]]\nport = 1\ncharset = 'utf-8'", 3, "host.charset"),
        ("[[host]]\nport = 1\ndialect = 'other'", 3, "host.dialect"),
        ("[[host]]\nport = 1\ntls-cert = 'a'", 3, "host.tls-cert"),
        ("[[host]]\nport = 1\nudp = true", 3, "host.udp"),
        ("[[host]]\nport = 1\nname = 'a'\n[[host]]\nport = 2\nname = 'a'", 6, "host.name"),
        ("a = 1\nb =", 2, "syntax"),
    ],
)
def test_errors_name_line_field_and_what_was_expected(tmp_path: Path, text: str, line: int, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    expected_where = f"{tmp_path / 'hsm.toml'}, line {line}"
    assert (caught.value.where, caught.value.field) == (expected_where, field)
    assert str(caught.value).startswith(f"{expected_where}: {field}: expected ")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="readable"):
        read_config(str(tmp_path / "none"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_config(str(tmp_path / "bytes"))
    (tmp_path / "long").write_bytes(b"#" * 1_048_577)
    with pytest.raises(ConfigError, match="at most"):
        read_config(str(tmp_path / "long"))


@given(st.text(alphabet="abthosl[]=\"'. \n-01{}#,", max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text)
    with suppress(ConfigError):
        assert isinstance(read_config(str(path)), Config)


def test_the_example_of_the_manual_is_read(tmp_path: Path) -> None:
    manual = Path(__file__).parents[3] / "protocol-spec" / "configuration.md"
    example = tmp_path / "hsm.toml"
    example.write_text(manual.read_text().partition("```toml\n")[2].partition("```")[0])
    config = read_config(str(example))
    assert [(each.name, each.port, each.header_bytes, each.lmk_id) for each in config.listeners] == [
        ("thales", 1500, 4, None),
        ("mainframe", 1501, 8, "01"),
        ("tls", 2500, 4, None),
        ("eracom-tls", 2501, 4, None),
        ("eracom", 9000, 4, None),
    ]
    assert config.limits.connections_max == 64
    assert config.console == ConsoleConfig(port=9100, ssh_port=9122, authorized_keys="operators.pub")
    assert [each.name for each in config.lmks] == ["test-variant", "test-3des-block"]
