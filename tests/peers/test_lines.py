"""The lines themselves: who is let in, and that all of them lead to one appliance."""

from __future__ import annotations

import ssl

import pytest
from support.lines import HEADER, SECONDS_MAX, Pki, line_to
from support.partner import Ask

from hsm.client.blocking import BlockingClient, ConnectionLost
from hsm.client.process import ApplianceProcess


def test_a_host_without_certificate_is_not_answered(appliance: ApplianceProcess, pki: Pki) -> None:
    # TLS 1.3 tells the client of its refusal only after the client's side of the handshake is over.
    with (
        pytest.raises((ssl.SSLError, ConnectionError, ConnectionLost)),
        BlockingClient(
            appliance.host, appliance.ports["tls"], tls=pki.client(certified=False), timeout_seconds=SECONDS_MAX
        ) as line,
    ):
        line.command("NC")


def test_what_one_line_stores_another_reads(ask: Ask, appliance: ApplianceProcess, pki: Pki) -> None:
    assert ask("LAK0FF010123456789ABCDEF") == "LB00"
    for transport in ("tcp", "udp", "tls"):
        with line_to(appliance, transport, pki) as line:
            assert line.command("LEK0FF01") == "LF000123456789ABCDEF"


def test_headers_and_trailers_come_back(ask: Ask) -> None:
    assert ask("NC\x19" + HEADER.decode()).endswith("\x19" + HEADER.decode())
