"""The issuer: approves each withdrawal whose PIN is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from switch.bench.cards import Card, by_pan
from switch.bench.places import Places, Shapes
from switch.codec.codec import Codec
from switch.codec.message import Message

REQUEST = b"0200"
ECHOED = (2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 49)
APPROVED, WRONG_PIN = b"00", b"55"
KEYS_MAX = 2
"""The switch may use the key before for what was under way when the new one came."""


@dataclass(frozen=True)
class _Recipe:
    """How the answer to one shape of request is put together: what leads it, what is copied, where the rest stands."""

    lead: bytes
    before: tuple[slice, ...]
    behind: tuple[slice, ...]
    pan: slice
    stan: slice
    block: slice


class Issuer:
    """Answers withdrawals; the approval code (DE 38) is the STAN, by which the acquirer sees whose answer it got."""

    def __init__(self, codec: Codec, owners: Sequence[Card]) -> None:
        self._codec, self._owners = codec, owners
        self._shapes = Shapes(codec)
        self._recipes: dict[int, _Recipe] = {}
        self._blocks: list[Mapping[bytes, bytes]] = []
        self.answers: Counter[str] = Counter()

    def key(self, key: bytes) -> None:
        """Expect PINs under *key*, or still under the one before."""
        self._blocks = [by_pan(key, self._owners), *self._blocks][:KEYS_MAX]

    @property
    def has_key(self) -> bool:
        """Can it verify anything?"""
        return bool(self._blocks)

    def answer(self, wire: bytes) -> bytes:
        """The frame that answers *wire*, a withdrawal.  Raises MessageError."""
        shape = self._shapes.of(wire)
        recipe = self._recipes.get(id(shape))
        if recipe is None:
            recipe = self._recipes[id(shape)] = self._recipe(wire, shape)
        block, pan = wire[recipe.block], wire[recipe.pan]
        right = any(compare_digest(known.get(pan, b""), block) for known in self._blocks)
        response = APPROVED if right else WRONG_PIN
        self.answers["approved" if right else "wrong PIN"] += 1
        pieces = [recipe.lead, *[wire[part] for part in recipe.before], wire[recipe.stan], response]
        return b"".join([*pieces, *[wire[part] for part in recipe.behind]])

    def _recipe(self, wire: bytes, shape: Places) -> _Recipe:
        asked = self._codec.decode(wire)
        codec = self._codec
        echoed = {number: asked.fields[number] for number in ECHOED if number in asked.fields}
        fields = {**echoed, 38: "000000", 39: "00"}
        said = Message("0210", dict(sorted(fields.items())))
        whole = codec.encode(said)
        framed = codec.spec.framing.frame(whole)
        begins = codec.opening(whole).begins
        parts = {number: slice(*shape.spans[number]) for number in echoed}
        return _Recipe(
            framed[: len(framed) - len(whole) + begins],
            _joined([part for number, part in parts.items() if number < 38]),
            _joined([part for number, part in parts.items() if number > 39]),
            shape.value(2, 16),
            shape.value(11, 6),
            shape.value(52, 16),
        )


def _joined(parts: Sequence[slice]) -> tuple[slice, ...]:
    """*parts* with those that touch made one."""
    found: list[slice] = []
    for part in parts:
        if found and found[-1].stop == part.start:
            found[-1] = slice(found[-1].start, part.stop)
        else:
            found.append(part)
    return tuple(found)
