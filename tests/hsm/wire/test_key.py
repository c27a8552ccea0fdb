"""Where a key ends in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.wire.kinds import Mismatch
from hsm.wire.readers import reader
from hsm.wire.shapes import Key

HEX = "0123456789ABCDEF"


def split(text: str, at: int, untagged: int = 16) -> tuple[str, int]:
    return reader(Key("key", untagged), {})(text, at, {})


BLOCK = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"


@pytest.mark.parametrize(
    ("token", "untagged"),
    [
        (HEX, 16),
        (HEX * 2, 32),
        (HEX * 3, 48),
        ("U" + HEX * 2, 16),
        ("X" + HEX * 2, 16),
        ("T" + HEX * 3, 32),
        ("Y" + HEX * 3, 16),
        (BLOCK, 16),
        ("R" + "B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228", 16),
        ("K01F", 16),
        *((scheme + "K01F", 16) for scheme in "UTXYSR"),
    ],
)
def test_every_form_is_cut_where_it_ends(token: str, untagged: int) -> None:
    for before, after in (("", ""), ("CA", "12"), ("", "ABCDEF"), ("00", "U" + HEX)):
        text = before + token + after
        assert split(text, len(before), untagged) == (token, len(before) + len(token))
    for cut in range(len(token)):
        if token[0] in "0123456789ABCDEF" or cut:
            with pytest.raises(Mismatch):
                split(token[:cut], 0, untagged)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z" + HEX,
        "u" + HEX * 2,
        HEX.lower(),
        "U" + HEX + HEX[:-1] + "G",
        "S0007",
        "S00016" + HEX,
        "S0+072" + HEX * 5,
        "K01",
        "K01g",
        "V" + HEX * 2,
        "U" + HEX + " " * 16,
        "S0\u0660\u0660\u0667\u0662" + HEX * 5,
        BLOCK[:20] + "\x00" + BLOCK[21:],
    ],
)
def test_what_is_no_key_is_refused_without_saying_what_it_is(text: str) -> None:
    with pytest.raises(Mismatch) as caught:
        split(text, 0)
    assert text[:8] not in str(caught.value) or not text


@given(st.text(alphabet=st.sampled_from("0123456789ABCDEFKRSTUXYZ\x19%;é\u0663"), max_size=120), st.integers(0, 130))
def test_any_text_gives_a_piece_of_itself_or_an_error(text: str, at: int) -> None:
    try:
        token, end = split(text, at)
    except Mismatch:
        return
    assert text[at:end] == token
