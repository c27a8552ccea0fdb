"""Data objects, by property and against what cards hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.card.tlv import TlvError, data_object, data_objects, listed, object_list, parsed

TAGS = st.sampled_from(["5A", "57", "9F10", "5F24", "82", "BF0C"])


@given(st.dictionaries(TAGS, st.binary(max_size=300)))
def test_objects_come_back(found: dict[str, bytes]) -> None:
    assert parsed(data_objects(found)) == found


@pytest.mark.parametrize(("size", "length"), [(0x7F, "7F"), (0x80, "8180"), (0xFF, "81FF"), (0x100, "820100")])
def test_lengths(size: int, length: str) -> None:
    """EMV 4.3 Book 3 annex B2."""
    assert data_object("5A", bytes(size)).hex().upper().startswith(f"5A{length}00")


@given(st.lists(st.tuples(TAGS, st.integers(0, 127))))
def test_lists_come_back(wanted: list[tuple[str, int]]) -> None:
    assert listed(object_list(wanted)) == tuple(wanted)


@given(st.binary(max_size=40))
def test_no_bytes_are_a_fault(raw: bytes) -> None:
    for read in (parsed, listed):
        try:
            read(raw)
        except TlvError:
            continue


@pytest.mark.parametrize("raw", ["5A", "5A02AA", "5A84000000", "5A015A5A015A", "9F", "5A82FF"])
def test_what_is_cut_off_is_refused(raw: str) -> None:
    with pytest.raises(TlvError):
        parsed(bytes.fromhex(raw))


def test_too_long_is_refused() -> None:
    with pytest.raises(TlvError):
        data_object("5A", bytes(0x10000))
