"""The files of accounts and cards: comma-separated values under a line of column names, ``#`` before a comment.

accounts.csv:

    account,kind,credit_limit,status,opening
    0021000000017,current,,open,5000000
    0029000000019,credit,20000000,open,

*kind* is current, savings or credit, whose *credit_limit* may be drawn; *status* open (or empty), blocked or closed;
*opening* what the account holds when it is first entered, in minor units.  All but the first two may be left out.

cards.csv:

    pan,expires,service_code,account,savings,current,credit,pvki,pin_check,status,amount_limit,count_limit
    9704360000000016,3012,501,0021000000017,0025000000011,,,1,4821,active,,

*account* is what the card draws from when DE 3 names no type; the next three are those of each type, where it has them.
*expires* is ``yymm``; *pin_check* the PVV under the key *pvki*, or the offset, as an HSM has made it: no file has a PIN.
*status* is one of :data:`switch.issuer.cards.STATUSES`; the limits are those of a business day, the configured ones where
nothing stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from switch.codec.privacy import masked_pan
from switch.issuer.accounts import CREDIT, TYPES
from switch.issuer.cards import ACTIVE, STATUSES, card_id
from switch.issuer.config import COUNT_MAX, IssuerConfig
from switch.ledger.ledger import AMOUNT_MAX
from switch.routing.pan import Pan, PanError
from switch.store.rows import Account, Card
from switch.tablefile import PROBLEMS_MAX, TableFileError, records

ACCOUNT_COLUMNS, ACCOUNT_OPTIONS = ("account", "kind"), ("credit_limit", "status", "opening")
CARD_COLUMNS = ("pan", "expires", "service_code", "account", "pin_check")
CARD_OPTIONS = ("savings", "current", "credit", "pvki", "status", "amount_limit", "count_limit")
ACCOUNT_ID = re.compile("[0-9A-Za-z-]{1,28}")
"""As DE 102 can say it; the colon in the ids of the books' own accounts keeps the two apart."""
ACCOUNT_STATUSES = ("open", "blocked", "closed")


class BookFileError(TableFileError):
    """A file of accounts or cards is refused; no card number or verification value is told."""


@dataclass(frozen=True)
class Opening:
    """*account*, with nothing in it, and the *amount* that it is to hold."""

    account: Account
    amount: int


def read_accounts(name: str, text: str, config: IssuerConfig) -> Mapping[str, Opening]:
    """The accounts in *text*, the content of the file *name*, by id.  Raises BookFileError with all that is wrong."""
    found: dict[str, Opening] = {}
    problems: list[str] = []
    for line, cells in records(name, text, ACCOUNT_COLUMNS, ACCOUNT_OPTIONS, BookFileError):
        row = _Row(f"{name}:{line}", cells, problems)
        id = row.text("account", ACCOUNT_ID, "1 to 28 letters, digits and hyphens")
        kind = row.choice("kind", TYPES)
        limit = row.number("credit_limit", 0, AMOUNT_MAX if kind == CREDIT else 0)
        status = row.choice("status", ACCOUNT_STATUSES, "open")
        opening = row.number("opening", 0, AMOUNT_MAX)
        if id in found:
            row.wrong("account", "an account that no other line has")
        found[id] = Opening(Account(id, kind, config.currency, status, 1, limit), opening)
    _refuse(problems)
    return found


def read_cards(
    name: str, text: str, config: IssuerConfig, accounts: Mapping[str, Opening], pan_key: bytes
) -> Mapping[str, Card]:
    """The cards in *text*, the content of the file *name*, by id.  Raises BookFileError with all that is wrong."""
    found: dict[str, Card] = {}
    problems: list[str] = []
    check_digits = config.offset.check_length if config.offset else 4
    for line, cells in records(name, text, CARD_COLUMNS, CARD_OPTIONS, BookFileError):
        row = _Row(f"{name}:{line}", cells, problems)
        pan = row.pan("pan")
        typed = {kind: row.account(kind, accounts, kind) for kind in TYPES}
        usual = row.account("account", accounts)
        if usual in accounts:
            kind = accounts[usual].account.kind
            typed[kind] = typed[kind] or usual
        card = Card(
            id=card_id(pan_key, pan),
            pan=masked_pan(pan),
            account_id=usual,
            status=row.choice("status", STATUSES, ACTIVE),
            expires=row.text("expires", re.compile("[0-9]{2}(0[1-9]|1[0-2])"), "a date like 3012, year and month"),
            tries_left=config.pin_tries,
            pin_check=row.text("pin_check", re.compile(f"[0-9]{{{check_digits}}}"), f"{check_digits} digits"),
            amount_limit=row.number("amount_limit", config.amount_limit, AMOUNT_MAX),
            count_limit=row.number("count_limit", config.count_limit, COUNT_MAX),
            used_date="",
            amount_used=0,
            count_used=0,
            pvki=row.text(
                "pvki",
                re.compile(f"[{config.pvk_indices}]"),
                f"a digit from {config.pvk_indices[0]} to {config.pvk_indices[-1]}",
                "1",
            ),
            service_code=row.text("service_code", re.compile("[0-9]{3}"), "3 digits"),
            savings_id=typed["savings"],
            current_id=typed["current"],
            credit_id=typed["credit"],
        )
        if pan and card.id in found:
            row.wrong("pan", "a card that no other line has")
        found[card.id] = card
    _refuse(problems)
    return found


def _refuse(problems: list[str]) -> None:
    if problems:
        raise BookFileError(problems[:PROBLEMS_MAX])


class _Row:
    """One row's cells, each checked as it is taken; what is wrong goes into *problems*, without the value."""

    def __init__(self, place: str, cells: Mapping[str, str], problems: list[str]) -> None:
        self._place, self._cells, self._problems = place, cells, problems

    def wrong(self, column: str, expected: str) -> None:
        self._problems.append(f"{self._place}: {column}: {expected} expected")

    def text(self, column: str, pattern: re.Pattern[str], expected: str, default: str = "") -> str:
        value = self._cells.get(column, "") or default
        if not pattern.fullmatch(value):
            self.wrong(column, expected)
        return value

    def choice(self, column: str, known: Mapping[str, str] | tuple[str, ...], default: str = "") -> str:
        value = self._cells.get(column, "") or default
        if value not in known:
            self.wrong(column, f"one of {', '.join(known)}")
            return next(iter(known))
        return value

    def number(self, column: str, default: int, greatest: int) -> int:
        value = self._cells.get(column, "") or str(default)
        if not re.fullmatch("[0-9]{1,12}", value, re.ASCII) or int(value) > greatest:
            self.wrong(column, f"a whole number up to {greatest}")
            return default
        return int(value)

    def pan(self, column: str) -> str:
        try:
            return Pan(self._cells[column]).digits
        except PanError:
            self.wrong(column, "13 to 19 digits of which the last is the check digit")
            return ""

    def account(self, column: str, accounts: Mapping[str, Opening], kind: str = "") -> str:
        """The id of an account, of that *kind* if one is named, in which case there may be none."""
        id = self._cells.get(column, "")
        if (not id and kind) or (id in accounts and kind in ("", accounts[id].account.kind)):
            return id
        self.wrong(column, f"the id of {'an' if not kind else f'a {kind}'} account in the file of accounts")
        return ""
