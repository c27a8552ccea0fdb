"""The bureau's side of the secure channel: which cards it goes on with, and which it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from psec import des
from support.cardroom import CLEAR, LoopbackHsm, SeededBytes, now, stored
from support.cardside import CARD_KEYS, PIN_BLOCK, good_groups
from twisted.internet.defer import Deferred

from hsm.client.answers import Refused
from switch.perso.card.card import Card, Stage, made_by
from switch.perso.personalising import CardFailed, Load, Reader, personalise

HSM = LoopbackHsm()
KEYS = {role: stored(role) for role in ("kmc", "ktk", "ptk")}
DIVERSIFICATION = bytes.fromhex("00004761730000000007")


def load() -> Load:
    """What ``cardside`` puts on cards, as it comes to production; enciphered by psec."""
    clear = {group.dgi: group.data for group in good_groups()}
    plain = tuple(group for group in good_groups() if group.dgi not in ("8000", "8010", "9000"))
    keys = des.encrypt_tdes_ecb(bytes.fromhex(CLEAR["ktk"]), clear["8000"])
    return Load(plain, keys, clear["9000"], des.encrypt_tdes_ecb(bytes.fromhex(CLEAR["ptk"]), PIN_BLOCK))


def run(card: Reader, what: Load | None = None) -> bytes:
    return now(Deferred.fromCoroutine(personalise(card, what or load(), KEYS, HSM, SeededBytes("host"))))


def blank(kmc: str = CLEAR["kmc"]) -> Card:
    return Card(made_by(bytes.fromhex(kmc), DIVERSIFICATION), SeededBytes("card"))


def test_a_card_is_personalised() -> None:
    card = blank()
    assert run(card) == DIVERSIFICATION
    assert card.application is not None
    assert card.application.content.pin_block == PIN_BLOCK
    assert card.application.content.keys.smc == CARD_KEYS[2]


def test_a_card_of_another_maker_gets_nothing() -> None:
    card = blank("0123456789ABCDEFFEDCBA9876543210")
    with pytest.raises(CardFailed, match="has not the keys of this KMC"):
        run(card)
    assert card.stage is Stage.CHALLENGED, "it was told nothing after its own answer"


class Lying:
    """A card whose answers are changed on the way."""

    def __init__(self, change: Callable[[bytes, bytes], bytes]) -> None:
        self.card = blank()
        self.change = change
        self.commands: list[bytes] = []

    def transmit(self, raw: bytes) -> bytes:
        self.commands.append(raw)
        return self.change(raw, self.card.transmit(raw))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda raw, answer: b"\x6a\x88", "8050, block 0: 6A88"),
        (lambda raw, answer: answer[1:], "another secure channel"),
        (lambda raw, answer: answer[:11] + b"\3" + answer[12:], "another secure channel"),
        (lambda raw, answer: answer[:13] + b"\x09" + answer[14:], "has not the keys"),
        (lambda raw, answer: answer if raw[1] == 0x50 else b"\x63\0", "8482, block 0: 6300"),
        (lambda raw, answer: answer if raw[1] != 0xE2 or raw[3] == 0 else b"\x69\x82", "84E2, block 1: 6982"),
    ],
)
def test_what_a_card_answers_otherwise_ends_it(change: Callable[[bytes, bytes], bytes], why: str) -> None:
    card = Lying(change)
    with pytest.raises(CardFailed, match=why):
        run(card)
    assert not any(str(PIN_BLOCK) in str(command) for command in card.commands)


def test_every_session_has_keys_of_its_own() -> None:
    """The same load twice to cards of one kind: nothing secret goes over in the same bytes."""
    first, second = Lying(lambda raw, answer: answer), Lying(lambda raw, answer: answer)
    run(first)
    other = made_by(bytes.fromhex(CLEAR["kmc"]), DIVERSIFICATION[:-1] + b"\x08")
    second.card = Card(other, SeededBytes("card"))
    run(second)
    enciphered = [[command for command in lying.commands if command[2] & 0x60] for lying in (first, second)]
    assert len(enciphered[0]) == 2
    assert not {command[5:-8] for command in enciphered[0]} & {command[5:-8] for command in enciphered[1]}


def test_keys_and_pins_do_not_change_places() -> None:
    """The KTK's content is refused where the PTK is meant to open it, by what the card finds."""
    given = load()
    with pytest.raises((CardFailed, Refused)):
        run(blank(), Load(given.plain, given.keys, given.checks, given.keys[:8]))
