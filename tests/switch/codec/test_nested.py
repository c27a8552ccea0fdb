"""Forms are exact: what they read they write again, and what they couldn't write again they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import parts_of

from switch.codec.message import Parts
from switch.codec.nested import BerTlv, Choice, Fixed, Form, Misfit, Repeated, SubField, Tagged

ORIGINAL = Fixed((SubField("mti", "n", 4), SubField("stan", "n", 6), SubField("rest", "ans", None)), 2)
BALANCES = Repeated(Fixed((SubField("kind", "n", 2), SubField("sign", "a", 1), SubField("amount", "n", 12)), 3))
FORMS: list[Form] = [ORIGINAL, BALANCES, Tagged(2, 3), Tagged(4, 3), BerTlv()]
TEXTS: list[Form] = FORMS[:-1]


@given(st.sampled_from(FORMS).flatmap(lambda form: st.tuples(st.just(form), parts_of(form))))
def test_what_is_written_is_read(case: tuple[Form, Parts]) -> None:
    form, parts = case
    assert form.read(form.write(parts)) == parts  # type: ignore[arg-type]  # each form reads what it writes


@given(st.sampled_from(TEXTS), st.text("0123456789ABCD ", max_size=60))
def test_text_that_is_read_is_written(form: Form, text: str) -> None:
    assert not isinstance(form, BerTlv)
    at = 0
    try:
        parts = form.read(text)
    except Misfit as misfit:
        at = misfit.at
    else:
        assert form.write(parts) == text
    assert 0 <= at <= len(text)


@given(st.lists(st.sampled_from(["9f26", "95", "72", "00", "01", "02", "81", "82", "ff", "1f"]), max_size=14))
def test_objects_that_are_read_are_written(pieces: list[str]) -> None:
    content = bytes.fromhex("".join(pieces))
    at = 0
    try:
        parts = BerTlv().read(content)
    except Misfit as misfit:
        at = misfit.at
    else:
        assert BerTlv().write(parts) == content
    assert 0 <= at <= len(content)


WRONG_OBJECTS = [
    ("9f26", "tag without length"),
    ("9f", "tag cut short"),
    ("9f2602aa", "too few bytes"),
    ("95810105", "length not in the shortest form"),
    ("9580", "indefinite length"),
    ("9583000001aa", "three bytes of length"),
    ("950100950100", "a primitive tag twice"),
    ("00950100", "padding before an object"),
    ("9f8181818101aa", "tag of more than four bytes"),
]


@pytest.mark.parametrize(("content", "why"), WRONG_OBJECTS)
def test_objects_that_are_refused(content: str, why: str) -> None:
    with pytest.raises(Misfit):
        BerTlv().read(bytes.fromhex(content))


def test_long_objects_scripts_and_padding() -> None:
    content = b"\x71\x81\x80" + bytes(128) + b"\x71\x01\xaa" + b"\x9f\x26\x82\x01\x00" + bytes(256) + bytes(3)
    parts = BerTlv().read(content)
    assert [(tag, len(value)) for tag, value in parts.pairs if isinstance(value, bytes)] == [
        ("71", 128), ("71", 1), ("9F26", 256), ("00", 3),
    ]  # fmt: skip
    assert BerTlv().write(parts) == content


UNWRITABLE = [
    (ORIGINAL, Parts({"stan": "000001", "mti": "0200"})),
    (ORIGINAL, Parts({"mti": "0200"})),
    (ORIGINAL, Parts({"mti": "020", "stan": "000001"})),
    (ORIGINAL, "0200000001"),
    (BALANCES, Parts({"2": Parts({})})),
    (BALANCES, Parts({"1": "x"})),
    (Tagged(2, 3), Parts({"1": "x"})),
    (Tagged(2, 3), Parts({"01": "x" * 1000})),
    (Tagged(2, 3), Parts([("01", "x"), ("01", "y")])),
    (Tagged(2, 3), Parts({"01": b"x"})),
    (BerTlv(), Parts({"9f26": b""})),
    (BerTlv(), Parts({"9F26": "00"})),
    (BerTlv(), Parts([("95", b""), ("95", b"")])),
    (BerTlv(), Parts([("00", b"\0"), ("95", b"")])),
    (BerTlv(), Parts({"00": b"\1"})),
]


@pytest.mark.parametrize(("form", "parts"), UNWRITABLE)
def test_parts_that_do_not_suit(form: Form, parts: Parts | str) -> None:
    with pytest.raises(Misfit):
        form.write(parts)


def test_so_many_tags_at_most() -> None:
    text = "".join(f"{tag:04d}000" for tag in range(257))
    assert len(Tagged(4, 3).read(text[: 256 * 7])) == 256
    with pytest.raises(Misfit):
        Tagged(4, 3).read(text)
    with pytest.raises(Misfit):
        BerTlv().read(b"\x71\x00" * 257)


def test_what_fits_no_form_is_kept_where_that_is_declared() -> None:
    keeping, strict = Choice("08", (ORIGINAL,), True), Choice("08", (ORIGINAL, Tagged(2, 3)), False)
    assert keeping.read("ABC") == "ABC"
    assert keeping.write("ABC") == "ABC"
    assert strict.read("01001x") == Parts({"01": "x"})
    with pytest.raises(Misfit):
        strict.read("ABC")
    with pytest.raises(Misfit):
        strict.write("ABC")
