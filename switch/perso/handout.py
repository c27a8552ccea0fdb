"""Finished cards handed out: to simulated terminals, what their readers find; to the issuer's host, what it keeps of each.

This stands outside the bureau, where cardholders and the issuer are: the files have PANs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import TextIOBase

from switch.perso.card.reader import InReader, Purchase
from switch.perso.machine import Finished
from switch.perso.tracks import Track2, off_stripe, read_track_2

TERMINAL_COLUMNS = ("name", "pan", "expiry", "service_code", "discretionary", "chip")
ISSUER_COLUMNS = ("pan", "expires", "service_code", "account", "pvki", "pin_check")
PVV_DIGITS = 4
_PVKI, _PVV = slice(0, 1), slice(1, 1 + PVV_DIGITS)


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
        chip = InReader(card.chip, aid, purchase).asks().content.hex().upper() if purchase is not None else ""
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
