"""Hosts that speak EBCDIC.

Everything such a host sends is translated to ASCII on arrival and back on departure, header and hexadecimal digits
included; the translation loses nothing, as every byte has exactly one partner.  Fields that are no text were never
EBCDIC, so theirs is undone.  Source: HSM 8000 host interface help; the code page is IBM 500 (Latin-1, all 256 pairs).
"""

from __future__ import annotations

from typing import TypeVar

from hsm.refusal import Advised
from hsm.wire.kinds import Binary, Kind
from hsm.wire.message import Message
from hsm.wire.shapes import IfMore, Maybe, Prefixed, Rest, Until, When

M = TypeVar("M", bound=Message)

TO_ASCII = bytes(range(256)).decode("cp500").encode("latin-1")
TO_EBCDIC = bytes(TO_ASCII.index(b) for b in range(256))


def arrived(message: M) -> M:
    """*message*, read from translated text, with its binary fields as the host sent them."""
    return _with_binary(message, TO_EBCDIC)


def departing(answer: M | Advised[M]) -> M | Advised[M]:
    """*answer* with its binary fields such that the translation of the whole reply restores them."""
    if isinstance(answer, Advised):
        return Advised(answer.reason, _with_binary(answer.answer, TO_ASCII))
    return _with_binary(answer, TO_ASCII)


def _with_binary(message: M, table: bytes) -> M:
    changed = {}
    for name, deciding, values in _binary_fields(type(message)):
        value = getattr(message, name)
        if isinstance(value, bytes) and (not deciding or getattr(message, deciding) in values):
            changed[name] = value.translate(table)
    if not changed:
        return message
    return type(message)(**{name: changed.get(name, getattr(message, name)) for name in message.FIELDS})


_BINARY_FIELDS: dict[type[Message], tuple[tuple[str, str, tuple[object, ...]], ...]] = {}


def _binary_fields(cls: type[Message]) -> tuple[tuple[str, str, tuple[object, ...]], ...]:
    """Fields that are no text: name, and the field and its values that make it so (an empty name: always)."""
    if cls not in _BINARY_FIELDS:
        found = [(name, _binary(kind)) for name, kind in cls.FIELDS.items()]
        _BINARY_FIELDS[cls] = tuple((name, *how) for name, how in found if how is not None)
    return _BINARY_FIELDS[cls]


def _binary(kind: Kind) -> tuple[str, tuple[object, ...]] | None:
    if isinstance(kind, Maybe | IfMore | When | Until):
        return _binary(kind.inner)
    if isinstance(kind, Prefixed | Rest) and isinstance(kind.binary, tuple):
        return kind.binary
    always = isinstance(kind, Binary) or (isinstance(kind, Prefixed | Rest) and kind.binary)
    return ("", ()) if always else None
