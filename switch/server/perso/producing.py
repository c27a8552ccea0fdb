"""Production: prepared cards onto chips, stripes and plastic, and PIN mailers onto the HSM's printer.

An order is resumed by producing it again: the journal says what is left.  Each card is on disk as begun before its chip
sees a command, and each mailer before the HSM is asked for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from itertools import islice
from pathlib import Path

from twisted.internet.defer import ensureDeferred

from hsm.client import eracom as e
from hsm.client.answers import Refused as HsmRefused
from hsm.client.pool import NotSent, OutcomeUnknown
from switch.perso.cardkeys import TRANSPORT_ROLES, BureauKey
from switch.perso.journal import CardState, Journal, Mailer, State
from switch.perso.machine import HopperEmpty, MachineFault, SimulatedMachine
from switch.perso.personalising import CardFailed, Load, personalise
from switch.perso.preparedfile import PreparedHead, PreparedReader, Readable, SealedCard, read_content
from switch.perso.sealing import chains, contents
from switch.perso.terms import Refused
from switch.server.perso.cardhsm import CardHsm
from switch.server.perso.preparing import Progress, silent

BATCH_CARDS = 16
ATTEMPTS_MAX = 3
"""How many chips a card may cost."""
READ_BYTES = 1 << 20


class PrinterFull(Exception):
    """The HSM's printer takes no more mailers until officers have released pages; then production goes on."""


@dataclass(frozen=True)
class Counted:
    """How an order stands: cards by state, mailers by state, and what is open."""

    cards: Mapping[State, int]
    mailers: Mapping[Mailer, int]
    open_points: list[str]


