"""Rows with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from switch.store.rows import Account, Owed, Transaction, owed_key, transaction_key

DATE = "20261122"


def account(id: str, limit: int = 0, limited: bool = True, currency: str = "704", status: str = "open") -> Account:
    """An account with nothing in it."""
    return Account(id, "current", currency, status, int(limited), limit)


def transaction(stan: str, **other: Any) -> Transaction:
    """A withdrawal at terminal A1 of bank-a, as it is when it has been asked for."""
    made: dict[str, Any] = {
        "id": transaction_key(DATE, "bank-a", stan, "970405", "000000003347", "A1"),
        "position": f"{0:08x}{int(stan):012x}",
        "stage": "asked",
        "business_date": DATE,
        "link": "bank-a",
        "transmitted": "1122113000",
        "stan": stan,
        "acquirer": "970405",
        "reference": "000000003347",
        "terminal": "A1",
        "pan": "970411******0003",
        "service": "withdrawal",
        "amount": 50_000,
        "amount_reversed": 0,
        "currency": "704",
        "issuer_link": "bank-i",
        "reversal": b"",
        "original_id": "",
        "approval": "",
        "response_code": "",
        "answer": b"",
        "delivery": "unknown",
        "owner": "one",
        "arrived_us": 1,
        "changed_us": 1,
    }
    return Transaction(**(made | other))


def owed(original: str, number: int, link: str = "bank-i", **other: Any) -> Owed:
    """A reversal of *original*, waiting."""
    made: dict[str, Any] = {
        "id": owed_key(link, original, "reversal"),
        "position": f"{number:020x}",
        "link": link,
        "original_id": original,
        "mti": "0420",
        "body": b"0420\x00\xff",
        "state": "waiting",
        "attempts": 0,
        "next_us": 0,
        "expires_us": 10,
        "queued_us": number,
        "response_code": "",
    }
    return Owed(**(made | other))
