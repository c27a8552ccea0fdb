"""Rows of what the switch has approved in the place of issuers."""

from __future__ import annotations

from dataclasses import dataclass

from switch.store.row import Row


@dataclass(frozen=True)
class StandInCard(Row):
    """What the switch has approved itself for the card *id* on *used_date*; *pins_wrong* are that day's too."""

    TABLE = "standin_cards"
    used_date: str
    amount_used: int
    count_used: int
    pins_wrong: int


@dataclass(frozen=True)
class StandInBin(Row):
    """*id* is the prefix; *exposed* is what the switch has approved itself and the issuer has not yet been told."""

    TABLE = "standin_bins"
    exposed: int


@dataclass(frozen=True)
class StandInApproval(Row):
    """The switch itself has approved the transaction *id*, whose *amount* is what was not reversed since.

    It counts for the *card* on *used_date* and for the *prefix*.
    *reason* is the message reason code (``1002``); *state* is ``open`` until the issuer has been told, then how that ended
    (``settled``, ``refused``, ``expired``, ``unsayable``).
    """

    TABLE = "standin_approvals"
    prefix: str
    card: str
    used_date: str
    amount: int
    currency: str
    reason: str
    approval: str
    state: str
