"""``switch encode``: a message given as JSON, written in a network's dialect."""

from __future__ import annotations

from typing import TextIO

import click

from switch.codec.codec import codec
from switch.codec.framing import FrameError
from switch.codec.jsonform import DOCUMENT_CHARS_MAX, message_of
from switch.codec.message import MessageError
from switch.options import spec_option


@click.command("encode", short_help="Write a message, given as JSON, in a network's dialect.")
@click.argument("file", metavar="FILE.json", type=click.File(encoding="utf-8"))
@spec_option
@click.option("--framed", is_flag=True, help="put the frame's length before the message")
def command(file: TextIO, name: str, framed: bool) -> None:
    """Print the message of FILE.json (- for standard input) in the dialect NAME, as hexadecimal digits.

    The document is like {"mti": "0800", "fields": {"7": "0607091818", "11": "000001", "70": "001"}}: amounts are numbers,
    binary elements hexadecimal digits, an element with sub-fields is an object.
    """
    speaking = codec(name)
    try:
        wire = speaking.encode(message_of(file.read(DOCUMENT_CHARS_MAX + 1), speaking.spec))
        click.echo((speaking.spec.framing.frame(wire) if framed else wire).hex().upper())
    except (MessageError, FrameError) as error:
        raise click.ClickException(str(error)) from None
    except UnicodeDecodeError:
        raise click.ClickException("the file is not UTF-8 text") from None
