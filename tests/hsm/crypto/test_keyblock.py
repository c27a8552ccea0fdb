"""Headers of key blocks: round trips and every way of being malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.keyblock import (
    Header,
    HeaderInvalid,
    KeyBlockError,
    LengthInvalid,
    OptionalBlock,
    OptionalBlockInvalid,
    parse,
)

CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)
BLOCKS = st.builds(OptionalBlock, st.text(CAPITALS, min_size=2, max_size=2).filter(lambda i: i != "PB"), PRINTABLE)


def capitals(count: int) -> st.SearchStrategy[str]:
    return st.text(CAPITALS, min_size=count, max_size=count)


HEADERS = st.builds(
    Header,
    version=capitals(1),
    usage=capitals(2),
    algorithm=capitals(1),
    mode=capitals(1),
    key_version=capitals(2),
    exportability=capitals(1),
    optional=st.lists(BLOCKS, max_size=4).map(tuple),
    last=capitals(2),
)


@given(HEADERS, st.sampled_from([8, 16]), st.text("0123456789ABCDEF", max_size=200))
def test_round_trip(header: Header, multiple: int, rest: str) -> None:
    text = header.build(multiple, len(rest))
    assert len(text) % multiple == 0
    parsed = parse(text + rest)
    assert (parsed.header, parsed.header_text, parsed.rest) == (header, text, rest)


@given(HEADERS, st.data())
def test_damage_is_refused_or_parsed(header: Header, data: st.DataObject) -> None:
    """No text makes anything but a KeyBlockError; a text of another length is always refused."""
    text = header.build(8, 0)
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    for candidate in (damaged, text[:at]):
        try:
            parsed = parse(candidate)
        except KeyBlockError as refused:
            assert not refused.args  # noqa: PT017  # the absence of any text is the point
        else:
            assert len(candidate) == len(text)
            assert parsed.header_text + parsed.rest == candidate


def block_with(optional: str, count: int = 1) -> str:
    return f"B{16 + len(optional):04}P0TE00N{count:02}00{optional}"


@pytest.mark.parametrize(
    ("block", "refusal"),
    [
        ("", HeaderInvalid),
        ("B0016P0TE00N000", HeaderInvalid),
        ("b0016P0TE00N0000", HeaderInvalid),
        ("B 016P0TE00N0000", HeaderInvalid),
        ("B+016P0TE00N0000", HeaderInvalid),
        ("B\u0660\u0660\u0661\u0666P0TE00N0000", HeaderInvalid),
        ("B0016P0TE00N0A00", HeaderInvalid),
        ("B0016p0TE00N0000", HeaderInvalid),
        ("B0017P0TE00N0000", LengthInvalid),
        ("B0016P0TE00N0100", OptionalBlockInvalid),
        (block_with("KS0"), OptionalBlockInvalid),
        (block_with("KS03"), OptionalBlockInvalid),
        (block_with("KS0a123456"), OptionalBlockInvalid),
        (block_with("KS091234"), OptionalBlockInvalid),
        (block_with("KS081234", 2), OptionalBlockInvalid),
        (block_with("KS08123\x1f"), OptionalBlockInvalid),
        (block_with("KS08123é"), OptionalBlockInvalid),
        (block_with("KS00020009"), OptionalBlockInvalid),
        (block_with("KS0001000A"), OptionalBlockInvalid),
    ],
)
def test_malformed(block: str, refusal: type[KeyBlockError]) -> None:
    with pytest.raises(refusal):
        parse(block)


@pytest.mark.parametrize(
    ("block", "optional"),
    [
        (block_with("KS081234"), (OptionalBlock("KS", "1234"),)),
        (block_with("KS0002000E1234"), (OptionalBlock("KS", "1234"),)),
        (block_with("PB080000"), ()),
        (block_with("KS04PB04", 2), (OptionalBlock("KS", ""),)),
    ],
)
def test_optional_blocks(block: str, optional: tuple[OptionalBlock, ...]) -> None:
    assert parse(block).header.optional == optional


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (Header("b", "P0", "T", "E"), HeaderInvalid),
        (Header("B", "P", "T", "E"), HeaderInvalid),
        (Header("B", "P0", "T", "E", last="0"), HeaderInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("PB", "0"),)), OptionalBlockInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("K", "0"),)), OptionalBlockInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "\n"),)), OptionalBlockInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "0"),) * 100), OptionalBlockInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "0" * 9998),)), LengthInvalid),
        (Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "0" * 99999),)), OptionalBlockInvalid),
    ],
)
def test_what_cannot_be_built(header: Header, refusal: type[KeyBlockError]) -> None:
    with pytest.raises(refusal):
        header.build(8, 0)
