"""A dialect's file is read strictly: what means nothing is refused, with its place."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.codec import Codec
from switch.codec.lengths import lengths, most, width
from switch.codec.message import Message
from switch.codec.nested import Misfit
from switch.codec.spec import Spec
from switch.codec.specfile import SpecError, load, names, read, standard_elements

SOUND = """
title = "t"
basis = "b"
elements = "1987"
[frame]
length = "2 big"
[coding]
mti = "ascii"
bitmap = "binary"
digits = "ascii"
text = "ascii"
length = "ascii"
binary = "raw"
"""


def with_more(text: str, before: str = "") -> Spec:
    return read("mine", before + SOUND + text)


def test_every_dialect_loads_and_says_where_it_comes_from() -> None:
    assert names() == [
        "banknet", "base1", "base24", "bcd", "cmf", "edc", "ipm", "ipm-ascii", "napas", "nibss", "pos",
    ]  # fmt: skip
    for name in names():
        spec = load(name)
        assert len(spec.basis) > 60
        assert all(element.name for element in spec.elements.values())


def test_the_table_of_elements_is_whole() -> None:
    assert sorted(standard_elements("1987")) == list(range(2, 129))
    assert standard_elements("1987")[90][1] == "n 42"


WRONG = [
    ("nonsense = 1", "means nothing"),
    ("[frame2]", "means nothing"),
    ("[fields.4]\nsize = 3", "means nothing"),
    ("[fields.1]", "element's number"),
    ("[fields.129]", "element's number"),
    ("[fields.x]", "element's number"),
    ('[types]\n4 = "n12"', "a type like"),
    ('[types]\n4 = "q 12"', "a type like"),
    ('[types]\n4 = "n..100"', "says 99 at most"),
    ('[types]\n28 = "xn 8"', "signed amount"),
    ("[fields.2]\namount = true", "an amount is"),
    ('[fields.2]\ndigits = "roman"', "is expected"),
    ("[fields.2]\nhidden = 1", "true or false"),
    ("[[fields.48.inside]]\nmti = '02'", "at least one form"),
    ('[[fields.48.inside]]\n[[fields.48.inside.forms]]\nform = "ber-tlv"', "class b alone"),
    ('[[fields.52.inside]]\n[[fields.52.inside.forms]]\nform = "tagged"\ntag_chars = 2\nlength_digits = 3', "class b"),
    ('[[fields.48.inside]]\n[[fields.48.inside.forms]]\nform = "fixed"', "only the last"),
    (
        '[[fields.48.inside]]\n[[fields.48.inside.forms]]\nform = "repeated"\nparts = [{name="a",type="n *"}]',
        "only the last",
    ),
    (
        '[[fields.48.inside]]\n[[fields.48.inside.forms]]\nform = "fixed"\nparts = [{name="a",type="b 2"}]',
        "a type like",
    ),
    ('[[header]]\nname = "a"\nbytes = 2\nhex = "00"', "2 bytes are expected"),
    ('[[header]]\nname = "a"\nbytes = 2\nhex = "0"', "pairs of hexadecimal"),
    ('[[header]]\nname = "a"\nbytes = 2\nmessage_length = true\nliteral = true', "of a length none"),
    ('[[header]]\nname = "a"\nbytes = 2\nmessage_length = true\n' * 2, "one part at most"),
    ("fields = 3", "a table"),
    ("header = 3", "an array"),
    ("title = 3", "Cannot overwrite|Key"),
    ("[", "mine: "),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_means_nothing(text: str, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        with_more(text, "") if text.startswith("[") else with_more("", text + "\n")


REPLACED = [
    ('elements = "1987"', 'elements = "2003"', "table of 1987"),
    ('elements = "1987"', 'elements = "1987"\nabsent = ["300"]', "element's number"),
    ('length = "2 big"', 'length = "3 big"', "is expected"),
    ('length = "2 big"', 'length = "4 ascii"\nbytes_max = 10000', "says 9999 at most"),
    ('length = "2 big"', 'length = "2 big"\nbytes_max = 5', "a number from"),
    ('bitmap = "binary"', 'bitmap = "binary"\nbitmaps = 4', "a number from"),
    ('title = "t"', "", "a text"),
    ('title = "t"', 'title = "t"\nextends = "mine"', "another dialect"),
    ('title = "t"', 'title = "t"\nextends = "edc"', "extends another"),
]


@pytest.mark.parametrize(("old", "new", "told"), REPLACED)
def test_what_a_line_cannot_say(old: str, new: str, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        read("mine", SOUND.replace(old, new))


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    with pytest.raises(SpecError):
        read("mine", text)


@given(st.integers(0, len(SOUND)), st.text(max_size=4))
def test_a_damaged_file(at: int, piece: str) -> None:
    with suppress(SpecError):
        read("mine", SOUND[:at] + piece + SOUND[at + 1 :])


def test_there_is_no_such_dialect() -> None:
    with pytest.raises(SpecError, match="there are banknet, "):
        load("../banknet")


def test_what_extends_another_differs_where_it_says_so() -> None:
    pos, edc = load("pos"), load("edc")
    assert (pos.elements[22].coding.digits, edc.elements[22].coding.digits) == ("bcd right 0", "bcd left 0")
    assert edc.elements[60].choices == ()
    assert edc.elements[48].notation == pos.elements[48].notation == "ans...322"


CODINGS = [
    # (coding of DE 22 "021", DE 2 "400000123", DE 28 "C00000100", DE 35 "12=3") as a host writes them
    ("bcd left 0", "0021", "090400000123", "43" + "00000100", "0412d3"),
    ("bcd right 0", "0210", "094000001230", "43" + "00000100", "0412d3"),
    ("bcd right F", "021f", "09400000123f", "43" + "00000100", "0412d3"),
    ("ascii", b"021".hex(), "09" + b"400000123".hex(), b"C00000100".hex(), "04" + b"12=3".hex()),
]


@pytest.mark.parametrize(("digits", "entry", "pan", "fee", "track"), CODINGS)
def test_digits_on_the_wire(digits: str, entry: str, pan: str, fee: str, track: str) -> None:
    text = SOUND.replace('digits = "ascii"', f'digits = "{digits}"').replace('length = "ascii"', 'length = "bcd"')
    speaking = Codec(read("mine", text))
    said = Message("0100", {2: "400000123", 22: "021", 28: "C00000100", 35: "12=3"})
    wire = speaking.encode(said)
    assert wire[12:].hex() == pan + entry + fee + track
    assert speaking.decode(wire) == said
    assert speaking.encode(said) == wire


def test_lengths_that_count_bytes_of_nibbles() -> None:
    text = SOUND.replace('digits = "ascii"', 'digits = "bcd left 0"\ncounts = "bytes"')
    speaking = Codec(read("mine", text))
    said = Message("0100", {2: "40000012", 60: "x"})
    wire = speaking.encode(said)
    assert wire[12:] == b"04" + bytes.fromhex("40000012") + b"001x"
    assert speaking.decode(wire) == said


@pytest.mark.parametrize(
    ("encoding", "digits", "count", "prefix"),
    [
        ("ascii", 2, 9, "3039"), ("ascii", 3, 120, "313230"), ("ebcdic", 2, 16, "f1f6"), ("bcd", 2, 16, "16"),
        ("bcd", 3, 120, "0120"), ("bcd", 4, 1234, "1234"), ("binary", 2, 255, "ff"), ("binary", 3, 300, "012c"),
    ],
)  # fmt: skip
def test_length_prefixes(encoding: str, digits: int, count: int, prefix: str) -> None:
    assert lengths(encoding, digits, count)[bytes.fromhex(prefix)] == count
    assert len(lengths(encoding, digits, count)) == count + 1
    assert width(encoding, digits) == len(prefix) // 2
    assert most(encoding, digits) >= count


def test_a_header_is_built_of_its_parts() -> None:
    header = load("pos").header
    built = header.build({"source": b"\x00\x31", "destination": b"\x05\x25"})
    assert built.hex() == "6005250031" + "603100311001"
    assert header.read(built)["source"] == b"\x00\x31"
    with pytest.raises(Misfit):
        header.build({"source": b"\x00"})
    with pytest.raises(Misfit):
        header.build({"sources": b"\x00\x00"})
    with pytest.raises(Misfit, match=re.escape("literal")):
        load("base24").header.read(b"ISP016000010")
