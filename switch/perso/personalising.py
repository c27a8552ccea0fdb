"""A card personalised over its secure channel: the bureau's side, with every key in the production HSM.

The card's session keys never are here: the HSM makes MACs and cryptograms under them, and moves the card's keys and PIN
from under KTK and PTK to under the session's data encryption key (EMV CPS 1.1 section 4, GlobalPlatform Card 2.3.1 E).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from switch.perso.card import groups, scp02, words
from switch.perso.card.groups import DataGroup
from switch.perso.cardkeys import BureauKey

CHALLENGE_BYTES = 8
ANSWER_BYTES = 28
SCP_02 = 2
C_MAC_LEVEL = 0x01


class CardFailed(Exception):
    """The card did not do what it should; says at which command and how it answered, and nothing of its data."""


class Reader(Protocol):
    """A card in a machine."""

    def transmit(self, raw: bytes) -> bytes: ...


class Hsm(Protocol):
    """What personalisation asks; see ``switch.server.perso.cardhsm``."""

    def session_key(
        self, kmc: BureauKey, diversification: bytes, number: int, constant: bytes, counter: bytes
    ) -> str: ...
    def is_cryptogram(self, enc: str, text: bytes, given: bytes) -> Awaitable[bool]: ...
    def cryptogram(self, enc: str, text: bytes) -> Awaitable[bytes]: ...
    def command_mac(self, mac_key: str, command: bytes, icv: bytes = bytes(8)) -> Awaitable[bytes]: ...
    def next_icv(self, mac_key: str, last_mac: bytes) -> Awaitable[bytes]: ...
    def for_card(self, source: BureauKey, dek: str, data: bytes) -> Awaitable[bytes]: ...


@dataclass(frozen=True)
class Load:
    """What goes onto a chip: *plain* groups, *keys* under the KTK (48 bytes), their *checks*, *pin* under the PTK."""

    plain: tuple[DataGroup, ...] = field(repr=False)
    keys: bytes = field(repr=False)
    checks: bytes
    pin: bytes = field(repr=False)


@dataclass
class _Channel:
    """An open channel: specifiers of the session's MAC and data encryption keys, and the last C-MAC."""

    mac_key: str = field(repr=False)
    dek: str = field(repr=False)
    last_mac: bytes = field(repr=False)


async def personalise(
    card: Reader, load: Load, keys: Mapping[str, BureauKey], hsm: Hsm, random: Callable[[int], bytes]
) -> bytes:
    """Put *load* on *card*; *keys* are ``kmc``, ``ktk`` and ``ptk``.  The card's diversification data, 10 bytes.

    Raises CardFailed, and what the HSM fails with.
    """
    challenge = random(CHALLENGE_BYTES)
    answer = _done(card, words.command(words.INITIALIZE_UPDATE, data=challenge))
    if len(answer) != ANSWER_BYTES or answer[11] != SCP_02:
        raise CardFailed("INITIALIZE UPDATE: the card has another secure channel")
    diversification, counter, card_challenge = answer[:10], answer[12:14], answer[14:20]
    channel = await _opened(card, challenge, counter, card_challenge, answer[20:], diversification, keys["kmc"], hsm)
    secret = {
        groups.KEYS: await hsm.for_card(keys["ktk"], channel.dek, load.keys),
        groups.PIN: await hsm.for_card(keys["ptk"], channel.dek, load.pin),
        groups.KEY_CHECKS: load.checks,
    }
    blocks = groups.blocks_of((*load.plain, *(DataGroup(dgi, data) for dgi, data in secret.items())))
    for number, (p1, data) in enumerate(blocks):
        await _sent(card, words.STORE_DATA, (p1, number), data, channel, hsm)
    return diversification


async def _opened(
    card: Reader,
    challenge: bytes,
    counter: bytes,
    card_challenge: bytes,
    given: bytes,
    diversification: bytes,
    kmc: BureauKey,
    hsm: Hsm,
) -> _Channel:
    enc, mac_key, dek = (
        hsm.session_key(kmc, diversification, number, constant, counter)
        for number, constant in (
            (scp02.CARD_ENC, scp02.ENC),
            (scp02.CARD_MAC, scp02.MAC),
            (scp02.CARD_DEK, scp02.DEK),
        )
    )
    if not await hsm.is_cryptogram(enc, scp02.card_text(challenge, counter, card_challenge), given):
        raise CardFailed("INITIALIZE UPDATE: the card has not the keys of this KMC")
    host = await hsm.cryptogram(enc, scp02.host_text(challenge, counter, card_challenge))
    channel = _Channel(mac_key, dek, b"")
    await _sent(card, words.EXTERNAL_AUTHENTICATE, (C_MAC_LEVEL, 0), host, channel, hsm)
    return channel


async def _sent(card: Reader, kind: str, parameters: tuple[int, int], data: bytes, channel: _Channel, hsm: Hsm) -> None:
    """Send a command with its C-MAC."""
    command = scp02.maced(bytes.fromhex(kind) + bytes(parameters), data)
    icv = await hsm.next_icv(channel.mac_key, channel.last_mac) if channel.last_mac else bytes(scp02.BLOCK_BYTES)
    channel.last_mac = await hsm.command_mac(channel.mac_key, command, icv)
    _done(card, command + channel.last_mac)


def _done(card: Reader, command: bytes) -> bytes:
    """The data that answer *command*.  Raises CardFailed."""
    answer = card.transmit(command)
    if answer[-2:] != words.DONE:
        raise CardFailed(f"{command[:2].hex().upper()}, block {command[3]}: {answer[-2:].hex().upper()}")
    return answer[:-2]
