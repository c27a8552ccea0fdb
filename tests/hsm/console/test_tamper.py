"""TAMPER: afterwards nothing works that needs a key, and only CLEARTAMPER leads back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from support.appliances import make_speaker
from support.officers import HandClock, outcomes, two_officers
from support.playbook import Operator

from hsm.keys.masters import published_lmk
from hsm.policy.position import Position
from hsm.refusal import Tampered
from hsm.state import TamperCause
from hsm.storage.cards import CardError, Role

LMK = published_lmk("test-variant", "00")


@pytest.fixture
def operator() -> Operator:
    return Operator(make_speaker(clock=HandClock(), old_lmks=("00=test-variant",)), Position.ONLINE)


def test_the_word_alone_destroys_everything(operator: Operator) -> None:
    alice, *_ = two_officers(operator)
    key = operator.speaker("A00002U")[4:37]
    assert operator.speaker(f"BU021{key}").startswith("BV00")
    assert operator.types("TAMPER").endswith("Type TAMPER to do it: ")
    shown = operator.types("TAMPER")
    assert shown == "TAMPERED: all LMKs, authorities and cards are destroyed.\nOnline> "
    for request in ("NC", "A00002U", f"BU021{key}", f"KA{key}02", f"BW021{key}", f"A6002{key}{key}U"):
        assert operator.speaker(request)[2:4] == "13", request
    tampered = "2" + "01" + "260301120000"
    assert operator.speaker("JK").startswith("JL00Z00000000001260301120000" + "2213" + "00" + tampered + "000000")
    assert operator.speaker("J8")[-40:-20] == f"{0:010d}{1:010d}"
    assert operator.rack.cards() == ()
    with pytest.raises(CardError):
        operator.rack.read(alice, "12345")
    assert outcomes(operator)[-1] == ("TAMPER", "00")


@pytest.mark.parametrize("typed", ["", "tamper", "Y", "TAMPER!"])
def test_nothing_else_does(operator: Operator, typed: str) -> None:
    two_officers(operator)
    assert "Nothing was done." in operator.types("TAMPER", typed)
    assert operator.speaker("NC").startswith("ND00")
    assert len(operator.rack.cards()) == 2
    assert not operator.appliance.state.tampered


def test_a_panic_button_waits_for_no_ceremony(operator: Operator) -> None:
    with operator.ceremonies.held("ssh carol"):
        assert "TAMPERED" in operator.types("TAMPER", "TAMPER")


def test_nothing_comes_back_before_it_is_cleared(operator: Operator) -> None:
    old = operator.appliance.authority
    operator.types("TAMPER", "TAMPER")
    changes: tuple[Callable[[], None], ...] = (
        lambda: operator.appliance.load_lmks({"00": LMK}, {}),
        lambda: operator.appliance.load_lmks({}, {"00": LMK}),
        lambda: operator.appliance.load_lmks({}, {}, {"00": LMK}),
        lambda: operator.appliance.authorise(old),
    )
    for change in changes:
        with pytest.raises(Tampered):
            change()
    operator.types("OFFLINE")
    assert "CLEARTAMPER comes first." in operator.types("ONLINE")
    assert operator.appliance.state.position is Position.OFFLINE


def test_the_way_back(operator: Operator) -> None:
    operator.types("TAMPER", "TAMPER")
    assert "CLEARTAMPER needs the secure state." in operator.types("CLEARTAMPER")
    shown = operator.types("SECURE", "CLEARTAMPER")
    assert "Tamper event: by the console, at 2026-03-01T12:00:00+00:00.\nCleared." in shown
    operator.appliance.load_lmks({"00": LMK}, {})
    operator.types("ONLINE")
    assert operator.speaker("NC").startswith("ND00")
    assert operator.speaker("JK")[34:35] == "1"
    assert operator.speaker("J8")[-30:-20] == f"{1:010d}"
    operator.types("SECURE")
    assert "There was no tamper event." in operator.types("CLEARTAMPER")


def test_only_the_local_line_leads_back_until_there_are_cards(operator: Operator) -> None:
    operator.types("TAMPER", "TAMPER")
    far = Operator(operator.speaker, Position.ONLINE, line="ssh alice")
    assert "only the local console" in far.types("SECURE")
    operator.appliance.move(Position.SECURE)
    assert "only the local console" in far.types("CLEARTAMPER")
    assert operator.appliance.state.tampered
    cards = two_officers(operator)
    assert "First officer" in operator.types("CLEARTAMPER")
    assert "Cleared." in operator.types(*cards)


def test_cards_made_afterwards_can_be_read(operator: Operator) -> None:
    operator.types("TAMPER", "TAMPER")
    card = operator.card("ALICE", Role.OFFICER)
    assert operator.rack.read(card.serial, "12345") == b""


def test_a_second_event_counts_again(operator: Operator) -> None:
    operator.types("TAMPER", "TAMPER", "TAMPER", "TAMPER")
    operator.appliance.tamper(TamperCause.SIGNAL)
    assert operator.appliance.state.tampers_count == 3
    assert operator.speaker("JK")[34:37] == "202"


class Struck:
    """A random source in whose midst the tamper event comes."""

    def __init__(self, operator: Operator) -> None:
        self._random = operator.appliance.random
        self._appliance = operator.appliance

    def bytes(self, count: int, /) -> bytes:
        if not self._appliance.state.tampered:
            self._appliance.tamper(TamperCause.SIGNAL)
        return self._random.bytes(count)

    def digits(self, count: int, /) -> str:
        return self._random.digits(count)


def test_at_whatever_moment_no_key_command_succeeds_afterwards() -> None:
    """A thousand times: between two requests, in the midst of one or of a chain, in mid-ceremony."""
    choose = Random(1)  # chooses moments, makes no secret
    for at in range(1_000):
        operator = Operator(make_speaker(), Position.ONLINE)
        speak = operator.speaker
        key = speak("A00002U")[4:37]
        requests = ["A00002U", f"BU021{key}", "NC", "NK002" + "0007A00002U" + "0002NC", "N0016"]
        for _ in range(choose.randrange(4)):
            assert speak(choose.choice(requests))[2:4] == "00"
        if at % 3 == 0:
            operator.types("TAMPER", "TAMPER")
        elif at % 3 == 1:
            operator.appliance.tamper(TamperCause.SIGNAL)
        else:
            operator.appliance.random = Struck(operator)
            operator.appliance.adopt(operator.appliance.state)  # views hold the source that they were made with
            speak(choose.choice(("A00002U", requests[3])))
        assert operator.appliance.state.tampered
        for request in requests[:3]:
            assert speak(request)[2:4] == "13", request
        assert speak(requests[3]) == "NL00" + "02" + "0004A113" + "0004ND13"
        assert speak("N0016")[2:4] == "00"
        with pytest.raises(Tampered):
            operator.appliance.load_lmks({"00": LMK}, {})
