"""A network's TOML file, read strictly: a key or a value that means nothing is refused, never ignored."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from switch.codec.classes import CLASSES
from switch.codec.framing import STYLES, Framing
from switch.codec.lengths import WRITERS, most
from switch.codec.nested import BerTlv, Choice, Fixed, Form, Repeated, SubField, Tagged
from switch.codec.spec import Coding, Element, Header, HeaderPart, Spec

HEXADECIMAL = ("raw", "hex upper", "hex lower")
DIGITS = ("ascii", "ebcdic", "bcd left 0", "bcd right 0", "bcd right F")
WORDS: Mapping[str, Sequence[str]] = {
    "digits": DIGITS,
    "text": ("ascii", "ebcdic"),
    "length": tuple(WRITERS),
    "binary": HEXADECIMAL,
    "counts": ("values", "bytes"),
}
"""What each key of a coding may say."""
FIELD_NUMBER_MAX = 192
THIRD_BITMAP = 65
"""No element, but the bit that announces another bitmap, where there are three."""
FRAME_BYTES_MOST = 65_535
TYPE = re.compile(r"(xn|ans|an|as|ns|n|a|z|b)(?: |(\.{1,6}))([1-9][0-9]{0,3})")


class SpecError(Exception):
    """A dialect's file says something that has no meaning; the text names the place."""


class Table:
    """A TOML table from which every key is taken once; what is left at the end is an error."""

    def __init__(self, place: str, table: object) -> None:
        if not isinstance(table, dict):
            raise SpecError(f"{place}: a table is expected")
        self.place = place
        self._left = dict(table)

    def text(self, key: str, default: str | None = None, among: Sequence[str] = ()) -> str:
        """A text, one of *among* if those are given."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or (among and value not in among):
            raise SpecError(f"{self.place}.{key}: {' or '.join(among) if among else 'a text'} is expected")
        return value

    def number(self, key: str, default: int | None, least: int, greatest: int) -> int:
        """A whole number from *least* to *greatest*."""
        value = self._left.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
            raise SpecError(f"{self.place}.{key}: a number from {least} to {greatest} is expected")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise SpecError(f"{self.place}.{key}: true or false is expected")
        return value

    def table(self, key: str) -> Table:
        """The table *key*, empty if there is none."""
        return Table(f"{self.place}.{key}", self._left.pop(key, {}))

    def rows(self, key: str) -> list[Table]:
        """The array of tables *key*, empty if there is none."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise SpecError(f"{self.place}.{key}: an array is expected")
        return [Table(f"{self.place}.{key}[{index}]", each) for index, each in enumerate(value)]

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of texts, empty if there is none."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise SpecError(f"{self.place}.{key}: an array of texts is expected")
        return tuple(value)

    def remaining(self) -> list[str]:
        """The keys not yet taken."""
        return list(self._left)

    def has(self, key: str) -> bool:
        """Is the key still to be taken?"""
        return key in self._left

    def end(self) -> None:
        """Raises SpecError when something is left."""
        if self._left:
            raise SpecError(f"{self.place}: {', '.join(sorted(self._left))} means nothing here")


def names() -> list[str]:
    """The dialects that come with the product."""
    found = (each.name for each in files("switch.specs").iterdir())
    return sorted(name[:-5] for name in found if name.endswith(".toml") and not name.startswith("elements-"))


@cache
def load(name: str) -> Spec:
    """The dialect *name* that comes with the product.  Raises SpecError."""
    if name not in names():
        raise SpecError(f"there is no dialect {name!r}; there are {', '.join(names())}")
    return read(name, _packaged(name))


