"""Message: a frozen class whose annotations are its wire layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar, dataclass_transform, get_type_hints

from hsm.refusal import Refusal
from hsm.wire.kinds import Either, Kind
from hsm.wire.shapes import BlockUnder, Cases, IfMore, KeySpec, Maybe, MaybeCounted, Repeated, ToEnd, Until, When


class WireError(Exception):
    """The bytes are not this message: *field* failed at *offset*.  Holds nothing of the message itself."""

    def __init__(self, field: str, offset: int, expected: str, wrong: type[Refusal] | None = None) -> None:
        super().__init__(f"{field} at byte {offset}: expected {expected}")
        self.field = field
        self.offset = offset
        self.expected = expected
        self.wrong = wrong


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Message:
    """Base of every message.  A subclass's annotations, ``Annotated[type, kind]``, become its fields in order."""

    FIELDS: ClassVar[Mapping[str, Kind]]

    def __init_subclass__(cls) -> None:
        # What a frozen dataclass would be, without the five functions that it compiles for every class at import.
        cls.__init__ = _first_init  # type: ignore[assignment]  # what dataclass_transform promises
        hints = get_type_hints(cls, include_extras=True)
        cls.FIELDS = {name: _kind(cls, name, hint) for name, hint in hints.items() if name != "FIELDS"}
        for name, kind in cls.FIELDS.items():
            for other in _depends_on(kind):
                if other not in cls.FIELDS:
                    raise TypeError(f"{cls.__name__}.{name} depends on {other}, which does not exist")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[name] for name in self.FIELDS)))

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(name)

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(name)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={show(kind, getattr(self, name))}" for name, kind in self.FIELDS.items())
        return f"{type(self).__name__}({shown})"


def _first_init(self: Message, **values: object) -> None:
    """Stands in for a class's ``__init__`` until its first instance: most programs make few of the messages there are."""
    cls = type(self)
    cls.__init__ = _initialiser(cls)  # type: ignore[method-assign]  # what dataclass_transform promises
    cls.__init__(self, **values)


def _initialiser(cls: type[Message]) -> Any:
    """``__init__`` by keywords, written out.

    A frozen dataclass's own sets each field through ``object.__setattr__``, at twice the cost.
    """
    scope: dict[str, Any] = {}
    parameters, body = [], []
    for name in cls.FIELDS:
        if hasattr(cls, name):
            scope[f"default_{name}"] = getattr(cls, name)
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f" values[{name!r}] = {name}")
    listed = f", *, {', '.join(parameters)}" if parameters else ""
    source = f"def __init__(self{listed}):\n values = self.__dict__\n" + "\n".join(body)
    exec(compile(source, f"<{cls.__name__}>", "exec"), scope)  # noqa: S102  # our own text; field names are identifiers
    return scope["__init__"]


class Empty(Message):
    """A message without fields."""


def show(kind: Kind, value: object) -> str:
    """*value* as text that may be logged: sensitive fields masked, nested messages by their own kinds."""
    if value is None:
        return "absent"
    if is_sensitive(kind):
        return "<masked>"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(kind, KeySpec):
        return str(value).encode("latin-1").hex().upper()
    return str(getattr(value, "value", value)) if not isinstance(value, str) else value


def is_sensitive(kind: Kind) -> bool:
    """Must the field's value never be shown?  A kind that holds another is as sensitive as what it holds."""
    if isinstance(kind, Maybe | IfMore | When | Until | Repeated | ToEnd):
        return is_sensitive(kind.inner)
    if isinstance(kind, Either):
        return any(is_sensitive(option) for option in kind.options)
    if isinstance(kind, Cases):
        return any(is_sensitive(inner) for _, inner in (*kind.cases, (None, kind.otherwise)))
    return kind.sensitive or bool(getattr(kind, "hidden", False))


def _depends_on(kind: Kind) -> tuple[str, ...]:
    """The fields that say how *kind* is read."""
    if isinstance(kind, When):
        return (kind.name,)
    if isinstance(kind, Cases):
        return kind.names
    if isinstance(kind, MaybeCounted):
        return (kind.length,)
    return (kind.key,) if isinstance(kind, BlockUnder) else ()


def _kind(cls: type, name: str, hint: Any) -> Kind:
    kinds = [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Kind)]
    if len(kinds) != 1:
        raise TypeError(f"{cls.__name__}.{name} needs exactly one kind, has {len(kinds)}")
    return kinds[0]
