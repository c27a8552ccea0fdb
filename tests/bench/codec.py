"""What one ISO 8583 message costs, both ways, beside pyiso8583 in the same run.

    python tests/bench/codec.py [--check]

The figure of each is the least of several runs, since others share the machine.  With ``--check`` the exit code is 1 when
one is missed.
"""

from __future__ import annotations

import platform
import sys
import timeit
from collections.abc import Callable

import iso8583
from support.messages import as_pyiso8583, as_text

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.codec.specfile import load

CALLS, RUNS = 500, 40
MICROSECONDS_MAX = 10.0
RATIO_LEAST = 2.5
DIALECTS = ("banknet", "bcd", "nibss", "base1")
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
"""A withdrawal of 22 elements."""


def microseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least time of one call of each, all measured by turns."""
    turns = [{name: timeit.timeit(call, number=CALLS) for name, call in calls.items()} for _ in range(RUNS)]
    return {name: min(turn[name] for turn in turns) / CALLS * 1e6 for name in calls}


def measured(name: str) -> tuple[int, dict[str, float]]:
    """Bytes of the message in the dialect, and what decoding and encoding cost here and there."""
    spec, speaking = load(name), codec(name)
    said = WITHDRAWAL.changed(fields={22: "0021"} if spec.elements[22].size == 4 else {})
    document = {"t": said.mti} | {str(n): as_text(spec.elements[n], said.mti, v) for n, v in said.fields.items()}
    table = as_pyiso8583(spec)
    wire = speaking.encode(said)
    body = wire[spec.header.bytes_count :]
    assert len(said.fields) == 22
    assert speaking.decode(wire).fields == said.fields
    assert bytes(iso8583.encode(document, table)[0]) == body
    return len(wire), microseconds(
        {
            "decode": lambda: speaking.decode(wire),
            "encode": lambda: speaking.encode(said),
            "pyiso8583 decode": lambda: iso8583.decode(body, table),
            "pyiso8583 encode": lambda: iso8583.encode(document, table),
        }
    )


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    print(
        f"{platform.machine()}, Python {platform.python_version()}; "
        f"a 0200 of 22 elements, us (at most {MICROSECONDS_MAX:g}, {RATIO_LEAST:g} times faster at least)"
    )
    missed = False
    for name in DIALECTS:
        size, figures = measured(name)
        for way in ("decode", "encode"):
            mine, theirs = figures[way], figures[f"pyiso8583 {way}"]
            missed |= mine > MICROSECONDS_MAX or theirs / mine < RATIO_LEAST
            print(f"{name} ({size} bytes) {way}: {mine:.2f}, pyiso8583 {theirs:.1f}: {theirs / mine:.1f} times faster")
    return int("--check" in sys.argv and missed)


if __name__ == "__main__":
    sys.exit(main())
