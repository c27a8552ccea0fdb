"""A simulated personalisation machine: a hopper of blank cards, and a box for what leaves it finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from Crypto.Cipher import DES3

from switch.perso.card.card import Card, made_by
from switch.perso.sealing import BLOCK_BYTES, unpadded
from switch.perso.tracks import END, START_1, START_2, TrackError, on_stripe, read_track_1, read_track_2

SERIAL_MAX = 0xFFFF_FFFF


class MachineFault(Exception):
    """The machine can't write what it was given; the message shows nothing of it."""


class HopperEmpty(Exception):
    """There is no blank card left."""


@dataclass(frozen=True)
class Finished:
    """A finished card.

    *order* is the issuer's and the order's name and the card's number in it; *serial* its chip's number; *stripe* the
    tracks with their LRCs, *lines* what is embossed, *panel* the CVV2 beside the signature.
    """

    order: str
    serial: int
    chip: Card = field(repr=False)
    stripe: tuple[str, ...] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    panel: str = field(repr=False)


class Box(Protocol):
    """Where finished cards fall."""

    def put(self, card: Finished) -> None: ...
    def holds(self, serial: int) -> bool: ...


class SimulatedMachine:
    """Blank cards are made as they are taken, by the *kmc* (16 bytes) of their maker, which the HSM has too.

    *kmc_id* is the 6 bytes that begin the diversification data; *blanks_max* bounds the hopper; *ktm* (16 bytes) is the key
    of the machine's encoder, which an HSM puts the tracks of issuers under.
    """

    def __init__(
        self,
        kmc: bytes,
        kmc_id: bytes,
        random: Callable[[int], bytes],
        box: Box,
        blanks_max: int = SERIAL_MAX,
        ktm: bytes = b"",
    ) -> None:
        self._kmc = kmc
        self._kmc_id = kmc_id
        self._random = random
        self._box = box
        self._left = blanks_max
        self._ktm = ktm

    def __repr__(self) -> str:
        return f"<simulated machine, {self._left} blanks>"

    def blank(self, serial: int) -> Card:
        """The next blank card, whose chip has this *serial* number.  Raises HopperEmpty."""
        if not self._left:
            raise HopperEmpty("the hopper is empty")
        self._left -= 1
        return Card(made_by(self._kmc, self._kmc_id + serial.to_bytes(4, "big")), self._random)

    def finish(
        self, order: str, serial: int, chip: Card, tracks: tuple[str, ...], lines: tuple[str, ...], panel: str
    ) -> None:
        """Encode the stripe, emboss, print the panel, and let the card out."""
        stripe = tuple(on_stripe(number, text) for number, text in enumerate(tracks, 1))
        self._box.put(Finished(order, serial, chip, stripe, lines, panel))

    def opened(self, tracks: bytes) -> tuple[str, str]:
        """Tracks 1 and 2 out of *tracks*, an IV and a cryptogram under the encoder's key.  Raises MachineFault."""
        try:
            cipher = DES3.new(self._ktm, DES3.MODE_CBC, tracks[:BLOCK_BYTES])
            first, second = unpadded(cipher.decrypt(tracks[BLOCK_BYTES:])).decode("ascii").split("\n")
            return read_track_1(f"{START_1}{first}{END}").text, read_track_2(f"{START_2}{second}{END}").text
        except TrackError as e:
            raise MachineFault(str(e)) from None
        except ValueError:
            raise MachineFault("the tracks are not under the encoder's key") from None

    def came_out(self, serial: int) -> bool:
        """Did the card with this chip leave the machine finished?"""
        return self._box.holds(serial)
