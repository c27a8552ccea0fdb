"""What becomes of a transaction when nothing is owed about it any more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.bookkeeping import owed, transaction
from support.kept import Kept

from switch.saf.events import End
from switch.server.owing import follow
from switch.store.rows import Stage, Transaction, owed_key


@pytest.mark.parametrize(
    ("kind", "mti", "end", "stage"),
    [
        ("reversal", "0420", End.SETTLED, Stage.REVERSED),
        ("reversal", "0420", End.REFUSED, Stage.REVERSAL_OWED),
        ("reversal", "0420", End.EXPIRED, Stage.REVERSAL_OWED),
        ("partial 100", "0420", End.SETTLED, Stage.REVERSAL_OWED),
        ("advice", "0220", End.SETTLED, Stage.REVERSAL_OWED),
    ],
)
def test_only_the_whole_reversal_that_was_acknowledged_ends_it(kind: str, mti: str, end: End, stage: Stage) -> None:
    store, original = Kept(), transaction("000001", stage=Stage.REVERSAL_OWED)
    store.rows[Transaction, original.id] = original
    row = replace(owed(original.id, 1), id=owed_key("bank-i", original.id, kind), mti=mti)
    store.do(lambda view: follow(lambda: 7, view, row, end))
    assert [each.stage for each in store.every(Transaction)] == [stage]
