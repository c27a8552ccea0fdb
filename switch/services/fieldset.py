"""Which elements a message of a service has: mandatory, conditional, optional, echoed; others are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from switch.codec.message import Message


def _entry(*modes: str) -> Callable[[Message], bool]:
    return lambda message: str(message.fields.get(22, ""))[:2] in modes


CONDITIONS: Mapping[str, Callable[[Message], bool]] = {
    "chip": _entry("05", "07"),
    "magnetic": _entry("02", "80", "90"),
    "keyed": _entry("01"),
    "approved": lambda message: message.fields.get(39) == "00",
}
"""When a conditional element is mandatory, from the message alone; DE 22 says how the card was read."""

MACS = frozenset({64, 128})
"""Any message may have a MAC: whether it must is the link's affair."""


@dataclass(frozen=True)
class FieldSet:
    """The elements of one direction.  *conditional*: element → condition; an echoed one is mandatory and as asked."""

    mandatory: frozenset[int]
    conditional: Mapping[int, str]
    optional: frozenset[int]
    echoed: frozenset[int]

    @cached_property
    def _always(self) -> frozenset[int]:
        return self.mandatory | self.echoed

    @cached_property
    def _known(self) -> frozenset[int]:
        return self._always | self.optional | self.conditional.keys() | MACS

    @property
    def allowed(self) -> frozenset[int]:
        """The elements that have a place in it."""
        return self._known

    def missing(self, message: Message) -> int | None:
        """The first element that *message* lacks."""
        present = message.fields.keys()
        due = [n for n, when in self.conditional.items() if n not in present and CONDITIONS[when](message)]
        return min((*(self._always - present), *due), default=None)

    def unexpected(self, message: Message) -> int | None:
        """The first element of *message* that has no place in it."""
        return min(message.fields.keys() - self._known, default=None)

    def changed(self, asked: Message, answer: Message) -> int | None:
        """The first element that *answer* should have as it was *asked*, and hasn't."""
        return min((n for n in self.echoed if answer.fields.get(n) != asked.fields.get(n)), default=None)

    def with_more(self, mandatory: frozenset[int], optional: frozenset[int]) -> FieldSet:
        """The same, and these as well."""
        return FieldSet(self.mandatory | mandatory, self.conditional, self.optional | optional, self.echoed)
