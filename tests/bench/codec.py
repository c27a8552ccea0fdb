"""What one ISO 8583 message costs, both ways, beside pyiso8583 in the same run.

    python tests/bench/codec.py [--check]

The figure of each is the least of several runs, since others share the machine.  With ``--check`` the exit code is 1 when
one is missed.
"""

from __future__ import annotations

import platform
import sys

import iso8583
from support.messages import as_pyiso8583, as_text

from switch.bench.codeccost import WITHDRAWAL, microseconds
from switch.bench.figures import CODEC_US_MAX
from switch.codec.codec import codec
from switch.codec.specfile import load

RATIO_LEAST = 2.5
DIALECTS = ("banknet", "bcd", "nibss", "base1")


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
        f"a 0200 of 22 elements, us (at most {CODEC_US_MAX:g}, {RATIO_LEAST:g} times faster at least)"
    )
    missed = False
    for name in DIALECTS:
        size, figures = measured(name)
        for way in ("decode", "encode"):
            mine, theirs = figures[way], figures[f"pyiso8583 {way}"]
            missed |= mine > CODEC_US_MAX or theirs / mine < RATIO_LEAST
            print(f"{name} ({size} bytes) {way}: {mine:.2f}, pyiso8583 {theirs:.1f}: {theirs / mine:.1f} times faster")
    return int("--check" in sys.argv and missed)


if __name__ == "__main__":
    sys.exit(main())
