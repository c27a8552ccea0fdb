"""``hsm call``: one typed command to any server, ours or a device."""

from __future__ import annotations

import sys

import click

from hsm.client.blocking import BlockingClient, ConnectionLost
from hsm.client.codec import HostWire, ReplyError, Wire, command_of
from hsm.client.fieldtext import FieldError, message_from
from hsm.client.options import port_options, tls_context, widths_of
from hsm.client.shown import eracom_lines, exchange_lines


@click.command("call", short_help="Send one typed command and show both sides decoded.")
@click.argument("code")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=1500, show_default=True)
@click.option("--tls", is_flag=True, help="connect with TLS and verify the server")
@click.option("--tls-ca", type=click.Path(exists=True), help="authorities that may have issued its certificate")
@click.option("--tls-cert", type=click.Path(exists=True), help="our certificate")
@click.option("--tls-key", type=click.Path(exists=True), help="our private key")
@click.option("--lmk", metavar="NN", help="the LMK identifier to name in the request")
@click.option("--header", help="the header to send; zeros unless given")
@click.option("--trailer", default="", help="a trailer to send after X'19'")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="seconds")
@port_options
def command(
    code: str,
    fields: tuple[str, ...],
    host: str,
    port: int,
    tls: bool,
    tls_ca: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    lmk: str | None,
    header: str | None,
    trailer: str,
    timeout: float,
    dialect: str,
    header_length: int,
    ebcdic: bool,
    zmk_length: str,
    pin_length: int,
) -> None:
    """Send the command CODE with its fields and show request and reply: bytes, and fields with secrets masked.

    Fields are written NAME=VALUE, names as in the command's manual page with _ for blanks.  Exit status 0 when the
    answer is 00, 1 when it is another code, 2 when there is none.
    """
    widths = widths_of(zmk_length, pin_length)
    wire = _wire(dialect, Wire(header_length, ebcdic, tuple(widths.items())))

    def show(way: str, frame: bytes) -> None:
        thales = dialect == "thales"
        lines = exchange_lines(way, frame, header_length, ebcdic, widths) if thales else eracom_lines(way, frame)
        for line in lines:
            click.echo(line)

    try:
        request = message_from(command_of(code, dialect).asks, _pairs(fields), widths)
        context = tls_context(tls_ca, tls_cert, tls_key) if tls else None
        with BlockingClient(host, port, wire, tls=context, timeout_seconds=timeout, on_frame=show) as client:
            sent = header.encode("latin-1") if header is not None else None
            reply = client.call(code, request, lmk=lmk, header=sent, trailer=trailer)
    except (LookupError, FieldError, ValueError) as e:
        raise click.UsageError(str(e.args[0]) if e.args else type(e).__name__) from None
    except BrokenPipeError:
        sys.exit(2)  # nobody reads what we show
    except (OSError, ConnectionLost, ReplyError) as e:
        click.echo(f"no answer from {host}:{port}: {e or type(e).__name__}", err=True)
        sys.exit(2)
    sys.exit(0 if reply.succeeded else 1)


def _wire(dialect: str, thales: Wire) -> HostWire:
    """How a port of *dialect* is spoken to, which is as *thales* if that is the dialect."""
    if dialect == "thales":
        return thales
    # Imported by those who speak it.
    from hsm.client.eracomcodec import EracomWire

    return EracomWire()


def _pairs(fields: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in fields:
        name, sign, text = each.partition("=")
        if not sign or name in found:
            raise FieldError(f"fields are written NAME=VALUE, each once: {name[:40]}")
        found[name.replace("-", "_")] = text
    return found
