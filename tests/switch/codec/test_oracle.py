"""The same as pyiso8583, in both directions, for every dialect that it can be told of.

Known differences, each closed on purpose here: it takes length prefixes with blanks, signs and line ends; it checks no
character classes; it takes any four characters as an MTI and lower-case hexadecimal bitmaps; an empty second bitmap passes;
bit 65 announces a third bitmap always; headers, frames and what lies inside elements are not its business.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import iso8583
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.messages import as_pyiso8583, as_text, messages

from switch.codec.codec import codec
from switch.codec.message import Message, MessageError
from switch.codec.spec import Spec
from switch.codec.specfile import load, names


@cache
def theirs(name: str) -> dict[str, dict[str, Any]]:
    return as_pyiso8583(load(name))


def comparable(message: Message) -> Message:
    """*message* without what that library cannot be told."""
    return message.changed(without={number for number in message.fields if number == 65 or number > 128})


def as_document(spec: Spec, message: Message) -> dict[str, str]:
    document = {str(n): as_text(spec.elements[n], message.mti, value) for n, value in message.fields.items()}
    return {"t": message.mti, **document}


cases = st.sampled_from(names()).flatmap(lambda name: st.tuples(st.just(name), messages(load(name))))


@given(cases)
def test_the_same_fields_make_the_same_bytes(case: tuple[str, Message]) -> None:
    name, message = case[0], comparable(case[1])
    spec = load(name)
    assume(not spec.secondary_always or any(number > 64 for number in message.fields))
    document = as_document(spec, message)
    wire, _ = iso8583.encode(document, theirs(name))
    assert codec(name).encode(message)[spec.header.bytes_count :] == bytes(wire)


@given(cases)
def test_the_same_bytes_make_the_same_fields(case: tuple[str, Message]) -> None:
    name, message = case[0], comparable(case[1])
    spec = load(name)
    wire = codec(name).encode(message)
    decoded, _ = iso8583.decode(wire[spec.header.bytes_count :], theirs(name))
    mine = codec(name).decode(wire)
    found = {key: value for key, value in decoded.items() if key.isdecimal() and key != "1"}
    assert {"t": decoded["t"], **found} == as_document(spec, mine)


PLAIN = [name for name in names() if not load(name).header.parts and load(name).bitmaps < 3]


@given(
    st.sampled_from(PLAIN).flatmap(lambda name: st.tuples(st.just(name), messages(load(name)))),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=2),
)
def test_what_it_refuses_is_refused(case: tuple[str, Message], damage: list[tuple[int, int]]) -> None:
    name, message = case[0], comparable(case[1])
    wire = bytearray(codec(name).encode(message))
    for place, octet in damage:
        wire[place % len(wire)] = octet
    try:
        iso8583.decode(bytes(wire), theirs(name))
    except (iso8583.DecodeError, KeyError):  # the latter for an element that its table lacks
        with pytest.raises(MessageError):
            codec(name).decode(bytes(wire))


LENIENT = [b" 9" + b"1" * 9, b"+9" + b"1" * 9, b"9 " + b"1" * 9, b"\n9" + b"1" * 9, b"04abcd"]


@pytest.mark.parametrize("content", LENIENT)
def test_what_it_lets_pass_is_refused_here(content: bytes) -> None:
    wire = b"0100" + b"4000000000000000" + content
    iso8583.decode(wire, theirs("banknet"))
    with pytest.raises(MessageError):
        codec("banknet").decode(wire)
