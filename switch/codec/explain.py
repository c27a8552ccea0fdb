"""A message explained element by element, masked, for people who look at captures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from switch.codec.codec import Codec, Opening
from switch.codec.message import MessageError, Parts, Value
from switch.codec.nested import Form
from switch.codec.privacy import HIDDEN, PANS, masked_pan, without_pans
from switch.codec.spec import Element


@dataclass(frozen=True)
class Line:
    """One thing found: where it begins (None within an element), what it's called, what may be shown of it, what it is."""

    offset: int | None
    name: str
    shown: str
    meaning: str


@dataclass(frozen=True)
class Explained:
    """What could be read of a message, and what is wrong with the rest (empty: nothing)."""

    lines: tuple[Line, ...]
    wrong: str


def explain(codec: Codec, wire: bytes) -> Explained:
    """Explain *wire*, a message without its frame's length; as far as it goes, when it is wrong."""
    lines: list[Line] = []
    try:
        for line in _lines(codec, wire):
            lines.append(line)
    except MessageError as error:
        return Explained(tuple(lines), str(error))
    return Explained(tuple(lines), "")


def _lines(codec: Codec, wire: bytes) -> Iterator[Line]:
    header = codec.spec.header
    opening = codec.opening(wire)
    at = 0
    for name, value in header.read(wire[: header.bytes_count]).pairs:
        assert isinstance(value, bytes)
        yield Line(at, f"header {name}", value.hex().upper(), _printable(value))
        at += len(value)
    yield Line(at, "MTI", opening.mti, MEANINGS.get(opening.mti[1:3], ""))
    yield Line(at + codec.mti_bytes, "bitmap", _numbers(opening), f"{len(opening.numbers)} elements")
    ended = opening.begins
    for number, value, begins, ends in codec.spans(wire, opening):
        yield from _element_lines(codec.spec.elements[number], opening.mti, value, begins)
        ended = ends
    codec.check_trailer(wire, ended)
    if ended < len(wire):
        yield Line(ended, "trailer", wire[ended:].hex().upper(), "")


def _element_lines(element: Element, mti: str, value: Value, begins: int) -> Iterator[Line]:
    meaning = f"{element.name}, {element.notation}"
    if not isinstance(value, Parts):
        yield Line(begins, f"DE {element.number}", _shown(element, value), meaning)
        return
    yield Line(begins, f"DE {element.number}", f"{len(value.pairs)} parts", meaning)
    choice = element.choice(mti)
    form = choice.form_of(value) if choice else None
    for name, part in value.pairs:
        if isinstance(part, Parts):
            for inner, text in part.pairs:
                yield Line(None, f"{name} {inner}", _part(form, inner, text), "")
        else:
            yield Line(None, name, _part(form, name, part), "")


def _part(form: Form | None, name: str, value: Value) -> str:
    """A sub-field's content, if the dialect says that it is harmless."""
    if form is None or not form.shown(name) or isinstance(value, Parts):
        return _size(value)
    return value.hex().upper() if isinstance(value, bytes) else without_pans(str(value))


def _shown(element: Element, value: Value) -> str:
    if element.hidden or element.number in HIDDEN:
        return _size(value)
    if isinstance(value, bytes):
        return value.hex().upper()
    if element.number in PANS:
        return masked_pan(str(value))
    return without_pans(str(value)) if element.digits else str(value)


def _size(value: Value) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return f"<{len(value)} characters>" if isinstance(value, str) else "<hidden>"


def _printable(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if text.isascii() and text.isprintable() else ""


def _numbers(opening: Opening) -> str:
    return " ".join(map(str, opening.numbers))


MEANINGS = {
    "10": "authorisation request", "11": "authorisation response", "12": "authorisation advice",
    "13": "authorisation advice response", "14": "authorisation notification",
    "20": "financial request", "21": "financial response", "22": "financial advice", "23": "financial advice response",
    "40": "reversal request", "41": "reversal response", "42": "reversal advice", "43": "reversal advice response",
    "50": "reconciliation request", "51": "reconciliation response", "52": "reconciliation advice",
    "53": "reconciliation advice response", "60": "administrative request", "61": "administrative response",
    "62": "administrative advice", "63": "administrative advice response", "80": "network management request",
    "81": "network management response", "82": "network management advice", "83": "network management advice response",
}  # fmt: skip
"""The second and third digit of an MTI: class and function."""
