"""Eracom beside Thales in one process and with workers; how the port and its keys are configured."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hsm.client.blocking import BlockingClient
from hsm.client.process import ApplianceProcess
from hsm.policy.settings import Settings
from hsm.server.bench import command as bench
from hsm.server.config import ConfigError
from hsm.server.counters import Counters, shared_file
from hsm.server.domain_founding import domain_for
from hsm.server.founding import adopt, found, names_counted
from hsm.server.ports import Listener
from hsm.server.serve import Options, configured

PORT = Listener("eracom", 0, dialect="eracom")
BOTH = ("--eracom-port", "0", "--stored-key", "01:22=" + "66" * 16, "--stored-key", "01:1=" + "11" * 16)
TRANSLATE = "EE06020055652ED2388A713A020022010942000000000" + "1020001"
TRANSLATED = "EE06020061F1C26DBD04BC1D"


@pytest.fixture(scope="module", params=[(), ("--workers", "2")], ids=["alone", "workers"])
def running(request: pytest.FixtureRequest) -> Iterator[ApplianceProcess]:
    with ApplianceProcess([*BOTH, *request.param]) as process:
        yield process


def exchange(port: int, *bodies: str) -> list[str]:
    sent = b"".join(
        b"\x01\x01" + number.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
        for number, body in enumerate(map(bytes.fromhex, bodies))
    )
    found = []
    with socket.create_connection(("127.0.0.1", port), 5) as link, link.makefile("rb") as replies:
        link.sendall(sent)
        for number in range(len(bodies)):
            lead = replies.read(6)
            assert lead[:4] == b"\x01\x01" + number.to_bytes(2, "big")
            found.append(replies.read(int.from_bytes(lead[4:], "big")).hex().upper())
    return found


def test_both_dialects_answer(running: ApplianceProcess) -> None:
    assert set(running.ports) == {"thales", "eracom"}
    translated, errors, unknown = exchange(running.ports["eracom"], TRANSLATE, "FFF000", "EE9999")
    assert (translated, unknown) == (TRANSLATED, "EE999902")
    # The start is in the error log, which with workers the owner of the state keeps.
    assert errors[:16] == "FFF000000101" + "0001"
    with BlockingClient("127.0.0.1", running.port) as client:
        assert client.command("NC").startswith("ND00")


def test_a_bad_lead_closes_that_connection_only(running: ApplianceProcess) -> None:
    port = running.ports["eracom"]
    with (
        socket.create_connection(("127.0.0.1", port), 5) as bad,
        socket.create_connection(("127.0.0.1", port), 5) as good,
    ):
        bad.sendall(b"GET / HTTP/1.1\r\n")
        assert bad.recv(1) == b""
        good.sendall(bytes.fromhex("010100000003FFF000"))
        assert good.recv(64).hex()[:20] == "010100000024fff00000"


def test_bench(running: ApplianceProcess) -> None:
    words = ["--dialect", "eracom", "--requests", "50", "--connections", "2", "--port", str(running.ports["eracom"])]
    result = CliRunner().invoke(bench, words)
    assert (result.exit_code, "errors      0" in result.output) == (0, True)
    wrong = CliRunner().invoke(bench, [*words, "--error-code", "0A"])
    assert wrong.exit_code == 1
    assert "error code 00" in wrong.output
    assert CliRunner().invoke(bench, [*words, "--error-code", "zz"]).exit_code == 2
    assert CliRunner().invoke(bench, [*words, "--payload", "ca"]).exit_code == 2


def test_processes_count_functions_apart_from_thales_commands() -> None:
    config = configured(Options(host_port=0, eracom_port=0))
    names = names_counted(config.dialects)
    assert len(names) == len(set(names))
    shared = shared_file(2, names)
    rows = [Counters(2, names, row=row, descriptor=shared) for row in range(2)]
    owner, worker = found(config, rows[0]), adopt(rows[1])
    worker.restore(owner.snapshot())
    for household in (owner, worker):
        session = household.session(PORT, "192.0.2.1:1")
        assert session.execute(b"\xff\xf0\x00")[:4] == b"\xff\xf0\x00\x00"
        assert session.execute(b"\xee\x99\x99") == b"\xee\x99\x99\x02"
        assert session.execute(b"\xff\xf1\x00") == b"\xff\xf1\x00\x13"  # a code that no other function has
        household.flush()
    told = {name: rows[0].total(name) for name in names if rows[0].total(name)}
    assert {name: count for name, count in told.items() if "eracom" in name} == {
        "command eracom FFF000": 2, "command eracom FFF100": 2, "command eracom $$": 2,
        "outcome eracom 00": 2, "outcome eracom 02": 2, "outcome eracom 13": 2,
    }  # fmt: skip
    assert not any(name.startswith(("command F", "outcome 0")) for name in told)
    owner.close()


def test_a_worker_has_the_domain() -> None:
    config = configured(Options(host_port=0, eracom_port=0, stored_key=("01:22=" + "66" * 16, "01:1=" + "11" * 16)))
    owner = found(config, Counters(1, names_counted(config.dialects)))
    worker = adopt(Counters(2, names_counted(config.dialects), row=1))
    worker.restore(owner.snapshot())
    reply = worker.session(PORT, "192.0.2.1:1").execute(bytes.fromhex(TRANSLATE))
    assert reply.hex().upper() == TRANSLATED
    owner.close()


def test_without_the_port_there_is_no_domain() -> None:
    config = configured(Options(host_port=0))
    assert config.dialects == ("thales",)
    assert "command eracom EE0602" not in names_counted(config.dialects)


def test_the_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "hsm.toml"
    path.write_text(
        'km = "test-33"\n[stored-key]\n"1:22" = "' + "66" * 16 + '"\n'
        '[[host]]\ndialect = "eracom"\nport = 0\n[[host]]\nport = 0\ndialect = "eracom"\n'
    )
    config = configured(Options(config=str(path)))
    assert [(each.name, each.dialect) for each in config.listeners] == [("eracom", "eracom"), ("eracom-2", "eracom")]
    assert (config.km, [(k.key_type, k.index) for k in config.stored_keys]) == ("test-33", [("01", 22)])
    assert "6666" not in repr(config)
    path.write_text('[stored-key]\n"1:22" = "6"\n')
    with pytest.raises(ConfigError, match=r"line 2: stored-key\.1:22: expected TYPE:INDEX=HEX"):
        configured(Options(config=str(path)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(eracom_port=0, km="test-99"), "one of test-2266, test-33"),
        (Options(stored_key=("01:1=" + "11" * 16,)), "an Eracom port with them"),
        (Options(eracom_port=0, stored_key=("01:0=" + "11" * 16,)), "an index from 1 to 9999"),
        (Options(eracom_port=0, stored_key=("99:1=" + "11" * 16,)), "a known key type"),
        (Options(eracom_port=0, stored_key=("01:1=" + "11" * 15,)), "8, 16 or 24 bytes"),
        (Options(eracom_port=0, stored_key=("07:1=" + "FF" * 16,)), "decimalisation table"),
        (Options(eracom_port=0, stored_key=("01:1=zz",)), "TYPE:INDEX=HEX"),
        (Options(eracom_port=0, stored_key=("1",)), "TYPE:INDEX=HEX"),
    ],
)
def test_what_is_configured_wrongly_is_said(options: Options, said: str) -> None:
    def start() -> None:
        config = configured(options)
        found(config, Counters(1, names_counted(config.dialects)))

    with pytest.raises(ConfigError, match=said) as caught:
        start()
    assert "1111" not in str(caught.value)


def test_the_default_km_is_the_published_one() -> None:
    config = configured(Options(eracom_port=0))
    household = found(config, Counters(1, names_counted(config.dialects)))
    household.close()
    made = domain_for(config, Settings())
    assert made is not None
    assert made.km.is_test
