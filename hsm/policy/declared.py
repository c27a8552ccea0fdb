"""What a record of declared settings can do: be read from text, be listed, be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from hsm.policy.choices import Profile
from hsm.policy.declaration import Declaration, declared, declared_in
from hsm.policy.values import SettingError, Unreadable


@dataclass(frozen=True, slots=True)
class DeclaredSettings:
    """A record whose fields are declared with ``setting`` and ``switch``."""

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """The whole profile: everything set as *profile* has it."""
        return cls(**{found.attribute: found.value_in(profile) for found in declared_in(cls)})

    def changed(self, name: str, text: str) -> Self:
        """These settings with *name* set to what *text* means.  Raises SettingError for either."""
        found = declared(type(self), name)
        if found is None:
            raise SettingError(name[:80], "the name of a setting; `hsm settings` lists them")
        try:
            value = found.kind.parse(text, getattr(self, found.attribute))
        except Unreadable:
            raise SettingError(name, found.kind.expected) from None
        return replace(self, **{found.attribute: value})

    def text(self, name: str) -> str:
        """The value of *name* as ``changed`` reads it.  Raises SettingError when there is no such setting."""
        found = declared(type(self), name)
        if found is None:
            raise SettingError(name[:80], "the name of a setting; `hsm settings` lists them")
        return found.kind.format(getattr(self, found.attribute))

    def listing(self) -> Iterator[tuple[Declaration, str]]:
        """Every declaration with its value as text, in the order of the chapter."""
        for found in declared_in(type(self)):
            yield found, found.kind.format(getattr(self, found.attribute))

    def deviations(self, profile: Profile) -> Iterator[tuple[Declaration, str]]:
        """What is set otherwise than *profile* has it."""
        for found, text in self.listing():
            if getattr(self, found.attribute) != found.value_in(profile):
                yield found, text

    def erases_lmks(self, other: Self) -> bool:
        """Would going from these settings to *other* endanger keys, so that the LMKs must go?"""
        return any(
            found.erases and getattr(self, found.attribute) != getattr(other, found.attribute)
            for found in declared_in(type(self))
        )

    def switched_off(self) -> frozenset[str]:
        """Codes of host commands that a switch other than ``enabled-commands`` disables."""
        return frozenset(
            code
            for found in declared_in(type(self))
            if found.governs and not getattr(self, found.attribute)
            for code in found.governs
        )
