"""Accounts and cards from their files into the store, at each start: what is there keeps what has happened to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from switch.issuer.accounts import own_account
from switch.issuer.bookfile import Opening, read_accounts, read_cards
from switch.issuer.cards import ACTIVE
from switch.issuer.config import IssuerConfig
from switch.ledger.ledger import GOOD, Transfer, open_account, transfer
from switch.store.rows import Account, Card, Posting, key
from switch.store.view import Place, View, Work
from switch.tablefile import TableFileError

ROWS_PER_WORK = 500
OPENING_ACCOUNT = "own:opening"
"""From where accounts get what they hold when they are first entered."""
_PAN_KEY = re.compile("(?:[0-9A-Fa-f]{2}){16,64}")
T = TypeVar("T")


class LoadError(Exception):
    """What the files say can't be reconciled with the books; the account is named, no amount is told."""


@dataclass(frozen=True)
class Books:
    """What the files hold: accounts and cards by id, and the key that made the cards' ids."""

    accounts: Mapping[str, Opening]
    cards: Mapping[str, Card] = field(repr=False)
    pan_key: bytes = field(repr=False)


def read_books(config: IssuerConfig, folder: Path) -> Books:
    """The books in the files that *config* names, as seen from *folder*.  Raises TableFileError."""
    made = read_pan_key(folder, config.pan_key_file)
    accounts = read_accounts(config.accounts_file, _text(folder, config.accounts_file, "accounts"), config)
    cards = read_cards(config.cards_file, _text(folder, config.cards_file, "cards"), config, accounts, made)
    return Books(accounts, cards, made)


def read_pan_key(folder: Path, name: str) -> bytes:
    """The key that ids of cards are made with, in the file *name* as seen from *folder*.  Raises TableFileError."""
    digits = _text(folder, name, "pan-key").strip()
    if not _PAN_KEY.fullmatch(digits):
        raise TableFileError([f"{name}:1: pan-key: 32 to 128 hexadecimal digits, an even number, expected"])
    return bytes.fromhex(digits)


def _text(folder: Path, name: str, what: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise TableFileError([f"{name}: {what}: a file that can be read, in UTF-8, expected"]) from None


def load_works(books: Books) -> Iterator[Work[None]]:
    """The works that enter *books*, to be done one after the other; again they change nothing.

    An account gets its opening balance once; its status and credit limit follow the file.  A card keeps its tries, what it
    has used of its day, and a PIN that was changed; its accounts, dates and limits follow the file, its status only from
    active to something worse: a card that was put on the hot list here stays there.  Raise LoadError within.
    """
    for openings in _chunks(books.accounts.values()):
        places: list[Place] = [(Account, each.account.id) for each in openings]
        yield Work(_each(_enter_account, openings), [*places, *((Posting, _opening_id(each)) for each in openings)])
    for cards in _chunks(books.cards.values()):
        yield Work(_each(_enter_card, cards), [(Card, each.id) for each in cards])


def _chunks(rows: Iterable[T]) -> Iterator[Sequence[T]]:
    left = iter(rows)
    while chunk := list(islice(left, ROWS_PER_WORK)):
        yield chunk


def _each(enter: Callable[[View, T], None], rows: Sequence[T]) -> Callable[[View], None]:
    def enter_all(view: View) -> None:
        for row in rows:
            enter(view, row)

    return enter_all


def _opening_id(opening: Opening) -> str:
    return key("opening", opening.account.id)


def _enter_account(view: View, opening: Opening) -> None:
    wanted = opening.account
    there = view.get(Account, wanted.id)
    if there is None:
        # Money can come to an account that is to be blocked or closed, but not after it is.
        open_account(view, replace(wanted, status="open"))
        if opening.amount:
            source = own_account(view, OPENING_ACCOUNT, wanted.currency)
            asked = Transfer(_opening_id(opening), source, wanted.id, opening.amount, wanted.currency)
            if transfer(view, asked) not in GOOD:
                raise LoadError(f"account {wanted.id}: its opening balance can't be booked")
        there = view.get(Account, wanted.id)
        assert there is not None
    elif (there.kind, there.currency) != (wanted.kind, wanted.currency):
        raise LoadError(f"account {wanted.id}: it was opened as {there.kind} in {there.currency}, and stays that")
    else:
        booked = view.get(Posting, _opening_id(opening))
        if (booked.amount if booked else 0) != opening.amount:
            raise LoadError(f"account {wanted.id}: another opening balance was booked when it was opened")
    view.put(replace(there, status=wanted.status, credit_limit=wanted.credit_limit))


def _enter_card(view: View, wanted: Card) -> None:
    there = view.get(Card, wanted.id)
    if there is not None:
        wanted = replace(
            wanted,
            status=wanted.status if there.status == ACTIVE else there.status,
            tries_left=there.tries_left,
            pin_check=there.pin_check,
            pvki=there.pvki,
            chip_counter=there.chip_counter,
            used_date=there.used_date,
            amount_used=there.amount_used,
            count_used=there.count_used,
        )
    view.put(wanted)
