"""What must hold of every transaction, each rule with its name."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """The rules of reversals and deliveries, and what they are for."""

    COMMITTED_FIRST = "R1: what is sent was committed before"
    ONE_ANSWER = "R2: one final answer to one request"
    LATE_STAYS = "R3: a late answer is never forwarded"
    ONE_OBLIGATION = "R4: one reversal obligation for one original"
    ACKNOWLEDGED = "R5: only a final acknowledgement ends an obligation; repeats are marked"
    IN_ORDER = "R6: a reversal never overtakes its original"
    TOMBSTONES = "R7: what was reversed before it came is refused"
    SAME_AGAIN = "R8: a repeat gets the same answer"
    WITHIN = "R9: no more is taken back than there was"
    FIRST_WINS = "R10: of completion and reversal the first wins, the other is an exception"
    MONEY = "books agree: what the acquirer counts on is what the issuer has booked"
    LEDGER = "every ledger balances, and the settlement accounts are what the acquirers count on"
    ENDS = "everything owed is delivered, or an exception; nothing is left under way"
    SOUND = "no part of the program breaks"


class Violation(Exception):
    """*rule* was broken; the text says by what transaction and how."""

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(f"{rule.value}: {text}")
        self.rule = rule
