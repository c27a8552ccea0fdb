"""Data groups, and the STORE DATA commands that bring them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.card.groups import (
    ALL_ENCIPHERED,
    GROUP_BYTES_MAX,
    LAST_BLOCK,
    STORED_BYTES_MAX,
    DataGroup,
    GroupError,
    blocks_of,
    groups_of,
    is_record,
    record_dgi,
)

GROUPS = st.lists(
    st.builds(
        DataGroup,
        st.sampled_from(["0101", "0201", "9102", "8000", "8010", "9010"]),
        st.binary(min_size=1, max_size=GROUP_BYTES_MAX),
    ),
    min_size=1,
    max_size=12,
)


@given(GROUPS)
def test_commands_bring_every_group_in_order(groups: list[DataGroup]) -> None:
    blocks = blocks_of(groups)
    assert [each for _, data in blocks for each in groups_of(data)] == groups
    assert all(len(data) <= STORED_BYTES_MAX for _, data in blocks)
    assert [bool(p1 & LAST_BLOCK) for p1, _ in blocks] == [False] * (len(blocks) - 1) + [True]
    for p1, data in blocks:
        assert {each.enciphered for each in groups_of(data)} == {bool(p1 & ALL_ENCIPHERED)}


def test_a_long_length() -> None:
    """EMV CPS 1.1: FF, and two bytes of length."""
    assert groups_of(bytes.fromhex("0101FF0002AABB")) == (DataGroup("0101", b"\xaa\xbb"),)


@pytest.mark.parametrize("raw", ["01", "0101", "010102AA", "0101FF00", "010100", "0101FF0100" + "00" * 256])
def test_what_is_no_group_is_refused(raw: str) -> None:
    with pytest.raises(GroupError):
        groups_of(bytes.fromhex(raw))


def test_records() -> None:
    assert is_record("0101")
    assert is_record("1E20")
    assert not is_record("1F01")
    assert not is_record("0100")
    assert not is_record("9010")
    for sfi, number in ((0, 1), (31, 1), (1, 0), (1, 33)):
        with pytest.raises(GroupError):
            record_dgi(sfi, number)


def test_no_groups_and_too_many() -> None:
    with pytest.raises(GroupError):
        blocks_of([])
    with pytest.raises(GroupError):
        blocks_of([DataGroup("0101", bytes(GROUP_BYTES_MAX))] * 257)
