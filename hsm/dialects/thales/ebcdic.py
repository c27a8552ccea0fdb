"""Hosts that speak EBCDIC.

Everything such a host sends is translated to ASCII on arrival and back on departure, header and hexadecimal digits
included; the translation loses nothing, as every byte has exactly one partner.  Fields that are no text were never
EBCDIC, so theirs is undone.  Source: HSM 8000 host interface help; the code page is IBM 500 (Latin-1, all 256 pairs).
"""

from __future__ import annotations

import dataclasses
from functools import cache
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
    for name, condition in _binary_fields(type(message)):
        value = getattr(message, name)
        if isinstance(value, bytes) and (condition is True or getattr(message, condition[0]) in condition[1]):
            changed[name] = value.translate(table)
    return dataclasses.replace(message, **changed) if changed else message


@cache
def _binary_fields(cls: type[Message]) -> tuple[tuple[str, bool | tuple[str, tuple[object, ...]]], ...]:  # type: ignore[misc]
    return tuple((name, binary) for name, kind in cls.FIELDS.items() if (binary := _binary(kind)))


def _binary(kind: Kind) -> bool | tuple[str, tuple[object, ...]]:
    """Is the field no text: always, never, or when another field holds one of some values?"""
    if isinstance(kind, Maybe | IfMore | When | Until):
        return _binary(kind.inner)
    if isinstance(kind, Prefixed | Rest):
        return kind.binary
    return isinstance(kind, Binary)
