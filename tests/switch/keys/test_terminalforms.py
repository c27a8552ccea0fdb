"""A terminal's key through each dialect that terminals speak, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.codec import codec
from switch.codec.message import Message, Parts, Value
from switch.keys.forms import FormError
from switch.keys.terminalforms import Given, form_of

DIALECTS = ("napas", "banknet", "pos", "base24", "edc", "bcd")
DIGITS = st.text("0123456789ABCDEF", min_size=32, max_size=32)
KCVS = st.text("0123456789ABCDEF", min_size=6, max_size=6)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(DIGITS, KCVS, st.integers(1, 999_999))
def test_a_key_goes_and_its_check_value_comes_back(dialect: str, digits: str, kcv: str, version: int) -> None:
    speaking = codec(dialect)
    form = form_of(speaking)
    sent = Message("0810", {11: "000001", 39: "00", 41: "ATM00001".ljust(16 if dialect == "base24" else 8)})
    with_key = sent.changed(fields=form.give(Given(version, kcv, "X" + digits)))
    came = form.given(speaking.decode(speaking.encode(with_key)))
    assert came is not None
    assert (came.under_tmk, came.kcv) == ("X" + digits, kcv)
    assert came.version in (version, 0)
    with_check = sent.changed(fields=form.confirm(version, kcv))
    assert form.confirmed(speaking.decode(speaking.encode(with_check))) == kcv
    assert form.given(sent) is None
    assert form.confirmed(sent) is None
    assert digits not in repr(came)


def test_a_pos_key_lies_as_in_the_sign_on_answers_of_such_terminals() -> None:
    """UnionPay's answer to a sign-on: DE 62 = key, check value."""
    fields = form_of(codec("pos")).give(Given(1, "ABCDEF", "X00112233445566778899AABBCCDDEEFF"))
    assert fields == {62: bytes.fromhex("00112233445566778899AABBCCDDEEFF" + "ABCDEF")}


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        ("napas", {48: Parts([("02", "ABCDEF")])}),
        ("napas", {48: Parts([("01", "X" + 32 * "0"), ("02", "ABCDEF")])}),
        ("banknet", {48: Parts([("label", "TPK000"), ("key", "nothing")])}),
        ("pos", {62: bytes(18)}),
        ("base24", {48: "X"}),
        ("base24", {48: 7}),
    ],
)
def test_what_is_no_key(dialect: str, fields: dict[int, Value]) -> None:
    with pytest.raises(FormError):
        form_of(codec(dialect)).given(Message("0810", fields))


def test_a_dialect_without_room_and_a_key_that_has_none() -> None:
    with pytest.raises(ValueError, match="no place"):
        form_of(codec("ipm"))
    with pytest.raises(FormError, match="DE 62"):
        form_of(codec("pos")).give(Given(1, "ABCDEF", "B0080" + 75 * "0"))
