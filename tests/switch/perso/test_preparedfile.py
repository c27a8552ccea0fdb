"""Prepared files: written and read card by card; whatever else is in a file is refused by record and field."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.preparedfile import PreparedHead, PreparedReader, PreparedWriter, SealedCard, read_content
from switch.perso.terms import Refused

CHECKS = {"ktk": "0A1B2C", "ptk": "0A1B2D", "mtk": "0A1B2E", "data": "0A1B2F"}
BLOCKS = st.integers(2, 40).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))


def cards(count: int) -> list[SealedCard]:
    return [
        SealedCard(n, bytes(16), bytes(48), bytes(9), bytes(8), bytes(24) if n % 2 else b"")
        for n in range(1, count + 1)
    ]


def written(given_cards: list[SealedCard], mailers: bool = True) -> bytes:
    out = BytesIO()
    head = PreparedHead("970499", "0001", "DEBIT", "VSDC", len(given_cards), mailers, CHECKS)
    writer = PreparedWriter(out, head)
    for card in given_cards:
        writer.card(card)
    assert writer.digest == hashlib.sha256(out.getvalue()).digest()
    writer.end(b"\1" * 8)
    return out.getvalue()


@given(st.lists(st.tuples(BLOCKS, BLOCKS | st.just(b"")), min_size=1, max_size=5), st.booleans())
def test_cards_come_back(values: list[tuple[bytes, bytes]], mailers: bool) -> None:
    given_cards = [
        SealedCard(number, data, bytes(48), bytes(9), bytes(8), tracks)
        for number, (data, tracks) in enumerate(values, 1)
    ]
    raw = written(given_cards, mailers)
    reader = PreparedReader(BytesIO(raw), "a")
    assert list(reader) == given_cards
    assert (reader.head.mailers, reader.head.checks, reader.mac) == (mailers, CHECKS, b"\1" * 8)
    assert reader.digest == hashlib.sha256(raw[: raw.rindex(b'{"total"')]).digest()


def read(raw: bytes) -> list[SealedCard]:
    return list(PreparedReader(BytesIO(raw), "a"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"prepared":1', b'"prepared":true', "head"),
        (b'"issuer":"970499"', b'"issuer":"../x"', "head, field issuer"),
        (b'"cards":3', b'"cards":0', "head, field cards"),
        (b'"cards":3', b'"cards":4', "field total"),
        (b'"cards":3', b'"cards":2', "record 2, field card: expected card 3 of 2"),
        (b'"mailers":true', b'"mailers":1', "head, field mailers"),
        (b'"0A1B2C"', b'"0a1b2c"', "head, field kcv"),
        (b'"ktk"', b'"xtk"', "head, field kcv"),
        (b'{"card":1', b'{"card":true', "head, field card: expected card 1"),
        (b'{"card":2', b'{"card":3', "record 1, field card: expected card 2"),
        (b'"data":"00', b'"data":"0', "record 1, field data"),
        (b'"data":"00', b'"data":"', "record 1, field data"),
        (b'"data":"00', b'"data":"0g', "record 1, field data"),
        (b'"pin":"00', b'"pin":"0000', "record 1, field pin: 8 bytes"),
        (b'"pin":', b'"pan":', "a card with its data"),
        (b'"tracks":"00', b'"tracks":"', "record 1, field tracks"),
        (b'"mac":"01', b'"mac":"', "record 3, field mac"),
        (b'{"total"', b"[" * 30_000 + b"\n", "a JSON object a line"),
        (b'{"total"', b" " * 40_000, "too long"),
    ],
)
def test_refused(old: bytes, new: bytes, why: str) -> None:
    raw = written(cards(3))
    assert old in raw
    with pytest.raises(Refused, match=why):
        read(raw.replace(old, new, 1))


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=3))
def test_no_change_is_a_fault(place: int, put: bytes) -> None:
    raw = written(cards(3))
    place %= len(raw)
    try:
        read(raw[:place] + put + raw[place + len(put) :])
        read(raw[:place] + put + raw[place:])
    except Refused:
        return


@given(st.binary(max_size=200))
def test_no_content_is_a_fault(content: bytes) -> None:
    with pytest.raises(ValueError, match="no card"):
        read_content(content)


def test_a_file_cut_off_anywhere_is_refused() -> None:
    raw = written(cards(2))
    for place in range(len(raw)):
        with pytest.raises(Refused):
            read(raw[:place])
