"""Do everybody's books agree?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from switch.store.rows import Account, Stage, Transaction

GIVEN_BACK = frozenset({"void", "refund"})
MOVE_NOTHING = frozenset({"balance", "PIN change", "transfer"})
"""Between institutions."""
APPROVED = "00"


@dataclass(frozen=True)
class Books:
    """What the store of one node says."""

    accounts: Sequence[Account]
    transactions: Sequence[Transaction]


def held(account: Account) -> int:
    """What is in *account*, minor units: credits less debits."""
    return account.credits_posted - account.debits_posted


def trial_balance(books: Books) -> int:
    """The sum of all accounts: nothing, where each posting has two sides."""
    return sum(map(held, books.accounts))


def settlement(books: Books, link: str) -> int:
    """What an issuer owes the partner of *link*: the account in its books."""
    return sum(held(each) for each in books.accounts if each.id == f"settlement:{link}")


def moved(transactions: Iterable[Transaction], link: str = "", issuer_link: str = "") -> int:
    """What transactions that came by *link* and went to *issuer_link* moved to who asked (each: any)."""
    return sum(
        _sign(each) * (each.amount - each.amount_reversed)
        for each in transactions
        if link in ("", each.link) and issuer_link in ("", each.issuer_link)
    )


def _sign(row: Transaction) -> int:
    if row.response_code != APPROVED or row.service in MOVE_NOTHING or row.original_id or row.stage == Stage.TOMBSTONE:
        return 0
    return -1 if row.service in GIVEN_BACK else 1


@dataclass(frozen=True)
class Agreed:
    """One question about the books: *theirs* by who says so, in minor units; right when all say the same."""

    about: str
    theirs: Mapping[str, int]

    @property
    def right(self) -> bool:
        """Do they agree?"""
        return len(set(self.theirs.values())) == 1


def compared(all_books: Mapping[str, Books], members: Iterable[str]) -> list[Agreed]:
    """Everything that must agree at the end; *members* are those of the interbank switch."""
    found = [
        Agreed(f"{name}: trial balance", {"sum": trial_balance(books), "must be": 0})
        for name, books in all_books.items()
        if books.accounts
    ]
    centre, card_host = all_books["switch"], all_books["cardpro"]
    for member in members:
        theirs, rows = all_books[member], centre.transactions
        paid = {member: moved(theirs.transactions, issuer_link="switch"), "switch": moved(rows, member)}
        drawn = {member: settlement(theirs, "switch"), "switch": moved(rows, issuer_link=member)}
        found += [Agreed(f"{member} paid for others", paid), Agreed(f"others paid for {member}", drawn)]
    for through in ("bank-a", "nac"):
        passed = moved(all_books[through].transactions, issuer_link="cardpro")
        own = settlement(card_host, through) + moved(card_host.transactions, through, "scheme")
        found.append(Agreed(f"cardpro owes {through}", {through: passed, "cardpro": own}))
    passed = moved(card_host.transactions, issuer_link="scheme")
    found.append(
        Agreed("scheme owes cardpro", {"cardpro": passed, "scheme": settlement(all_books["scheme"], "cardpro")})
    )
    passed = moved(all_books["nac"].transactions, issuer_link="bank-a")
    found.append(Agreed("bank-a owes shops", {"nac": passed, "bank-a": moved(all_books["bank-a"].transactions, "nac")}))
    return found
