"""Host ports between the configuration and the console."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hsm.server.config import Config
from hsm.server.counters import Counters
from hsm.server.founding import counter_names, found
from hsm.server.ports import Limits, Listener, TlsFiles
from hsm.server.portsettings import host_port, with_stored

THALES, TLS = Listener("thales", 1500), Listener("tls", 2500, tls=TlsFiles("c", "k", "ca"), lmk_id="01")


def test_what_is_stored_goes_before_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    stored = {("thales", "header-length"): "6", ("thales", "charset"): "ebcdic", ("gone", "lmk"): "02"}
    changed, same = with_stored((THALES, TLS), stored)
    assert changed == replace(THALES, header_bytes=6, charset="ebcdic")
    assert same is TLS or same == TLS
    assert capsys.readouterr().err == "thales: speaks as was stored at the console (QH tells how)\n"


def test_a_port_can_be_tied_to_an_lmk() -> None:
    (tied,) = with_stored((THALES,), {("thales", "lmk"): "02"})
    assert tied.lmk_id == "02"


def test_ports_as_the_console_tells_them() -> None:
    plain, secured = (host_port(each, Limits(connections_max=9, idle_seconds=60.0)) for each in (THALES, TLS))
    assert (plain.address, plain.transport) == ("127.0.0.1:1500", "TCP and UDP")
    assert plain.values == {"header-length": "4", "charset": "ascii"}
    assert (secured.transport, secured.values["lmk"]) == ("TLS, clients show certificates", "01")
    assert plain.limits == "9 connections in each process, idle for 60 s at most"


def test_a_household_tells_the_ports_of_this_run_and_keeps_those_of_the_next(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    household = found(config, Counters(1, counter_names))
    assert household.listeners((THALES,)) == (THALES,)
    household.listening((replace(THALES, port=4711),))
    (running,) = household.port_settings.running()
    assert running.address == "127.0.0.1:4711"
    household.port_settings.store({("thales", "header-length"): "8"})
    household.close()
    again = found(config, Counters(1, counter_names))
    (listener,) = again.listeners((THALES,))
    assert listener.header_bytes == 8
    again.close()
