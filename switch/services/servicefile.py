"""``services.toml``, read strictly: what means nothing is refused with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations

from switch.codec.specfile import SpecError, Table
from switch.services.catalogue import Service, Services
from switch.services.fieldset import CONDITIONS, FieldSet

FIELD_NUMBER_MAX, CODE_DIGITS_MAX = 128, 12
ROWS_MAX = 1_000


class ServiceFileError(Exception):
    """The file is refused; the text names the place."""


@cache
def packaged() -> Services:
    """The catalogue that comes with the product."""
    return read("services.toml", files("switch.services").joinpath("services.toml").read_text(encoding="utf-8"))


def read(name: str, text: str) -> Services:
    """The catalogue in *text*, the content of the file *name*.  Raises ServiceFileError."""
    try:
        return _services(name, Table(name, tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, RecursionError, SpecError) as error:
        told = str(error)
        raise ServiceFileError(told if told.startswith(name) else f"{name}: {told}") from None


def _services(name: str, top: Table) -> Services:
    sets_table = top.table("sets")
    sets = {each: _field_set(sets_table.table(each)) for each in sets_table.remaining()}
    channels_table = top.table("channels")
    channels = {each: _codes(channels_table.table(each)) for each in channels_table.remaining()}
    row_tables = top.rows("services")
    if not 0 < len(row_tables) <= ROWS_MAX:
        raise SpecError(f"{name}.services: 1 to {ROWS_MAX} rows are expected")
    rows = [row for table in row_tables for row in _rows(table, sets, channels)]
    withheld = _withheld(top.table("banks"), rows)
    top.end()
    for first, second in combinations(rows, 2):
        if (first.channel, first.mti) == (second.channel, second.mti) and _overlap(first.codes, second.codes):
            raise SpecError(f"{name}.services: {first.name} and {second.name} can't be told apart on {first.channel}")
    return Services(tuple(rows), channels, withheld)


def _rows(table: Table, sets: Mapping[str, FieldSet], channels: Mapping[str, object]) -> list[Service]:
    """One service on each of its channels."""
    name, mti = table.text("name"), table.text("mti")
    if not re.fullmatch(r"0[1-8][024]0", mti):
        raise SpecError(f"{table.place}.mti: four digits of a request are expected")
    offered = table.texts("channels")
    if not offered or not set(offered) <= channels.keys() or len(set(offered)) < len(offered):
        raise SpecError(f"{table.place}.channels: some of {', '.join(channels)}, each once, are expected")
    codes = _codes(table.table("codes"))
    if not codes:
        raise SpecError(f"{table.place}.codes: at least one element is expected")
    known = frozenset(codes)
    request = sets[table.text("request", among=tuple(sets))]
    request = request.with_more(_numbers(table, "needs") | known, _numbers(table, "allows"))
    answer = sets[table.text("answer", among=tuple(sets))]
    answer = answer.with_more(frozenset(), _numbers(table, "answers"))
    reversible, stand_in, fee = table.flag("reversible"), table.flag("stand_in"), table.text("fee", "")
    table.end()
    return [Service(name, each, mti, codes, request, answer, reversible, stand_in, fee) for each in offered]


def _field_set(table: Table) -> FieldSet:
    conditions = table.table("conditional")
    conditional = {
        _number(conditions.place, each): conditions.text(each, among=tuple(CONDITIONS))
        for each in conditions.remaining()
    }
    kinds = [
        _numbers(table, "mandatory"),
        frozenset(conditional),
        _numbers(table, "optional"),
        _numbers(table, "echoed"),
    ]
    for first, second in combinations(kinds, 2):
        if first & second:
            raise SpecError(f"{table.place}: {min(first & second)} stands in two lists")
    table.end()
    return FieldSet(kinds[0], conditional, kinds[2], kinds[3])


def _codes(table: Table) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for each in table.remaining():
        patterns = table.texts(each)
        if not patterns or not all(re.fullmatch(rf"[0-9x]{{1,{CODE_DIGITS_MAX}}}", pattern) for pattern in patterns):
            raise SpecError(f"{table.place}.{each}: digits, and x for any, are expected")
        found[_number(table.place, each)] = patterns
    return found


def _numbers(table: Table, key: str) -> frozenset[int]:
    """Elements, as ``"2-4 7 11"``."""
    found: list[int] = []
    for word in table.text(key, "").split():
        first, dash, last = word.partition("-")
        found += range(
            _number(f"{table.place}.{key}", first), _number(f"{table.place}.{key}", last if dash else first) + 1
        )
    return frozenset(found)


def _number(place: str, text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,2}", text) or not 2 <= int(text) <= FIELD_NUMBER_MAX:
        raise SpecError(f"{place}: {text} is no element's number")
    return int(text)


def _withheld(banks: Table, rows: Sequence[Service]) -> dict[str, frozenset[tuple[str, str]]]:
    """What each bank offers, by channel, turned into what it doesn't; a channel that isn't named is offered whole.

    Only what is asked for (02xx) can be withheld: a reversal is owed whatever the bank offers.
    """
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for bank in banks.remaining():
        table = banks.table(bank)
        missing: set[tuple[str, str]] = set()
        for channel in table.remaining():
            there = {row.name for row in rows if row.channel == channel and row.mti.startswith("02")}
            offered = set(table.texts(channel))
            if not there or not offered <= there:
                raise SpecError(
                    f"{table.place}.{channel}: some of {', '.join(sorted(there)) or 'nothing'} are expected"
                )
            missing |= {(channel, each) for each in there - offered}
        found[bank] = frozenset(missing)
    return found


def _overlap(first: Mapping[int, Sequence[str]], second: Mapping[int, Sequence[str]]) -> bool:
    """Is there a message that has the codes of both?"""
    return all(
        any(_compatible(one, other) for one in first[number] for other in second[number])
        for number in first.keys() & second.keys()
    )


def _compatible(one: str, other: str) -> bool:
    return len(one) == len(other) and all(a == b or "x" in (a, b) for a, b in zip(one, other, strict=True))
