"""One audit of a whole order, out of the chains of all parts (protocol-spec/perso/transfer.md).

Whoever takes an order over writes into its own chain the hash of an entry in the chain of whoever handed it over.  That
hash comes in the order file, the XOF file and the prepared file under their MACs, and beside a file that travels.  So an
entry that was changed, taken out or put elsewhere before an order went on is no longer what the next part has noted.  The
return file has the hash of the last entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from switch.perso.chain import Chain, Entry

ENTRIES_MAX = 1_000_000
"""Of one order."""
BEGUN, CLOSED = "order begun", "order closed"
FOLLOWS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "announced": frozenset({"pushed"}),
        "pulled": frozenset({"announced", "received", "pulled", "re-enciphered"}),
        "import begun": frozenset({BEGUN, "import begun"}),
        "re-enciphered": frozenset({"import begun"}),
        "preparation begun": frozenset({"import begun"}),
        "production begun": frozenset({"preparation begun"}),
    }
)
"""Kinds of entries that name one of another part, and of what kinds that one may be."""
MADE = MappingProxyType(
    {
        "import begun": "order imported",
        "preparation begun": "order prepared",
        "production begun": "order produced",
    }
)
"""What a part that has an HSM does with an order, from what it begins with to what it ends with."""


class TrailBroken(Exception):
    """The order's audit is not whole; says at which part and entry, and why."""


@dataclass(frozen=True)
class Step:
    """An entry about the order in the chain of *part*."""

    part: str
    entry: Entry

    @property
    def place(self) -> str:
        return f"{self.part}: entry {self.entry.number} ({self.entry.what})"


def trail(issuer: str, order: str, chains: Mapping[str, Chain], closed: str) -> list[Step]:
    """The entries about the order, part by part from the issuer on.

    *chains* are those of all parts, by name; *closed* is the hash that the return file has.  Raises TrailBroken,
    ChainBroken for a part's chain that is not whole in itself, and OSError.
    """
    steps = [
        Step(part, each) for part, chain in chains.items() for each in chain.entries() if _about(each, issuer, order)
    ]
    if len(steps) > ENTRIES_MAX:
        raise TrailBroken(f"more than {ENTRIES_MAX} entries are about the order")
    by_hash = {step.entry.hash: step for step in steps}
    before = {step.entry.hash: _handed_over(step, by_hash) for step in steps if "before" in step.entry.told}
    end = by_hash.get(closed)
    if end is None or end.entry.what != CLOSED:
        raise TrailBroken(f"the return file ends with {closed}, and no part has such an entry of the order's end")
    spine = _spine(end, steps, before)
    _check_all_follow(steps, before, spine[0])
    return _in_order(steps, before, spine[0].part)


def _about(entry: Entry, issuer: str, order: str) -> bool:
    if str(entry.told.get("file", "")).rpartition(".")[0] == f"{issuer}-{order}":
        return True
    return entry.told.get("order") == order and entry.told.get("issuer") == issuer


def _handed_over(step: Step, by_hash: Mapping[str, Step]) -> Step:
    """The entry that *step* says it follows.  Raises TrailBroken."""
    head = str(step.entry.told["before"])
    found = by_hash.get(head)
    if found is None:
        told = "was changed or taken out, or that part's audit is missing"
        raise TrailBroken(f"{step.place}: the entry before it, {head}, {told}")
    if found.part == step.part or found.entry.what not in FOLLOWS.get(step.entry.what, ()):
        raise TrailBroken(f"{step.place}: can't follow {found.place}")
    digests = {each.entry.told.get("digest") for each in (step, found)} - {None}
    if step.entry.what in ("announced", "pulled") and len(digests) != 1:
        raise TrailBroken(f"{step.place}: is not of the file that {found.place} is of")
    return found


def _spine(end: Step, steps: Iterable[Step], before: Mapping[str, Step]) -> list[Step]:
    """What the MACs vouch for, from the issuer's entry to *end*.  Raises TrailBroken."""
    found, here = [end], end
    while here.entry.what != BEGUN:
        made = [
            each
            for each in steps
            if each.part == here.part and each.entry.what in MADE and each.entry.number <= here.entry.number
        ]
        if not made or made[-1].entry.hash not in before:
            raise TrailBroken(f"{here.part}: has no entry, up to {here.entry.number}, about what the order came with")
        begun = made[-1]
        if not _is_made(begun, steps):
            raise TrailBroken(f"{begun.place}: no entry says {MADE[begun.entry.what]!r} behind it")
        here = before[begun.entry.hash]
        if here in found:
            raise TrailBroken(f"{here.place}: comes before itself")
        found += [begun, here]
    return found[::-1]


def _is_made(begun: Step, steps: Iterable[Step]) -> bool:
    return any(
        each.part == begun.part and each.entry.what == MADE[begun.entry.what] and each.entry.number > begun.entry.number
        for each in steps
    )


def _check_all_follow(steps: Iterable[Step], before: Mapping[str, Step], start: Step) -> None:
    """Every part but the issuer says whom it has the order from.  Raises TrailBroken."""
    told = {start.part} | {step.part for step in steps if step.entry.hash in before}
    for step in steps:
        if step.part not in told:
            raise TrailBroken(f"{step.place}: this part says nowhere whom it has the order from")


def _in_order(steps: Iterable[Step], before: Mapping[str, Step], first: str) -> list[Step]:
    """Part by part, each behind those that it has the order from."""
    parts = [first]
    left = {step.part for step in steps} - {first}
    while left:
        ready = sorted(
            part
            for part in left
            if all(before[s.entry.hash].part in parts for s in steps if s.part == part and s.entry.hash in before)
        )
        if not ready:
            raise TrailBroken(f"{', '.join(sorted(left))}: each has the order from another of these")
        parts.append(ready[0])
        left.remove(ready[0])
    return [step for part in parts for step in steps if step.part == part]
