from __future__ import annotations

import hashlib
import hmac

import pytest
from support.ourbank import ANNA, BINH, PAN_KEY, Bank, asks

from switch.issuer.cards import card_id, give_tries, set_status


def test_an_id_is_an_hmac() -> None:
    """By the standard library's other way to one (RFC 2104)."""
    assert card_id(PAN_KEY, ANNA) == hmac.new(PAN_KEY, ANNA.encode(), hashlib.sha256).hexdigest()[:32]
    assert len({card_id(key, pan) for key in (PAN_KEY, bytes(16)) for pan in (ANNA, BINH)}) == 4


def test_a_card_is_put_on_the_hot_list_and_taken_off() -> None:
    bank = Bank()
    assert bank.store.do(set_status(bank.card().id, "stolen").decide) is True
    assert bank.say(asks("withdrawal", 1, 1)) == "43"
    assert bank.store.do(set_status(bank.card().id, "active").decide) is True
    assert bank.say(asks("withdrawal", 2, 1)) == "00"
    assert bank.store.do(set_status("nobody", "active").decide) is False
    with pytest.raises(ValueError, match="stolen"):
        set_status(bank.card().id, "missing")


def test_tries_are_given_again() -> None:
    bank = Bank()
    assert [bank.say(asks("withdrawal", n, 1, digits="0000")) for n in (1, 2, 3)] == ["55", "55", "75"]
    assert bank.store.do(give_tries(bank.card().id, 3).decide) is True
    assert bank.say(asks("withdrawal", 4, 1)) == "00"
    assert bank.store.do(give_tries("nobody", 3).decide) is False
