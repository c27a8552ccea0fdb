"""Finished cards handed out: to simulated terminals, what their readers find; to the issuer's host, what it keeps of each.

This stands outside the bureau, where cardholders and the issuer are: the files have PANs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import TextIOBase

from switch.perso.card import tlv, words
from switch.perso.card.application import ARQC, CDOL_1
from switch.perso.card.card import Card
from switch.perso.machine import Finished
from switch.perso.tracks import Track2, off_stripe, read_track_2

TERMINAL_COLUMNS = ("name", "pan", "expiry", "service_code", "discretionary", "chip")
ISSUER_COLUMNS = ("pan", "expires", "service_code", "account", "pvki", "pin_check")
PVV_DIGITS = 4
_PVKI, _PVV = slice(0, 1), slice(1, 1 + PVV_DIGITS)


class CardRefused(Exception):
    """The chip answered a terminal with something else than it should; says with what status word."""


@dataclass(frozen=True)
class Purchase:
    """What a terminal tells a chip: *amount* in minor units, *currency* and *country* 3 digits, *date* YYMMDD.

    *number* is the unpredictable number, 4 bytes.
    """

    amount: int
    currency: str
    country: str
    date: str
    number: bytes
    kind: str = "01"

    @property
    def objects(self) -> dict[str, bytes]:
        """The data objects that a terminal has for a CDOL."""
        return {
            "9F02": bytes.fromhex(f"{self.amount:012d}"),
            "9F03": bytes(6),
            "9F1A": bytes.fromhex(f"0{self.country}"),
            "95": bytes(5),
            "5F2A": bytes.fromhex(f"0{self.currency}"),
            "9A": bytes.fromhex(self.date),
            "9C": bytes.fromhex(self.kind),
            "9F37": self.number,
        }


def chip_data(chip: Card, aid: bytes, purchase: Purchase) -> bytes:
    """DE 55: what a terminal sends of an online request of *chip*, with its request cryptogram.  Raises CardRefused.

    The terminal reads the record that has CDOL 1 (file 2, record 1), and takes no offline PIN.
    """
    _answered(chip, words.command(words.SELECT, 4, 0, aid))
    profile = tlv.parsed(_answered(chip, words.command(words.GET_PROCESSING_OPTIONS, data=bytes.fromhex("8300"))))[
        "80"
    ][:2]
    record = tlv.parsed(tlv.parsed(_answered(chip, bytes.fromhex("00B2011400")))["70"])
    known = purchase.objects
    asked = b"".join(known[tag] for tag, _ in tlv.listed(record[CDOL_1]))
    answer = tlv.parsed(_answered(chip, words.command(words.GENERATE_AC, ARQC, 0, asked)))["80"]
    made = {"9F27": answer[:1], "9F36": answer[1:3], "9F26": answer[3:11], "9F10": answer[11:], "82": profile}
    return tlv.data_objects(made | known | {"5F34": record["5F34"]})


def _answered(chip: Card, command: bytes) -> bytes:
    answer = chip.transmit(command)
    if answer[-2:] != words.DONE:
        raise CardRefused(f"{command[:2].hex().upper()} was answered {answer[-2:].hex().upper()}")
    return answer[:-2]


def stripe_of(card: Finished) -> Track2:
    """Track 2 as a reader finds it.  Raises TrackError."""
    return read_track_2(off_stripe(2, card.stripe[1]))


def write_for_terminals(out: TextIOBase, cards: Iterable[Finished], aid: bytes, purchase: Purchase | None) -> int:
    """Write *cards* as simulated terminals read them, named by their order and number; how many.

    With a *purchase* each chip makes its data for that.
    """
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(TERMINAL_COLUMNS)
    count = 0
    for card in cards:
        track = stripe_of(card)
        chip = chip_data(card.chip, aid, purchase).hex().upper() if purchase is not None else ""
        rows.writerow((card.order, track.pan, track.expiry, track.service_code, track.discretionary, chip))
        count += 1
    return count


def write_for_issuer(out: TextIOBase, cards: Iterable[Finished], accounts: Iterable[str]) -> int:
    """Write *cards* as the issuer's host reads them: each with the next of *accounts* and its PVV; how many."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(ISSUER_COLUMNS)
    count = 0
    for card, account in zip(cards, accounts, strict=False):
        track = stripe_of(card)
        pvki, pvv = track.discretionary[_PVKI], track.discretionary[_PVV]
        rows.writerow((track.pan, track.expiry, track.service_code, account, pvki, pvv))
        count += 1
    return count
