"""All kinds of rows."""

from __future__ import annotations

from switch.store.keyrows import KeyLine, KeySlot, TerminalKey
from switch.store.rows import (
    Account,
    Authorisation,
    BusinessDay,
    Card,
    Era,
    Irregular,
    Lease,
    Noted,
    Owed,
    Posting,
    Row,
    SaleName,
    Transaction,
)
from switch.store.standinrows import StandInApproval, StandInBin, StandInCard

KINDS: tuple[type[Row], ...] = (
    Noted, Transaction, Owed, KeySlot, KeyLine, TerminalKey, Account, Posting, Card, Authorisation, SaleName,
    BusinessDay, Irregular, StandInCard, StandInBin, StandInApproval, Lease, Era,
)  # fmt: skip
"""All of them; rows are written, and locked, in this order."""
