"""Options that the tools share."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def port_options(command: F) -> F:
    """How a host port is spoken to: ``dialect``; of a Thales port ``header_length``, ``ebcdic``, ``zmk_length`` and
    ``pin_length``."""
    for option in (
        click.option("--pin-length", type=click.IntRange(5, 13), default=5, help="characters of a PIN under the LMK"),
        click.option("--zmk-length", type=click.Choice(["single", "double"]), default="double"),
        click.option("--ebcdic", is_flag=True, help="the port speaks EBCDIC"),
        click.option("--header-length", type=click.IntRange(0, 255), default=4, show_default=True),
        click.option("--dialect", type=click.Choice(["thales", "eracom"]), default="thales", show_default=True),
    ):
        command = option(command)
    return command


def widths_of(zmk_length: str, pin_length: int) -> dict[str, int]:
    """The widths that a server with these settings has."""
    return {"ZMK length": 16 if zmk_length == "single" else 32, "encrypted PIN length": pin_length}


def tls_context(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """A context that verifies the server, by *ca* or the system's authorities, and shows *certificate* if given."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
