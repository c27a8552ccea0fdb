"""Order files: read back as written; cut off or garbled anywhere they are refused, and nothing else happens."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.perso import order

from switch.perso.orderfile import OrderHead, OrderReader, OrderWriter
from switch.perso.terms import Attribute, CardValues, Refused

VALUES = {
    each: st.integers(2, 20).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n))
    if each.chained
    else st.binary(min_size=8, max_size=8)
    for each in Attribute
}
CARDS = st.lists(
    st.fixed_dictionaries(
        {Attribute.HOLDER: VALUES[Attribute.HOLDER]},
        optional={each: kind for each, kind in VALUES.items() if each is not Attribute.HOLDER},
    ),
    min_size=1,
    max_size=4,
)


@given(CARDS, st.binary(min_size=8, max_size=8))
def test_what_is_written_is_read(cards: list[dict[Attribute, bytes]], mac: bytes) -> None:
    head = OrderHead("970499", "1", "DEBIT", "01", len(cards), "2026-01-31T12:00:00Z")
    out = BytesIO()
    writer = OrderWriter(out, head)
    written = [CardValues(number, values) for number, values in enumerate(cards, start=1)]
    for card in written:
        writer.card(card)
    digest = writer.digest
    writer.end(mac)
    reader = OrderReader(BytesIO(out.getvalue()), "a")
    assert (reader.head, list(reader)) == (head, written)
    assert (reader.total.cards, reader.total.mac, reader.total.digest) == (len(cards), mac, digest)
    assert digest == hashlib.sha256(out.getvalue()[: out.getvalue().index(b"TOTAL")]).digest()


WHOLE = order(3)


def read(content: bytes) -> None:
    list(OrderReader(BytesIO(content), "a"))


@given(st.integers(0, len(WHOLE) - 1))
def test_cut_off_anywhere(count: int) -> None:
    with pytest.raises(Refused):
        read(WHOLE[:count])


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_what_the_mac_is_of(at: int, byte: int) -> None:
    damaged = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    reader = None
    try:
        reader = OrderReader(BytesIO(damaged), "a")
        list(reader)
    except Refused:
        return
    whole = OrderReader(BytesIO(WHOLE), "a")
    list(whole)
    same = (reader.total.digest, reader.total.mac) == (whole.total.digest, whole.total.mac)
    assert same is (damaged == WHOLE)


@given(st.binary(max_size=300))
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read(content)
