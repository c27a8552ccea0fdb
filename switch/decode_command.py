"""``switch decode``: a captured message explained element by element."""

from __future__ import annotations

import sys

import click

from switch.codec.codec import codec
from switch.codec.explain import explain
from switch.codec.framing import FrameError
from switch.options import spec_option


@click.command("decode", short_help="Explain an ISO 8583 message element by element, masked.")
@click.argument("hexadecimal", metavar="HEX", nargs=-1, required=True)
@spec_option
@click.option("--framed", is_flag=True, help="the frame's length stands before the message")
def command(hexadecimal: tuple[str, ...], name: str, framed: bool) -> None:
    """Explain the message HEX of the dialect NAME.

    PANs are masked; tracks, PIN blocks, keys, cryptograms and private elements are never shown.  Exit status 1 when the
    message is wrong; what could be read is shown, and the element that is wrong is named.
    """
    speaking = codec(name)
    framing = speaking.spec.framing
    try:
        wire = bytes.fromhex(" ".join(hexadecimal).replace(":", " "))
    except ValueError:
        raise click.UsageError("HEX is hexadecimal digits in pairs") from None
    if framed:
        try:
            length = framing.length(wire[: framing.prefix_bytes])
        except FrameError as error:
            raise click.UsageError(f"the frame's length ({framing.style}): {error}") from None
        wire = wire[framing.prefix_bytes :]
        if length != len(wire):
            raise click.UsageError(f"the frame's length says {length} bytes, there are {len(wire)}")
    explained = explain(speaking, wire)
    names_width = max((len(line.name) for line in explained.lines), default=0)
    for line in explained.lines:
        at = "" if line.offset is None else str(line.offset)
        click.echo(f"{at:>5}  {line.name:{names_width}}  {line.shown}{f'   ({line.meaning})' if line.meaning else ''}")
    if explained.wrong:
        click.echo(f"WRONG: {explained.wrong}")
    sys.exit(1 if explained.wrong else 0)
