"""The one door: which of several faults is told, settings, audit, and that nothing breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import EracomSpeaker, make_eracom

from hsm.dialects.eracom.codes import eracom
from hsm.policy.position import Position
from hsm.refusal import Refusal
from hsm.state import TamperCause


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return make_eracom()


BLOCK, ANB = "55652ED2388A713A", "094200000000"
GOOD = f"{BLOCK} 020022 01 {ANB} 01 020001"


def test_the_good_one(ask: EracomSpeaker) -> None:
    assert ask(f"EE0602 00 {GOOD}")[:8] == "EE060200"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "03"),  # nothing but the function code
        (f"01 {GOOD}", "24"),
        ("FF", "24"),
        ("00", "03"),
        (f"00 {BLOCK} 020022 01 {ANB} 01", "03"),
        (f"00 {GOOD} 00", "03"),
        (f"00 {BLOCK} 00 01 {ANB} 01 020001", "20"),
        (f"00 {BLOCK} 020022 01 {ANB} 01 030001", "20"),
        (f"00 {BLOCK} 020022 01 {ANB} 01 1111", "20"),
        (f"00 {BLOCK} 021522 01 {ANB} 01 020001", "21"),
        (f"00 {BLOCK} 02000C 01 {ANB} 01 020001", "22"),
        (f"00 {BLOCK} 0780 03010001 0103 01 {ANB} 01 020001", "23"),
        (f"00 {BLOCK} 020000 01 {ANB} 01 020001", "05"),
        (f"00 {BLOCK} 020023 01 {ANB} 01 020001", "0A"),
        (f"00 {BLOCK} 020022 01 09420000000F 01 020001", "04"),
        (f"00 {BLOCK} 020022 55 {ANB} 01 020001", "06"),
        (f"00 {BLOCK} 020022 01 {ANB} 00 020001", "06"),
        (f"00 {BLOCK[:-2]}00 020022 01 {ANB} 01 020001", "07"),
        (f"00 {BLOCK} 05 08 02 020022 01 {ANB} 01 020001", "19"),
    ],
)
def test_each_fault_has_its_code(ask: EracomSpeaker, body: str, code: str) -> None:
    assert ask(f"EE0602 {body}") == "EE0602" + code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        # Two faults at once, of which the first in the order of checks is told.
        (f"07 {BLOCK} 021522 01 {ANB} 01 020001 00", "24"),  # modifier before everything
        (f"00 {BLOCK} 021522 01 09420000000F 01 020001", "21"),  # specifier before digits
        (f"00 {BLOCK} 020022 01 09420000000F 01 021501", "21"),  # also one that stands behind them
        (f"00 {BLOCK} 021522 01 {ANB} 01 020001 00", "21"),  # specifier before length
        (f"00 {BLOCK} 021522 01", "21"),
        (f"00 {BLOCK} 020023 01 {ANB} 01 020001 00", "03"),  # length before what is stored
        (f"00 {BLOCK} 020022 01 09420000000F 01 020001 00", "03"),  # length before digits
        (f"00 {BLOCK} 020022 01 09420000000F 01 020099", "0A"),  # stored before digits
        (f"00 {BLOCK} 020022 55 09420000000F 01 020001", "04"),  # digits before the format
        (f"00 {BLOCK[:-2]}00 020022 01 {ANB} 55 020001", "06"),  # the format before what is in the block
    ],
)
def test_the_order_of_checks(ask: EracomSpeaker, body: str, code: str) -> None:
    assert ask(f"EE0602 {body}") == "EE0602" + code


def test_every_code_is_a_byte_and_every_refusal_has_one() -> None:
    assert all(len(code) == 2 and int(code, 16) for code in eracom.refusals.values())

    def all_of(reason: type[Refusal]) -> set[type[Refusal]]:
        return {reason}.union(*map(all_of, reason.__subclasses__()))

    assert {eracom.code_of(None, reason) for reason in all_of(Refusal)} <= set(eracom.refusals.values())


def test_switched_off_and_not_online() -> None:
    ask = make_eracom({"enabled-commands": "-EE0602"})
    assert ask(f"EE0602 00 {GOOD}") == "EE060202"
    assert ask("01")[:4] == "0100"
    ask.appliance.move(Position.OFFLINE)
    assert ask("01") == "0102"
    ask.appliance.move(Position.ONLINE)
    assert ask("01")[:4] == "0100"


def test_without_a_km_and_after_a_tamper() -> None:
    assert make_eracom(km=None)(f"EE0602 00 {GOOD}") == "EE060209"
    ask = make_eracom()
    ask.appliance.tamper(TamperCause.CONSOLE)
    assert ask(f"EE0602 00 {GOOD}") == "EE060209"


def test_a_fault_of_our_own_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = make_eracom()

    def broken(*arguments: object, **more: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("hsm.operations.pins.translate", broken)
    assert ask(f"EE0602 00 {GOOD}") == "EE060210"
    assert ask.speaker.entries[-1].place.startswith("KeyError at ")
    assert "secret" not in str(ask.speaker.entries)


def test_the_audit_log_has_function_codes_and_counts_them_apart() -> None:
    ask = make_eracom()
    ask("EE0619 00 11 0100")
    ask("EE0602 00")
    ask("EE9999")
    assert [(e.command, e.outcome, e.category.value) for e in ask.speaker.entries] == [
        ("EE0619", "00", "key"),
        ("EE0602", "03", "pin"),
        ("$$", "02", "status"),
    ]
    assert ask.speaker.entries[1].place == "source_block"
    volumes, outcomes = ask.appliance.audit.volumes, ask.appliance.audit.outcomes
    assert (volumes.total("eracom EE0619"), volumes.total("EE0619")) == (1, 0)
    assert (outcomes.total("eracom 02"), outcomes.total("02")) == (1, 0)


def test_the_wrapper_is_off_and_then_on() -> None:
    assert make_eracom()("E3000101 00000001 03FFF000") == "E302"
    ask = make_eracom({"eracom-wrapper": "yes"})
    assert ask("E3000101 01020304 03FFF000") == "E3000101 00 01020304 05FFF0000000".replace(" ", "")
    assert ask("E3000101 01020304 01E3") == "E3000101 00 01020304 02E302".replace(" ", "")
    for wrong in (
        "E3",
        "E3000101 010203",
        "E3010101 01020304 0101",
        "E3000101 01020304 0201",
        "E3000101 01020304 00 01",
    ):
        assert ask(wrong) == "E303"


@given(st.binary(max_size=60), st.sampled_from([*sorted(eracom.commands), ""]))
def test_whatever_comes_is_answered(body: bytes, code: str) -> None:
    reply = ANY(code + body.hex())
    assert reply.startswith(code)
    assert not code or reply[len(code) : len(code) + 2] != "10"


ANY = make_eracom()


def test_while_the_audit_log_can_not_be_written_nothing_is_done_that_it_must_tell_of() -> None:
    ask = make_eracom()
    ask.appliance.audit.set_writable(False)
    assert ask("EE0619 00 11 0101") == "EE061910"
    assert ask(f"EE0602 00 {GOOD}")[:8] == "EE060200"
    assert ask(f"EE0602 00 {GOOD} 00") == "EE060210"
    assert ask("EE9999") == "EE999910"
    ask.appliance.audit.set_writable(True)
    assert ask("EE0619 00 11 0101")[:8] == "EE061900"


def test_an_appliance_that_fails_its_self_test_answers_so_to_everything() -> None:
    ask = make_eracom()
    ask.appliance.fail("DES")
    for request in ("01", "FFF000", f"EE0602 00 {GOOD}", "EE0602", "EE0602 07"):
        assert ask(request).endswith("10")
