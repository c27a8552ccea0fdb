"""Readers and writers of the kinds that a variable-length count leads; ``codec`` imports this beside ``readers``."""

from __future__ import annotations

from typing import Any

from hsm.wire.counts import count_at, counted
from hsm.wire.kinds import Mismatch, Widths
from hsm.wire.readers import Reader, Writer, reader, writer
from hsm.wire.shapes import KeySpec, MaybeCounted, Variable


@reader.register
def _(kind: Variable, widths: Widths) -> Reader:
    most, notation, wrong = kind.most, kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes, int]:
        found = count_at(text, at)
        if found is None or found[0] > most or found[1] + found[0] > len(text):
            raise Mismatch(notation, wrong)
        count, start = found
        return text[start : start + count].encode("latin-1"), start + count

    return read


@reader.register
def _(kind: MaybeCounted, widths: Widths) -> Reader:
    name, behind, notation, wrong = kind.length, kind.behind, kind.notation, kind.wrong

    def ends(text: str, at: int) -> bool:
        """Does a specifier behind a field that ends at *at* end the message?"""
        found = count_at(text, at + behind)
        return found is not None and found[1] + found[0] == len(text)

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes, int]:
        size = (seen[name] + 1) // 2
        led = text[at : at + 1] == chr(size)
        start = at if ends(text, at + size) and not (led and ends(text, at + 1 + size)) else at + 1
        if (start > at and not led) or start + size > len(text):
            raise Mismatch(notation, wrong)
        return text[at : start + size].encode("latin-1"), start + size

    return read


@writer.register
def _(kind: MaybeCounted, widths: Widths) -> Writer:
    return lambda value, seen: str(value, "latin-1")


@writer.register
def _(kind: Variable, widths: Widths) -> Writer:
    return lambda value, seen: counted(value.decode("latin-1"))


@reader.register
def _(kind: KeySpec, widths: Widths) -> Reader:
    notation, wrong = kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[str, int]:
        found = count_at(text, at)
        if found is None or found[1] + found[0] > len(text):
            raise Mismatch(notation, wrong)
        end = found[1] + found[0]
        return text[at:end], end

    return read


@writer.register
def _(kind: KeySpec, widths: Widths) -> Writer:
    return lambda value, seen: str(value)
