"""A message as JSON, for the command line: ``{"mti": "0800", "fields": {"11": "000001", "70": "001"}}``.

Amounts are numbers, binary elements hexadecimal digits, an element with sub-fields an object of them (or, where a tag
stands twice, a list of pairs).  ``header`` and ``trailer``, hexadecimal, may be left off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from switch.codec.message import Message, MessageError, Parts, Value
from switch.codec.nested import BerTlv, Choice
from switch.codec.spec import Element, Spec

DOCUMENT_CHARS_MAX = 100_000


def message_of(text: str, spec: Spec) -> Message:
    """The message that the JSON document *text* describes, with values typed as *spec* has them.

    Raises MessageError, with ``JSON`` or an element as the field; whether the values suit is found by encoding.
    """
    try:
        document = json.loads(text[: DOCUMENT_CHARS_MAX + 1])
    except (ValueError, RecursionError):
        raise MessageError("JSON", None, f"a JSON document of at most {DOCUMENT_CHARS_MAX} characters") from None
    if not isinstance(document, dict) or set(document) - {"mti", "fields", "header", "trailer"}:
        raise MessageError("JSON", None, "an object of mti, fields and perhaps header and trailer")
    mti, fields = document.get("mti"), document.get("fields", {})
    if not isinstance(mti, str) or not isinstance(fields, dict):
        raise MessageError("JSON", None, "mti as a text, and fields as an object")
    header, trailer = (_bytes(key, document.get(key, "")) for key in ("header", "trailer"))
    return Message(mti, _fields(fields, mti, spec), header, trailer)


def _fields(given: Mapping[str, object], mti: str, spec: Spec) -> dict[int, Value]:
    fields: dict[int, Value] = {}
    for key, value in given.items():
        element = spec.elements.get(int(key)) if key.isascii() and key.isdecimal() and len(key) <= 3 else None
        if element is None or element.number in fields:
            raise MessageError(f"DE {key}", None, f"an element of {spec.name}, once")
        fields[element.number] = _value(element, element.choice(mti), value)
    return fields


def _value(element: Element, choice: Choice | None, value: object) -> Value:
    label = f"DE {element.number}"
    if isinstance(value, dict | list):
        if choice is None:
            raise MessageError(label, None, f"a single value: {element.name} has no sub-fields here")
        return _parts(label, value, any(isinstance(form, BerTlv) for form in choice.forms))
    if element.cls == "b":
        return _bytes(label, value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MessageError(label, None, "a text" if not element.amount else "a number")
    if element.amount:
        return int(value) if str(value).isdecimal() and str(value).isascii() and len(str(value)) <= element.size else -1
    return str(value)


def _parts(label: str, given: dict[str, object] | list[object], binary: bool) -> Parts:
    pairs: list[tuple[str, Value]] = []
    for pair in given.items() if isinstance(given, dict) else given:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise MessageError(label, None, "an object, or a list of pairs of name and value")
        name, value = pair
        if isinstance(value, dict):
            pairs.append((name, _parts(f"{label} {name}", value, binary)))
        elif binary:
            pairs.append((name, _bytes(f"{label} {name}", value)))
        elif isinstance(value, str):
            pairs.append((name, value))
        else:
            raise MessageError(f"{label} {name}", None, "a text")
    return Parts(pairs)


def _bytes(label: str, value: object) -> bytes:
    try:
        if isinstance(value, str):
            return bytes.fromhex(value)
    except ValueError:
        pass
    raise MessageError(label, None, "hexadecimal digits in pairs")