def read(name: str, text: str) -> Spec:
    """The dialect that *text*, a TOML document, declares.  Raises SpecError."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{name}: {error}") from None
    if "extends" in document:
        base = document.pop("extends")
        if not isinstance(base, str) or base not in names() or base == name:
            raise SpecError(f"{name}.extends: another dialect's name is expected")
        parent = tomllib.loads(_packaged(base))
        if "extends" in parent:
            raise SpecError(f"{name}.extends: {base} extends another itself")
        document = _merged(parent, document)
    return _spec(name, Table(name, document))


def _packaged(name: str) -> str:
    return files("switch.specs").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _merged(base: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    """*base* with *over* in it: tables are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _spec(name: str, table: Table) -> Spec:
    title, basis = table.text("title"), table.text("basis")
    frame, coding = table.table("frame"), table.table("coding")
    bitmaps = coding.number("bitmaps", 2, 1, FIELD_NUMBER_MAX // 64)
    mti = coding.text("mti", among=("ascii", "ebcdic", "bcd"))
    bitmap = coding.text("bitmap", among=("binary", "hex upper", "hex lower", "ebcdic"))
    always = coding.flag("secondary_always")
    edition = table.text("elements", "")
    usual = Coding(**{key: coding.text(key, _DEFAULTS.get(key), words) for key, words in WORDS.items()})
    spec = Spec(
        name, title, basis, _framing(frame), _header(table.rows("header")), mti, bitmap, bitmaps, always,
        coding.number("trailer_bytes_max", 0, 0, 16), edition, _elements(table, edition, usual, bitmaps),
    )  # fmt: skip
    coding.end()
    table.end()
    return spec


_DEFAULTS = {"counts": "values"}


def _framing(frame: Table) -> Framing:
    framing = Framing(
        frame.text("length", among=STYLES),
        frame.flag("includes_itself"),
        frame.flag("keepalive"),
        frame.number("bytes_max", 4096, 64, FRAME_BYTES_MOST),
    )
    frame.end()
    if framing.frame_bytes_max > framing.sayable_max:
        raise SpecError(f"{frame.place}.bytes_max: such a length says {framing.sayable_max} at most")
    return framing


def _header(rows: list[Table]) -> Header:
    parts = []
    for row in rows:
        name, count, literal = row.text("name"), row.number("bytes", None, 1, 64), row.flag("literal")
        counting = row.flag("message_length")
        default = bytes(count) if counting else _default(row)
        row.end()
        if len(default) != count or (counting and literal):
            raise SpecError(f"{row.place}: {count} bytes are expected as default, and of a length none")
        parts.append(HeaderPart(name, count, default, literal, counting))
    if sum(part.message_length for part in parts) > 1:
        raise SpecError("header: the message's length stands in one part at most")
    return Header(tuple(parts))


def _default(row: Table) -> bytes:
    if row.has("text"):
        return row.text("text").encode("latin-1", "replace")
    try:
        return bytes.fromhex(row.text("hex"))
    except ValueError:
        raise SpecError(f"{row.place}.hex: pairs of hexadecimal digits are expected") from None


def _elements(table: Table, edition: str, usual: Coding, bitmaps: int) -> Mapping[int, Element]:
    """The elements of the standard's table, without those absent, with types and details of this dialect."""
    known = dict(standard_elements(edition)) if edition else {}
    if bitmaps > 2:
        known.pop(THIRD_BITMAP, None)
    fields, types = table.table("fields"), table.table("types")
    for absent in table.texts("absent"):
        if known.pop(_number(table.place + ".absent", absent, bitmaps), None) is None:
            raise SpecError(f"{table.place}.absent: {absent} is not in the table of elements")
    details = {_number(fields.place, key, bitmaps): fields.table(key) for key in fields.remaining()}
    for key in types.remaining():
        number = _number(types.place, key, bitmaps)
        known[number] = (known[number][0] if number in known else "", types.text(key))
    elements = {}
    for number in sorted(known.keys() | details.keys()):
        if number <= bitmaps * 64:
            name, notation = known.get(number, ("", ""))
            detail = details.get(number) or Table(f"{fields.place}.{number}", {})
            elements[number] = _element(number, name, notation, usual, detail)
    return MappingProxyType(elements)


def _number(place: str, digits: str, bitmaps: int) -> int:
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 3 else 0
    if not 2 <= number <= 64 * bitmaps or (bitmaps > 2 and number == THIRD_BITMAP):
        raise SpecError(f"{place}.{digits}: an element's number, 2 to {64 * bitmaps}, is expected")
    return number


@cache
def standard_elements(edition: str) -> dict[int, tuple[str, str]]:
    """Number → name and type of the standard's edition *edition*.  Raises SpecError."""
    if edition != "1987":
        raise SpecError(f"elements: there is a table of 1987 only, none of {edition}")
    document = tomllib.loads(_packaged(f"elements-{edition}"))
    return {int(number): (row["name"], row["type"]) for number, row in document["elements"].items()}


def _element(number: int, name: str, notation: str, usual: Coding, detail: Table) -> Element:
    """One element; what *detail* doesn't say is as usual."""
    name, notation = detail.text("name", name), detail.text("type", notation)
    coding = Coding(**{key: detail.text(key, getattr(usual, key), words) for key, words in WORDS.items()})
    usually = number in AMOUNTS and notation == standard_elements("1987")[number][1]
    amount, hidden = detail.flag("amount", usually), detail.flag("hidden")
    choices = tuple(_choice(row) for row in detail.rows("inside"))
    detail.end()
    found = TYPE.fullmatch(notation)
    if not found:
        raise SpecError(f"{detail.place}.type: a type like 'n 6', 'n..19' or 'ans...999' is expected")
    cls, size, digits = found[1], int(found[3]), len(found[2] or "")
    if digits and size > most(coding.length, digits):
        raise SpecError(f"{detail.place}.type: such a length says {most(coding.length, digits)} at most")
    if (cls == "xn" and (digits or size % 2 == 0)) or (amount and (cls != "n" or digits)):
        raise SpecError(f"{detail.place}.type: a signed amount is fixed and odd, an amount is digits of fixed number")
    for choice in choices:
        for form in choice.forms:
            if isinstance(form, BerTlv) != (cls == "b") or amount:
                raise SpecError(f"{detail.place}.inside: BER-TLV lies in class b alone, the other forms in text alone")
    return Element(number, name or f"DE {number}", cls, size, digits, coding, amount, hidden, choices)


AMOUNTS = frozenset({4, 5, 6, *range(82, 90)})
"""Elements that are an amount in minor units where they have the type of the 1987 edition."""


def _choice(row: Table) -> Choice:
    mti, keep = row.text("mti", ""), row.flag("keep")
    forms = tuple(_form(each) for each in row.rows("forms"))
    row.end()
    if not forms:
        raise SpecError(f"{row.place}.forms: at least one form is expected")
    return Choice(mti, forms, keep)


def _form(row: Table) -> Form:
    form = row.text("form", among=("fixed", "repeated", "tagged", "ber-tlv"))
    made: Form
    if form == "ber-tlv":
        made = BerTlv(frozenset(row.texts("shown")))
    elif form == "tagged":
        made = Tagged(
            row.number("tag_chars", None, 1, 8), row.number("length_digits", None, 1, 4), frozenset(row.texts("shown"))
        )
    else:
        parts = tuple(_sub_field(each) for each in row.rows("parts"))
        fixed = Fixed(parts, row.number("least", len(parts), 0, len(parts)))
        made = Repeated(fixed) if form == "repeated" else fixed
        open_ended = [part.size is None for part in parts]
        if not parts or any(open_ended[:-1]) or (form == "repeated" and any(open_ended)):
            raise SpecError(f"{row.place}.parts: only the last sub-field of a fixed form can be all that is left")
    row.end()
    return made


def _sub_field(row: Table) -> SubField:
    name, notation, shown = row.text("name"), row.text("type"), row.flag("shown")
    row.end()
    found = re.fullmatch(r"(ans|an|as|ns|n|a|z) ([1-9][0-9]{0,2}|\*)", notation)
    if not found or (found[2] != "*" and int(found[2]) not in range(1, 1000)) or found[1] not in CLASSES:
        raise SpecError(f"{row.place}.type: a type like 'n 6', or 'ans *' for all that is left, is expected")
    return SubField(name, found[1], None if found[2] == "*" else int(found[2]), shown)
