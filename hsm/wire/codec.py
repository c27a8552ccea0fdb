"""A message's codec, compiled from its declaration when first used.

``take`` tries one regular expression over all plain fields, with the optional ones absent, and falls back to the walk.
Groups are atomic, so the expression never tries a second division of the text: what it accepts, the walk accepts alike.
The functions that turn groups into a message and a message into text are written out and compiled, as dataclasses do it:
a loop over fields costs three times as much.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar

from hsm.wire import countreaders  # noqa: F401  # it registers readers of its own
from hsm.wire.kinds import Binary, Hex, Kind, Mismatch, Plain, Widths, width_of
from hsm.wire.message import Message, WireError
from hsm.wire.packed import Fixed, Packed
from hsm.wire.readers import Reader, Writer, key_pattern, reader, writer
from hsm.wire.shapes import BlockUnder, Cases, IfMore, Key, KeySpec, Maybe, Rest, Until

M = TypeVar("M", bound=Message)


class Codec(Generic[M]):
    """Reads and writes one message class under given widths."""

    def __init__(self, cls: type[M], widths: Widths) -> None:
        self.cls = cls
        self._readers: tuple[tuple[str, Kind, Reader], ...] = tuple(
            (n, k, reader(k, widths)) for n, k in cls.FIELDS.items()
        )
        self._writers: tuple[tuple[str, Writer], ...] = tuple((n, writer(k, widths)) for n, k in cls.FIELDS.items())
        self.take: Callable[[str], tuple[M, int]] = _compiled_take(cls, widths, self._walk_from_start)
        self.text: Callable[[M], str] = _compiled_text(cls, widths) or self._write

    def parse(self, text: str) -> M:
        """The message that *text* is, whole; WireError otherwise."""
        message, end = self.take(text)
        if end != len(text):
            raise WireError("end of message", end, "nothing more")
        return message

    def build(self, message: M) -> bytes:
        return self.text(message).encode("latin-1")

    def _walk_from_start(self, text: str) -> tuple[M, int]:
        try:
            return self.walk(text, 0)
        except Mismatch as e:
            raise WireError(e.name, e.offset, e.expected, e.wrong) from None

    def walk(self, text: str, at: int, spans: list[tuple[str, int, int]] | None = None) -> tuple[M, int]:
        """The message that begins at *at* and where it ends, field by field; Mismatch names the field and offset."""
        values: dict[str, Any] = {}
        start = at
        for name, kind, read in self._readers:
            try:
                values[name], end = read(text, at, values)
            except Mismatch as e:
                inner = f"{name}.{e.name}" if e.name else name
                raise Mismatch(e.expected, e.wrong or kind.wrong, at - start + e.offset, inner) from None
            if spans is not None:
                spans.append((name, at, end))
            at = end
        return _instance(self.cls, values), at

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """Where each field stands in *text*, as far as it can be read."""
        found: list[tuple[str, int, int]] = []
        with contextlib.suppress(Mismatch):
            self.walk(text, 0, found)
        return found

    def survey(self, text: str) -> tuple[dict[str, Any], Mismatch | None]:
        """What can be read of *text*, though fields of fixed size may hold what they must not, and the first fault.

        The fault is that of the structure, if there is one; else it is the first content that is wrong.  For dialects
        that tell faults in another order than the fields'.
        """
        values: dict[str, Any] = {}
        at, fault = 0, None
        for name, kind, read in self._readers:
            try:
                values[name], at = read(text, at, values)
            except Mismatch as e:
                if not isinstance(kind, Fixed) or at + kind.bytes_count > len(text):
                    # Where nothing is left, it is the message that is too short, and no field that is wrong.
                    wrong = None if isinstance(kind, Fixed) or at == len(text) else e.wrong or kind.wrong
                    return values, Mismatch(e.expected, wrong, at + e.offset, name)
                at += kind.bytes_count
                fault = fault or Mismatch(e.expected, e.wrong or kind.wrong, at, name)
            except KeyError:
                return values, fault  # how the field is read depends on one that is wrong
        if at != len(text):
            fault = Mismatch("nothing more", None, at, "end of message")
        return values, fault

    def _write(self, message: M) -> str:
        values = message.__dict__
        return "".join([write(v, values) for n, write in self._writers if (v := values[n]) is not None])


@cache
def _codec_of(cls: type[M], widths: frozenset[tuple[str, int]]) -> Codec[M]:
    return Codec(cls, dict(widths))


def codec_of(cls: type[M], widths: Widths | None = None) -> Codec[M]:
    """The codec of *cls*; the same object for the same widths."""
    return _codec_of(cls, frozenset((widths or {}).items()))  # type: ignore[arg-type]  # a class is hashable; mypy doubts it for type[M]


def _instance(cls: type[M], values: dict[str, Any]) -> M:
    self = object.__new__(cls)
    self.__dict__.update(values)
    return self


def _compiled_take(
    cls: type[M], widths: Widths, walk: Callable[[str], tuple[M, int]]
) -> Callable[[str], tuple[M, int]]:
    expression = ""
    groups: list[str] = []
    steps: list[str] = []
    scope: dict[str, Any] = {"new": object.__new__, "cls": cls, "walk": walk, "unhex": bytes.fromhex}
    for name, kind in cls.FIELDS.items():
        value = "None"
        if barred := _left_to_walk(cls, name):
            expression += f"(?!{'|'.join(re.escape(value) for value in sorted(barred))})"
        if isinstance(kind, Maybe):
            expression += f"(?!{re.escape(kind.lead)})"
        elif isinstance(kind, IfMore):
            expression += "(?=[%\\x19]|\\Z)"
        elif (pattern := _bounded(kind, widths)) is not None:
            expression += pattern
            groups.append(f"g{len(groups)}")
            value = _decoding(kind, groups[-1], scope)
        else:
            return walk
        steps.append(f"  values[{name!r}] = {value}\n")
    scope["scan"] = re.compile(expression, re.DOTALL).match
    source = (
        "def take(text):\n"
        " found = scan(text)\n"
        " if found is None: return walk(text)\n"
        + (f" {''.join(f'{group}, ' for group in groups)}= found.groups()\n" if groups else "")
        + " self = new(cls)\n"
        + " values = self.__dict__\n"
        + " try:\n"
        + ("".join(steps) or "  pass\n")
        + " except (KeyError, ValueError): return walk(text)\n"
        + " return self, found.end()\n"
    )
    take: Callable[[str], tuple[M, int]] = _made(source, "take", scope)
    return take


def _left_to_walk(cls: type[M], name: str) -> set[str]:
    """Values of the field *name* by which a later field is of another kind: such a message is left to the walk."""
    later = [kind for kind in cls.FIELDS.values() if isinstance(kind, Cases) and name in kind.names]
    return {str(value) for kind in later for value, _ in kind.cases}


def _bounded(kind: Kind, widths: Widths) -> str | None:
    """An expression with one atomic group for the field's value, or None when only the walk can read it."""
    if isinstance(kind, Plain):
        return f"((?>{kind.pattern(widths)}))"
    if isinstance(kind, Key) and not kind.followed:
        return f"((?>{key_pattern(width_of(kind.untagged, widths))}))"
    if isinstance(kind, Until) and isinstance(kind.inner, Plain):
        return f"((?>{kind.inner.pattern(widths)})){re.escape(kind.delimiter)}"
    if isinstance(kind, Cases):
        return _bounded(kind.otherwise, widths)
    if isinstance(kind, BlockUnder):
        # Key blocks are left to the walk, so the key here is no AES key.
        return "([0-9A-F]{16})"
    if isinstance(kind, KeySpec):
        # The formats that hosts send most, each told by its count; the others are left to the walk.
        return "((?>\\x11.{17}|\\x02..|\\x03...|\\x09.{9}|\\x19.{25}))"
    if isinstance(kind, Rest):
        return f"([\\x00-\\xff]{{0,{kind.most}}})\\Z"
    return None


