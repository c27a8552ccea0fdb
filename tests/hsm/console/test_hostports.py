"""QH and CH: how host ports run, and what is stored for the next start."""

from __future__ import annotations

import pytest
from support.officers import two_officers
from support.playbook import Operator

from hsm.policy.position import Position
from hsm.storage.hostports import HostPort, MemoryPortSettings

THALES = HostPort(
    "thales", "127.0.0.1:1500", "TCP and UDP", "64 connections", {"header-length": "4", "charset": "ascii"}
)
SECURED = HostPort(
    "tls", "127.0.0.1:2500", "TLS", "64 connections", {"header-length": "4", "charset": "ascii", "lmk": "01"}
)


@pytest.fixture
def operator() -> Operator:
    made = Operator(position=Position.OFFLINE)
    made.desk.ports = MemoryPortSettings(lambda: (THALES, SECURED))
    return made


def test_ports_are_told(operator: Operator) -> None:
    assert operator.types("QH") == (
        "Port thales: TCP and UDP, 127.0.0.1:1500\n  64 connections\n"
        "  header-length   4\n  charset         ascii\n  lmk             -\n"
        "Port tls: TLS, 127.0.0.1:2500\n  64 connections\n"
        "  header-length   4\n  charset         ascii\n  lmk             01\n"
        "Offline-AUTH> "
    )
    assert "There are no host ports." in Operator().types("QH")


def test_what_is_stored_holds_from_the_next_start_on(operator: Operator) -> None:
    alice, pin, *_ = two_officers(operator)
    shown = operator.types("CH", alice, pin, "thales", "6", "EBCDIC", "")
    assert shown.endswith("  header-length: 6\n  charset: ebcdic\nFrom the next start on.  Store? [Y/N] [N]: ")
    assert not operator.desk.ports.stored()
    assert "Stored" in operator.types("Y")
    assert operator.desk.ports.stored() == {("thales", "header-length"): "6", ("thales", "charset"): "ebcdic"}
    assert "  header-length   4  (from the next start on: 6)\n" in operator.types("QH")
    assert "header-length [6]: " in operator.types("CH", alice, pin, "thales")
    assert "header-length: no longer stored" in operator.types("-", "", "", "Y")
    assert operator.desk.ports.stored() == {("thales", "charset"): "ebcdic"}


@pytest.mark.parametrize("answers", [("256", "six", "-1"), ("", "utf-8", "latin", "x"), ("", "", "1", "100", "ab")])
def test_values_that_can_not_be(operator: Operator, answers: tuple[str, ...]) -> None:
    shown = operator.types("CH", "tls", *answers)
    assert "Expected " in shown
    assert shown.endswith("No usable answer: given up.\nOffline-AUTH> ")
    assert not operator.desk.ports.stored()


def test_return_changes_nothing(operator: Operator) -> None:
    assert "Nothing is changed." in operator.types("CH", "TLS", "", "", "")
    assert "Nothing is changed." in operator.types("CH", "TLS", "-", "ascii", "01")


def test_it_takes_an_officer_and_the_offline_state(operator: Operator) -> None:
    two_officers(operator)
    assert "There is no card" in operator.types("CH", "99999999")
    assert "needs the offline" in Operator(position=Position.ONLINE).types("CH")
    assert "There are no host ports." in Operator(position=Position.OFFLINE).types("CH")
