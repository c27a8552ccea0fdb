"""``hsm decode``: a captured frame explained field by field."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from hsm.client.explain import Explained, explain, explain_eracom
from hsm.client.options import port_options, widths_of
from hsm.client.shown import field_lines


@click.command("decode", short_help="Explain a captured frame field by field, masked.")
@click.argument("hexadecimal", metavar="HEX", nargs=-1, required=True)
@click.option("--reply", is_flag=True, help="the frame is a reply")
@click.option("--text", is_flag=True, help="the frame is given as text, not as hexadecimal")
@port_options
def command(
    hexadecimal: tuple[str, ...],
    reply: bool,
    text: bool,
    dialect: str,
    header_length: int,
    ebcdic: bool,
    zmk_length: str,
    pin_length: int,
) -> None:
    """Explain the frame HEX: with what leads it (a length of two bytes; SOH and five more in Eracom) or without.

    Secrets are masked.  Exit status 1 when the frame cannot be read whole; the field that is wrong is named.
    """
    try:
        given = " ".join(hexadecimal)
        frame = given.encode("latin-1") if text else bytes.fromhex(given.replace(":", " "))
    except ValueError:
        raise click.UsageError("HEX is hexadecimal digits in pairs") from None
    if dialect == "eracom":
        _show(explain_eracom(frame, reply=reply))
    if len(frame) > 2 and int.from_bytes(frame[:2], "big") == len(frame) - 2:
        frame = frame[2:]
    widths = widths_of(zmk_length, pin_length)
    _show(explain(frame, reply=reply, header_chars=header_length, ebcdic=ebcdic, widths=widths))


def _show(explained: Explained) -> NoReturn:
    if explained.purpose:
        click.echo(explained.purpose)
    for line in field_lines(explained):
        click.echo(line)
    sys.exit(1 if explained.wrong else 0)