def _decoding(kind: Kind, group: str, scope: dict[str, Any]) -> str:
    """The Python expression that makes *group* the field's value."""
    inner = kind.inner if isinstance(kind, Until) else kind
    if isinstance(inner, Cases):
        return _decoding(inner.otherwise, group, scope)
    if isinstance(inner, Hex | BlockUnder):
        return f"unhex({group})"
    if isinstance(inner, Rest):
        return f"{group}.encode('latin-1')"
    if isinstance(inner, Binary):
        return f"{group}.encode('latin-1')"
    if isinstance(inner, Packed):
        return f"{group}.encode('latin-1').hex()" + ("" if inner.alphabet == "N" else ".upper()")
    if isinstance(inner, Plain) and type(inner).decode is not Plain.decode and (table := inner.table()) is not None:
        scope[f"t_{group}"] = table
        return f"t_{group}[{group}]"
    if isinstance(inner, Plain) and type(inner).decode is not Plain.decode:
        scope[f"d_{group}"] = inner.decode
        return f"d_{group}({group})"
    return group


def _compiled_text(cls: type[M], widths: Widths) -> Callable[[M], str] | None:
    """The straight-line writer of a message of plain fields, or None for any other."""
    parts = []
    scope: dict[str, Any] = {"unhex": bytes.fromhex}
    for i, (name, kind) in enumerate(cls.FIELDS.items()):
        value = f"values[{name!r}]"
        if isinstance(kind, Hex):
            parts.append(f"{value}.hex().upper()")
        elif isinstance(kind, Binary):
            parts.append(f"{value}.decode('latin-1')")
        elif isinstance(kind, Packed):
            parts.append(f"unhex({value}).decode('latin-1')")
        elif isinstance(kind, Plain) and type(kind).decode is not Plain.decode and (table := kind.table()) is not None:
            scope[f"t{i}"] = {v: k for k, v in table.items()}
            parts.append(f"t{i}[{value}]")
        elif isinstance(kind, Key | KeySpec) or (isinstance(kind, Plain) and type(kind).encode is Plain.encode):
            parts.append(value)
        else:
            return None
    if not parts:
        return lambda message: ""
    write: Callable[[M], str] = _made(
        f"def text(message):\n values = message.__dict__\n return {' + '.join(parts)}\n", "text", scope
    )
    return write


def _made(source: str, name: str, scope: dict[str, Any]) -> Any:
    exec(compile(source, f"<codec {name}>", "exec"), scope)  # noqa: S102  # our own text; field names are identifiers
    return scope[name]
