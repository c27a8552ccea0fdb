"""A simulated personalisation machine: a hopper of blank cards, and what leaves it finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from switch.perso.card.card import Card, made_by
from switch.perso.tracks import on_stripe

SERIAL_MAX = 0xFFFF_FFFF


class HopperEmpty(Exception):
    """There is no blank card left."""


@dataclass(frozen=True)
class Finished:
    """A finished card: its *chip*, what the stripe has (tracks with their LRCs), what is embossed, and the CVV2 panel."""

    sequence: int
    chip: Card
    stripe: tuple[str, ...] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    panel: str = field(repr=False)


class Machine(Protocol):
    """What production drives."""

    def blank(self, serial: int) -> Card: ...
    def finish(
        self, sequence: int, chip: Card, tracks: tuple[str, ...], lines: tuple[str, ...], panel: str
    ) -> None: ...


class SimulatedMachine:
    """Blank cards are made as they are taken, by the *kmc* (16 bytes) of their maker, which the HSM has too.

    *kmc_id* is the 6 bytes that begin the diversification data.  *finished* takes each card that comes out; *blanks_max*
    bounds the hopper.
    """

    def __init__(
        self,
        kmc: bytes,
        kmc_id: bytes,
        random: Callable[[int], bytes],
        finished: Callable[[Finished], None],
        blanks_max: int = SERIAL_MAX,
    ) -> None:
        self._kmc = kmc
        self._kmc_id = kmc_id
        self._random = random
        self._finished = finished
        self._left = blanks_max

    def __repr__(self) -> str:
        return f"<simulated machine, {self._left} blanks>"

    def blank(self, serial: int) -> Card:
        """The next blank card, whose chip has this *serial* number.  Raises HopperEmpty."""
        if not self._left:
            raise HopperEmpty
        self._left -= 1
        return Card(made_by(self._kmc, self._kmc_id + serial.to_bytes(4, "big")), self._random)

    def finish(self, sequence: int, chip: Card, tracks: tuple[str, ...], lines: tuple[str, ...], panel: str) -> None:
        """Encode the stripe, emboss, print the panel, and let the card out."""
        stripe = tuple(on_stripe(number, text) for number, text in enumerate(tracks, 1))
        self._finished(Finished(sequence, chip, stripe, lines, panel))


class Stacker:
    """Keeps finished cards, *cards_max* of them, by sequence number; the oldest falls out."""

    def __init__(self, cards_max: int = 10_000) -> None:
        self._cards: dict[int, Finished] = {}
        self._most = cards_max

    def __call__(self, card: Finished) -> None:
        if card.sequence in self._cards:
            raise ValueError(f"card {card.sequence} came out twice")
        self._cards[card.sequence] = card
        if len(self._cards) > self._most:
            del self._cards[next(iter(self._cards))]

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> Iterator[Finished]:
        return iter(self._cards.values())

    def __getitem__(self, sequence: int) -> Finished:
        return self._cards[sequence]
