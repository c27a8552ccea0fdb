"""How a setting is declared: a dataclass field whose metadata is its Declaration."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from hsm.policy.choices import Profile
from hsm.policy.values import Kind, YesNo

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

V = TypeVar("V")
_KEY = "setting"


@dataclass(frozen=True)
class Declaration:
    """One setting: *name* as hosts, files and the console know it, *attribute* as programs do."""

    attribute: str
    kind: Kind[object]
    wording: str
    doc: str
    legacy: object
    hardened: object
    number: str
    erases: bool
    governs: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.attribute.replace("_", "-")

    def value_in(self, profile: Profile) -> object:
        return self.hardened if profile is Profile.HARDENED else self.legacy


def setting(
    kind: Kind[V],
    wording: str,
    doc: str,
    *,
    legacy: V,
    hardened: V,
    number: str = "",
    erases: bool = False,
    governs: tuple[str, ...] = (),
) -> V:
    """Declare a setting of any *kind*: a change of it *erases* LMKs or not; it *governs* the commands that need it."""
    known = {"kind": kind, "wording": wording, "doc": doc, "legacy": legacy, "hardened": hardened}
    declaration = known | {"number": number, "erases": erases, "governs": governs}
    # As with dataclasses.field itself: the checker sees the type of the value, the class gets a Field.
    made: V = field(default=legacy, metadata={_KEY: declaration})
    return made


def switch(
    wording: str,
    doc: str,
    *,
    legacy: bool = False,
    hardened: bool = False,
    number: str = "",
    erases: bool = False,
    governs: tuple[str, ...] = (),
) -> bool:
    """Declare a setting that is yes or no, no unless said otherwise."""
    kind = YesNo()
    return setting(kind, wording, doc, legacy=legacy, hardened=hardened, number=number, erases=erases, governs=governs)


@cache
def _by_name(record: type[DataclassInstance]) -> dict[str, Declaration]:
    found = (Declaration(attribute=f.name, **f.metadata[_KEY]) for f in fields(record))
    return {declaration.name: declaration for declaration in found}


def declared_in(record: type[DataclassInstance]) -> tuple[Declaration, ...]:
    """All declarations of *record*, in order."""
    return tuple(_by_name(record).values())


def declared(record: type[DataclassInstance], name: str) -> Declaration | None:
    """The setting called *name*, or None."""
    return _by_name(record).get(name)