class Production:
    """Produces orders; *keys* are by role: ``kmc``, ``ktm`` and those of ``TRANSPORT_ROLES``; *clock* is ISO 8601."""

    def __init__(
        self,
        hsm: CardHsm,
        keys: Mapping[str, BureauKey],
        machine: SimulatedMachine,
        random: Callable[[int], bytes],
        clock: Callable[[], str],
    ) -> None:
        self._hsm = hsm
        self._keys = keys
        self._machine = machine
        self._random = random
        self._clock = clock

    async def produce_file(
        self,
        path: Path,
        journal: Journal,
        progress: Progress = silent,
        begun: Callable[[PreparedHead], None] = lambda head: None,
    ) -> Counted:
        """Produce what is left of the prepared file *path*; *begun* is called when it is verified.

        Raises Refused for a file that is not whole or under other keys, JournalError for an order that is closed,
        PrinterFull, HopperEmpty, OSError, and what the pool fails with.
        """
        head, digest = await self._verified(path)
        journal.begin(_digest(path), head.cards, self._clock(), self._machine.came_out)
        begun(head)
        with path.open("rb") as source:
            reader = PreparedReader(source, path.name)
            done = 0
            for batch in _batches(iter(reader)):
                waiting = [card for card in batch if self._is_open(journal, card.sequence)]
                if waiting:
                    await self._batch(path.name, head, waiting, journal)
                done += len(batch)
                progress(done, head.cards)
            if not compare_digest(reader.digest, digest):
                raise Refused(path.name, None, "", "has changed since its MAC was verified")
        return Counted(journal.counts(), journal.mailers(), journal.open_points())

    def _is_open(self, journal: Journal, sequence: int) -> bool:
        found = journal.card(sequence)
        return found.state is State.WAITING or _is_due(found)

    async def _verified(self, path: Path) -> tuple[PreparedHead, bytes]:
        with path.open("rb") as source:
            reader = PreparedReader(source, path.name)
            for role in TRANSPORT_ROLES:
                held, told = self._keys[role].check_value, reader.head.checks[role]
                if held != told:
                    raise Refused(path.name, 0, "kcv", f"{role} has check value {held}, the file was made under {told}")
            for _ in reader:
                pass
            if not await self._hsm.is_mac(self._keys["mtk"], reader.digest, reader.mac):
                raise Refused(path.name, None, "mac", f"is not the MAC under {self._keys['mtk'].name}")
        return reader.head, reader.digest

    async def _batch(self, file: str, head: PreparedHead, cards: list[SealedCard], journal: Journal) -> None:
        read: list[Readable] = []
        for chain in chains([card.data for card in cards]):
            deciphered = await self._hsm.deciphered(self._keys["data"], b"".join(chain))
            for opened in contents(deciphered, chain):
                try:
                    read.append(read_content(opened or b""))
                except ValueError as wrong:
                    raise Refused(file, cards[len(read)].sequence, "data", str(wrong)) from None
        await self._hsm.together(
            [
                ensureDeferred(self._make(head, card, content, journal))
                for card, content in zip(cards, read, strict=True)
            ]
        )
        # One after the other, so that a kill leaves one in doubt, and the pages in the printer's tray tell of that one.
        for card, content in zip(cards, read, strict=True):
            if _is_due(journal.card(card.sequence)):
                await self._mail(head, card, content, journal)

    async def _make(self, head: PreparedHead, card: SealedCard, content: Readable, journal: Journal) -> None:
        """Chips until one is good, or the card is rejected."""
        order = f"{head.issuer}/{head.order}/{card.sequence}"
        while journal.card(card.sequence).state is State.WAITING:
            serial = journal.begin_card(card.sequence, mailed=head.mailers, at=self._clock())
            try:
                chip = self._machine.blank(serial)
            except HopperEmpty:
                journal.failed(card.sequence, "the hopper is empty", self._clock(), attempts_max=ATTEMPTS_MAX + 1)
                raise
            try:
                load = Load(content.plain, card.keys, card.checks, card.pin)
                await personalise(chip, load, self._keys, self._hsm, self._random)
                tracks = await self._tracks(card, content)
            except (CardFailed, HsmRefused, MachineFault) as wrong:
                journal.failed(card.sequence, str(wrong), self._clock(), attempts_max=ATTEMPTS_MAX)
                continue
            self._machine.finish(order, serial, chip, tracks, content.lines, content.values.cvv2)
            journal.made(card.sequence, self._clock())

    async def _tracks(self, card: SealedCard, content: Readable) -> tuple[str, str]:
        """What the encoder writes: the issuer's own tracks go to it under its key, and no host reads them."""
        if not card.tracks:
            return content.tracks
        return self._machine.opened(await self._hsm.moved(self._keys["ktk"], self._keys["ktm"], card.tracks))

    async def _mail(self, head: PreparedHead, card: SealedCard, content: Readable, journal: Journal) -> None:
        holder = content.holder
        lines = (f"ORDER {head.order} CARD {card.sequence}", holder.name)
        journal.begin_mailer(card.sequence, self._clock())
        try:
            # Of the PAN the mailer has the last four digits: it travels apart from the card.
            await self._hsm.mailed(card.pin, self._keys["ptk"], holder.account, holder.pan[-4:], lines)
        except HsmRefused as refused:
            journal.mailed(card.sequence, Mailer.DUE, self._clock(), str(refused))
            if refused.reason is e.PrinterUnavailable:
                raise PrinterFull("the HSM's printer is full: have pages released, then go on") from None
            raise Refused(head.order, card.sequence, "pin", f"the HSM refused: {refused}") from None
        except NotSent:
            journal.mailed(card.sequence, Mailer.DUE, self._clock(), "the HSM was not asked")
            raise
        except OutcomeUnknown:
            journal.mailed(card.sequence, Mailer.DOUBTFUL, self._clock(), "the HSM did not answer")
        else:
            journal.mailed(card.sequence, Mailer.PRINTED, self._clock())


def _is_due(card: CardState) -> bool:
    """Is the card made, and its mailer not printed?"""
    return card.state is State.MADE and card.mailer is Mailer.DUE


def _batches(cards: Iterator[SealedCard]) -> Iterator[list[SealedCard]]:
    while batch := list(islice(cards, BATCH_CARDS)):
        yield batch


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
