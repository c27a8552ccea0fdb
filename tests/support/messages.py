"""Messages of a dialect for Hypothesis, published ones, and the dialect as pyiso8583 would be told of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st
from support.sources import ROOT

from switch.codec.classes import CLASSES
from switch.codec.lengths import width
from switch.codec.message import Message, Parts, Value
from switch.codec.nested import BerTlv, Fixed, Form, Repeated, SubField
from switch.codec.spec import CODECS, Element, Spec

VECTORS = json.loads((ROOT / "protocol-spec" / "iso8583" / "vectors" / "messages.json").read_text())


@dataclass(frozen=True)
class Published:
    """A published message: *wire* without a frame's length, and what it's expected to hold."""

    id: str
    spec: str
    wire: bytes
    expect: Mapping[str, Any]


@cache
def published(kind: str = "messages") -> list[Published]:
    return [
        Published(each["id"], each["spec"], bytes.fromhex(each["wire"])[each["before"] :], each["expect"])
        for each in VECTORS[kind]
    ]


def other(name: str) -> Mapping[str, Any]:
    return next(each for each in VECTORS["others"] if each["id"] == name)


@cache
def alphabet(cls: str) -> str:
    return "".join(char for char in map(chr, range(32, 127)) if re.fullmatch(CLASSES[cls][0], char))


def texts(cls: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet(cls), min_size=least, max_size=most)


def _sub_field(part: SubField) -> st.SearchStrategy[tuple[str, Value]]:
    # An open end of more than 6 digits would not fit into every element that has one.
    return st.tuples(st.just(part.name), texts(part.cls, part.size or 1, part.size or 6))


def _fixed(form: Fixed) -> st.SearchStrategy[Parts]:
    counts = st.integers(form.least, len(form.parts))
    return counts.flatmap(lambda count: st.tuples(*map(_sub_field, form.parts[:count]))).map(Parts)


_TAGS = ("9F26", "9F27", "9F10", "95", "9A", "82", "DF8101")


def parts_of(form: Form) -> st.SearchStrategy[Parts]:
    if isinstance(form, Fixed):
        return _fixed(form)
    if isinstance(form, Repeated):
        groups = st.lists(_fixed(form.group), max_size=3)
        return groups.map(lambda found: Parts((str(i + 1), group) for i, group in enumerate(found)))
    if isinstance(form, BerTlv):
        objects = st.dictionaries(st.sampled_from(_TAGS), st.binary(max_size=20), max_size=4)
        scripts = st.lists(st.tuples(st.sampled_from(("71", "72")), st.binary(max_size=30)), max_size=3)
        return st.builds(lambda found, more: Parts((*found.items(), *more)), objects, scripts)
    tags = st.dictionaries(texts("n", form.tag_chars, form.tag_chars), texts("an", 0, 9), max_size=4)
    return tags.map(Parts)


def values(element: Element, mti: str) -> st.SearchStrategy[Value]:
    """Values of *element*, always of its canonical type."""
    if element.amount:
        return st.integers(0, 10**element.size - 1)
    choice = element.choice(mti)
    if choice is not None:
        return parts_of(choice.forms[0])
    least = 0 if element.digits else element.size
    most = min(element.size, 40) if element.digits else element.size
    if element.cls == "b":
        return st.binary(min_size=least, max_size=most)
    if element.cls == "xn":
        return st.builds("".join, st.tuples(st.sampled_from("CD"), texts("n", most - 1, most - 1)))
    if element.cls == "z":
        separators = "=" if element.coding.digits.startswith("bcd") else "=D"
        return st.text("0123456789" + separators, min_size=least, max_size=most)
    if element.cls in ("n", "z") and element.coding.counts == "bytes":
        return texts(element.cls, least // 2, most // 2).map(lambda half: half + half)
    return texts(element.cls, least, most)


MTIS = ("0100", "0110", "0200", "0210", "0220", "0221", "0420", "0430", "0800", "0810")


@st.composite
def messages(draw: st.DrawFn, spec: Spec, fields_max: int = 24) -> Message:
    """Messages that *spec* can say."""
    mti = draw(st.sampled_from(MTIS))
    numbers = draw(st.sets(st.sampled_from(sorted(spec.elements)), max_size=fields_max))
    fields = {number: draw(values(spec.elements[number], mti)) for number in sorted(numbers)}
    return Message(mti, fields, spec.header.default)


def as_pyiso8583(spec: Spec) -> dict[str, dict[str, Any]]:
    """The dialect as that library's table, without the header."""
    table: dict[str, dict[str, Any]] = {"h": _row("b", "b", 0, 0)}
    table["t"] = _row("b" if spec.mti == "bcd" else CODECS[spec.mti], "ascii", 0, 4)
    bitmap = "b" if spec.bitmap == "binary" else CODECS["ebcdic" if spec.bitmap == "ebcdic" else "ascii"]
    table["p"] = table["1"] = _row(bitmap, "ascii", 0, 8 if bitmap == "b" else 16)
    for number, element in spec.elements.items():
        table[str(number)] = _as_row(element)
    return table


def _row(data: str, length: str, length_bytes: int, size: int, **more: str) -> dict[str, Any]:
    return {"data_enc": data, "len_enc": length, "len_type": length_bytes, "max_len": size, "desc": "", **more}


def _as_row(element: Element) -> dict[str, Any]:
    coding, size = element.coding, element.size
    length = {"binary": "b", "bcd": "bcd"}.get(coding.length) or CODECS[coding.length]
    length_bytes = width(coding.length, element.digits) if element.digits else 0
    if element.cls == "b" and coding.binary == "raw":
        return _row("b", length, length_bytes, size)
    if element.cls == "b":
        return _row("ascii", length, length_bytes, size * 2)
    if element.cls in ("n", "z") and coding.digits.startswith("bcd"):
        _, side, filler = coding.digits.split()
        return _row("b", length, length_bytes, size, len_count="nibbles", **{f"{side}_pad": filler})
    if element.cls == "xn" and coding.digits.startswith("bcd"):
        return _row("b", length, length_bytes, (size + 1) // 2)
    codec = CODECS[coding.text if element.cls not in ("n", "z", "xn") else coding.digits]
    return _row(codec, length, length_bytes, size)


def as_text(element: Element, mti: str, value: Value) -> str:
    """*value* as that library has it."""
    choice = element.choice(mti)
    flat = choice.write(value) if choice else value
    if isinstance(flat, int):
        return f"{flat:0{element.size}d}"
    if isinstance(flat, bytes):
        return flat.hex().upper()
    assert isinstance(flat, str)
    nibbles = element.cls in ("z", "xn") and element.coding.digits.startswith("bcd")
    if element.cls == "xn" and nibbles:
        return flat[:1].encode(CODECS[element.coding.text]).hex().upper() + flat[1:]
    return flat.replace("=", "D") if nibbles else flat
