"""What the codec costs for a withdrawal of 22 elements."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping

from switch.codec.codec import codec
from switch.codec.message import Message

CALLS, RUNS = 500, 40
WITHDRAWAL = Message(
    "0200",
    {
        2: "9704110000000003", 3: "010000", 4: 10_000_000, 7: "0607091818", 11: "011583", 12: "111818", 13: "0607",
        15: "0607", 18: "6011", 19: "704", 22: "021", 25: "00", 32: "970405",
        35: "9704110000000003=19042210000021608000", 37: "000000003347", 41: "A1247005", 42: "000000000000001",
        43: "BANK BRANCH            HA NOI         VN", 49: "704", 52: bytes(range(8)), 102: "00012345678",
        128: bytes(8),
    },
)  # fmt: skip


def microseconds(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The least time of one call of each, all measured by turns, since others share the machine."""
    turns = [{name: timeit.timeit(call, number=CALLS) for name, call in calls.items()} for _ in range(RUNS)]
    return {name: min(turn[name] for turn in turns) / CALLS * 1e6 for name in calls}


def codec_microseconds(dialect: str = "banknet") -> dict[str, float]:
    """To decode and to encode it, in microseconds."""
    speaking = codec(dialect)
    wire = speaking.encode(WITHDRAWAL)
    return microseconds({"decode": lambda: speaking.decode(wire), "encode": lambda: speaking.encode(WITHDRAWAL)})
