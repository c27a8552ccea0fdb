"""What the audit log enters one by one: sorts of commands, and refusals of any."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

REFUSALS = "refusals"


class Category(Enum):
    """What sort of command an entry is about; ``EVENT`` is no command but something that befell the device."""

    STATUS = "status"
    KEY = "key"
    PIN = "pin"
    CARD = "card"
    MAC = "mac"
    CIPHER = "cipher"
    STORAGE = "storage"
    CONSOLE = "console"
    DEVICE = "device"
    EVENT = "event"

    # Looked up at every command, so not hashed by name.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is entered one by one: commands of these categories, and refusals of any.  Events always are."""

    categories: frozenset[Category] = frozenset((Category.KEY, Category.STORAGE, Category.CONSOLE, Category.DEVICE))
    refusals: bool = True

    def __str__(self) -> str:
        """Words that ``parse`` reads.

        >>> str(AuditOptions())
        'console device key storage refusals'
        """
        return " ".join(sorted(each.value for each in self.categories) + [REFUSALS] * self.refusals)

    @classmethod
    def parse(cls, text: str) -> AuditOptions:
        """Read the names of categories and ``refusals``, in any order.  Raises ValueError, naming what is none.

        >>> AuditOptions.parse("pin refusals").refusals
        True
        """
        words = set(text.lower().split())
        named = {each.value: each for each in Category if each is not Category.EVENT}
        unknown = sorted(words - {*named, REFUSALS})
        if unknown:
            raise ValueError(f"{unknown[0][:20]!r} is none of {', '.join([*named, REFUSALS])}")
        return cls(frozenset(named[word] for word in words - {REFUSALS}), REFUSALS in words)
