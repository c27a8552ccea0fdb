"""On which line of a TOML file a field stands, and its tables read strictly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

_HEADING = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]*\"|'[^']*')\s*=")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\s]+)):([0-9]{1,5})")
Place = tuple[str, ...]


class ConfigError(Exception):
    """What is configured has no meaning: *where* (file and line), the *field*, and what was *expected* there."""

    def __init__(self, where: str, field: str, expected: str) -> None:
        super().__init__(f"{where}: {field}: expected {expected}")
        self.where, self.field, self.expected = where, field, expected


def field_lines(text: str) -> Mapping[Place, int]:
    """The line, from 1, of each field and heading of TOML *text*; tomllib tells none.

    A place is the names that lead to it, with the number of an array's row behind the array's name.  Dotted keys, inline
    tables and what stands in texts of several lines are not looked into.

    >>> dict(field_lines('[[link]]\\nname = "a"\\n[link.tls]\\nkey = "k"\\n'))
    {('link', '0'): 1, ('link', '0', 'name'): 2, ('link', '0', 'tls'): 3, ('link', '0', 'tls', 'key'): 4}
    """
    lines: dict[Place, int] = {}
    rows: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.match(line):
            names = [name.strip().strip("\"'") for name in heading[2].split(".")]
            table = _place(names, heading[1] == "[[", rows)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1].strip("\"'")), number)
    return MappingProxyType(lines)


def _place(names: Sequence[str], is_row: bool, rows: dict[Place, int]) -> Place:
    """The place of a heading; *rows* are the numbers of the last rows of the arrays so far."""
    place: Place = ()
    for depth, name in enumerate(names, 1):
        place = (*place, name)
        if is_row and depth == len(names):
            rows[place] = rows.get(place, -1) + 1
        if place in rows:
            place = (*place, str(rows[place]))
    return place


def document(path: str, text: str) -> Section:
    """The whole of TOML *text*, the content of the file *path*.  Raises ConfigError when it is none."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        found = re.search(r"at line (\d+)", str(fault))
        line = found[1] if found else len(text.splitlines())
        raise ConfigError(f"{path}, line {line}", "syntax", f"TOML ({fault})") from None
    return Section(path, field_lines(text), (), tables)


class Section:
    """A TOML table from which every field is taken once; what is left at the end is an error."""

    def __init__(self, path: str, lines: Mapping[Place, int], place: Place, table: object) -> None:
        self._path, self._lines, self._place = path, lines, place
        if not isinstance(table, dict):
            raise ConfigError(self.where(""), ".".join(place), "a table")
        self._left: dict[str, object] = dict(table)

    def where(self, key: str) -> str:
        """File and line of *key*, or of the nearest table around it that has a line."""
        place = (*self._place, key)
        while place and place not in self._lines:
            place = place[:-1]
        return f"{self._path}, line {self._lines[place]}" if place else self._path

    def wrong(self, key: str, expected: str) -> ConfigError:
        """The error that *key* is not as *expected*."""
        return ConfigError(self.where(key), ".".join((*self._place, key)), expected)

    def text(self, key: str, default: str | None, expected: str = "a text") -> str:
        """A text that is not empty; needed when there is no *default*."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or not (value or value == default):
            raise self.wrong(key, expected)
        return value

    def choice(self, key: str, default: str | None, known: Sequence[str]) -> str:
        """One of the *known* texts."""
        expected = "one of " + ", ".join(known)
        value = self.text(key, default, expected)
        if value not in known:
            raise self.wrong(key, expected)
        return value

    def matching(self, key: str, default: str | None, pattern: str, expected: str) -> str:
        """A text that has the *pattern* as a whole."""
        value = self.text(key, default, expected)
        if re.fullmatch(pattern, value, re.ASCII) is None:
            raise self.wrong(key, expected)
        return value

    def address(self, key: str, any_free: bool) -> tuple[str, int]:
        """HOST:PORT, an IPv6 host in brackets; the port is 0 only where *any_free* one will do."""
        expected = "HOST:PORT" + (", port 0 for any free one" if any_free else ", and a port that is not 0")
        found = _ADDRESS.fullmatch(self.text(key, None, expected))
        port = int(found[3]) if found else -1
        if found is None or not (0 if any_free else 1) <= port <= 65_535:
            raise self.wrong(key, expected)
        return found[1] or found[2], port

    def number(self, key: str, default: int, least: int, greatest: int) -> int:
        """A whole number from *least* to *greatest*."""
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
            raise self.wrong(key, f"a whole number from {least} to {greatest}")
        return value

    def seconds(self, key: str, default: float, greatest: float = 86_400.0) -> float:
        """Seconds, more than none."""
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= greatest:
            raise self.wrong(key, f"seconds, more than 0 and at most {greatest:g}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def listed(self, key: str, default: Sequence[str | int]) -> tuple[str | int, ...]:
        """A list of texts and whole numbers."""
        value = self._left.pop(key, list(default))
        if not isinstance(value, list) or not all(isinstance(e, str | int) and not isinstance(e, bool) for e in value):
            raise self.wrong(key, "a list of texts or whole numbers")
        return tuple(value)

    def has(self, key: str) -> bool:
        """Is *key* there, and not yet taken?"""
        return key in self._left

    def taken_empty(self, key: str) -> bool:
        """Was *key* there as an empty text?  Then it is taken."""
        empty = self._left.get(key) == ""
        if empty:
            del self._left[key]
        return empty

    def remaining(self) -> tuple[str, ...]:
        """The keys that are not yet taken."""
        return tuple(self._left)

    def section(self, key: str) -> Section:
        """The table *key*, empty if there is none."""
        return Section(self._path, self._lines, (*self._place, key), self._left.pop(key, {}))

    def rows(self, key: str) -> list[Section]:
        """The array of tables *key*, empty if there is none."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"[[{key}]] tables")
        return [Section(self._path, self._lines, (*self._place, key, str(i)), each) for i, each in enumerate(value)]

    def end(self) -> None:
        """Raises ConfigError when something is left."""
        for key in self._left:
            raise self.wrong(key, "nothing: no such field is known here")
