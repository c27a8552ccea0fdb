"""A card is personalised once, over a channel that it trusts, in the right order; everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cardside import CARD_KEYS, KMC, PIN_BLOCK, Host, blank, good_groups, issued

from switch.perso.card import groups, scp02, words
from switch.perso.card.card import AUTHENTICATIONS_MAX, Stage
from switch.perso.card.groups import DataGroup


def test_a_card_is_personalised() -> None:
    card = issued()
    assert card.stage is Stage.ISSUED
    assert card.application is not None
    assert card.application.content.pin_block == PIN_BLOCK
    assert [card.application.content.keys.ac, card.application.content.keys.smi] == CARD_KEYS[:2]


def test_the_card_proves_itself() -> None:
    host = Host(blank())
    answer = host.initialize()
    assert len(answer) == 30
    assert answer[10:12] == b"\x01\x02"
    assert answer[20:28] == scp02.cryptogram(
        host.enc, scp02.card_text(host.challenge, host.counter, host.card_challenge)
    )


def test_an_issued_card_is_not_personalised_again() -> None:
    card = issued()
    assert Host(card).initialize() == words.UNKNOWN_INSTRUCTION
    assert card.transmit(bytes.fromhex("84E28000080000000000000000")) == words.UNKNOWN_INSTRUCTION


def test_a_wrong_kmc_is_refused_and_ends_a_card_after_ten() -> None:
    card = blank()
    for number in range(AUTHENTICATIONS_MAX):
        host = Host(card, KMC[::-1])
        assert host.initialize()[-2:] == words.DONE
        assert host.authenticate() == words.NOT_AUTHENTICATED, number
    assert card.stage is Stage.DEAD
    assert Host(card).initialize() == words.BLOCKED


def test_a_host_that_has_the_mac_key_alone_is_refused() -> None:
    card = blank()
    host = Host(card)
    host.initialize()
    host.enc = bytes(range(16))
    assert host.authenticate() == words.NOT_AUTHENTICATED
    assert host.send(words.STORE_DATA, 0, 0, good_groups()[0].raw) == words.SECURITY_NOT_SATISFIED


def test_one_right_authentication_forgets_the_wrong_ones() -> None:
    card = blank()
    for _ in range(3):
        for _ in range(AUTHENTICATIONS_MAX - 1):
            wrong = Host(card, KMC[::-1])
            wrong.initialize()
            wrong.authenticate()
        Host(card).open()
    assert card.stage is Stage.OPEN


def test_order() -> None:
    card = blank()
    host = Host(card)
    host.mac = host.enc = bytes(range(16))
    host.challenge = host.counter = host.card_challenge = b"\1\2"
    assert host.authenticate() == words.WRONG_ORDER
    assert host.send(words.STORE_DATA, 0x80, 0, b"\x90\x10\x02\3\3") == words.SECURITY_NOT_SATISFIED
    host = Host(card)
    host.initialize()
    assert host.send(words.STORE_DATA, 0x80, 0, b"\x90\x10\x02\3\3") == words.SECURITY_NOT_SATISFIED
    host = Host(card)
    host.initialize()
    assert host.authenticate(level=3) == words.WRONG_PARAMETERS
    assert card.transmit(bytes.fromhex("80E28000059010020303")) == words.SECURITY_NOT_SATISFIED
    assert card.transmit(bytes.fromhex("00A4040000")) == words.UNKNOWN_INSTRUCTION


def test_a_wrong_mac_closes_the_channel() -> None:
    card = blank()
    host = Host(card)
    host.open()
    host.mac = bytes(range(16))
    assert host.store(good_groups()) == words.SECURITY_NOT_SATISFIED
    assert card.stage is Stage.BLANK
    host = Host(card)
    host.open()
    assert host.store(good_groups()) == words.DONE


def test_blocks_come_in_order() -> None:
    host = Host(blank())
    host.open()
    assert host.send(words.STORE_DATA, 0, 1, b"\x90\x10\x02\3\3") == words.WRONG_PARAMETERS


def test_what_an_interrupted_session_stored_is_forgotten() -> None:
    card = blank()
    host = Host(card)
    host.open()
    first = good_groups()[0]
    assert host.send(words.STORE_DATA, 0, 0, first.raw) == words.DONE
    again = Host(card)
    again.open()
    assert again.counter != host.counter
    assert again.store(good_groups()) == words.DONE


def changed(dgi: str, data: bytes | None) -> list[DataGroup]:
    return [
        each if each.dgi != dgi else DataGroup(dgi, data or b"\0")
        for each in good_groups()
        if each.dgi != dgi or data is not None
    ]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (changed("8010", None), words.NO_SUCH_DATA),
        (changed("8000", None), words.NO_SUCH_DATA),
        (changed("9000", bytes(9)), words.WRONG_DATA),
        (changed("8000", bytes(16)), words.WRONG_DATA),
        (changed("8010", bytes.fromhex("041234FFFFFFFFFF")), words.WRONG_DATA),
        (changed("8010", bytes.fromhex("24123AFFFFFFFFFF")), words.WRONG_DATA),
        (changed("9010", b"\0\3"), words.WRONG_DATA),
        (changed("9010", b"\4\3"), words.WRONG_DATA),
        (changed("9104", bytes.fromhex("8202")), words.WRONG_DATA),
        (changed("0201", b"\x71\0"), words.WRONG_DATA),
        ([*good_groups(), good_groups()[0]], words.WRONG_DATA),
        ([*good_groups(), DataGroup("8201", b"\0")], words.WRONG_DATA),
    ],
)
def test_wrong_or_missing_groups_issue_no_card(given: list[DataGroup], word: bytes) -> None:
    host = Host(blank())
    host.open()
    assert host.store(given) == word
    assert host.card.application is None
    assert host.card.stage is Stage.BLANK


def test_a_secret_in_the_clear_is_refused() -> None:
    host = Host(blank())
    host.open()
    assert host.send(words.STORE_DATA, 0, 0, DataGroup("8010", PIN_BLOCK).raw) == words.WRONG_DATA
    host.open()
    plain = DataGroup("9010", b"\3\3").raw
    assert host.send(words.STORE_DATA, groups.ALL_ENCIPHERED, 0, plain) in (
        words.WRONG_DATA,
        words.SECURITY_NOT_SATISFIED,
    )


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=270), max_size=6), st.booleans())
def test_no_command_is_a_fault(commands: list[bytes], personalised: bool) -> None:
    card = issued() if personalised else blank()
    for command in commands:
        assert len(card.transmit(command)) >= 2


@settings(max_examples=40)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_any_byte_changed_on_the_way_issues_no_card(place: int, mask: int) -> None:
    """A man in the middle of the whole session."""
    card = blank()

    class Middle:
        at = 0

        def transmit(self, raw: bytes) -> bytes:
            if self.at <= place < self.at + len(raw):
                raw = raw[: place - self.at] + bytes((raw[place - self.at] ^ mask,)) + raw[place - self.at + 1 :]
            self.at += len(raw)
            return card.transmit(raw)

    middle = Middle()
    host = Host(middle)  # type: ignore[arg-type]  # a card is what takes commands
    host.initialize()
    if hasattr(host, "enc") and host.authenticate() == words.DONE:
        host.store(good_groups())
    touched = mask and place < middle.at and place >= 5 + 8
    assert (card.application is None) or not touched


def test_nothing_shows_a_key() -> None:
    card = issued()
    assert card.application is not None
    shown = repr(card.application.content) + repr(card.__dict__)
    assert all(str(key) not in shown and key.hex() not in shown for key in [*CARD_KEYS, PIN_BLOCK])
