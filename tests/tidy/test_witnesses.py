"""No command without a witnessed exchange and a witnessed refusal."""

from __future__ import annotations

from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.families import load as load_functions
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.spec.derive import ROOT
from hsm.spec.witnessed import exchanges

WITHOUT_EXCHANGE = {"LC"}  # it verifies what LA has loaded: the exchange is one of a chain of both (NK)
WITHOUT_REFUSAL: set[str] = set()
"""Commands still lacking one of their own; both may only shrink."""

load()
SEEN = exchanges(ROOT / "thales" / "vectors")


def test_every_command_has_a_witnessed_exchange() -> None:
    assert set(thales.commands) - {e.command for e in SEEN if not e.refused} == WITHOUT_EXCHANGE


def test_every_command_has_a_witnessed_refusal() -> None:
    assert set(thales.commands) - {e.command for e in SEEN if e.refused} == WITHOUT_REFUSAL


def test_every_exchange_says_who_saw_it() -> None:
    ours = ("our code", "zonekey", "this project")
    assert [e.id for e in SEEN if not e.source.strip() or any(word in e.source.lower() for word in ours)] == []


load_functions()
ERACOM_SEEN = exchanges(ROOT / "eracom" / "vectors", eracom.spelling)
FUNCTIONS_WITHOUT_EXCHANGE = {"FFF100"}  # a new appliance has no error to tell
FUNCTIONS_WITHOUT_REFUSAL: set[str] = set()
"""Functions still lacking one of their own; both may only shrink."""


def test_every_function_has_a_witnessed_exchange_and_refusal() -> None:
    assert set(eracom.commands) - {e.command for e in ERACOM_SEEN if not e.refused} == FUNCTIONS_WITHOUT_EXCHANGE
    assert set(eracom.commands) - {e.command for e in ERACOM_SEEN if e.refused} == FUNCTIONS_WITHOUT_REFUSAL


def test_every_eracom_exchange_says_who_saw_it() -> None:
    ours = ("our code", "zonekey", "this project")
    assert [e.id for e in ERACOM_SEEN if not e.source.strip() or any(word in e.source.lower() for word in ours)] == []
