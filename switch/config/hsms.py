"""The HSMs that the switch asks, Thales dialect over TCP or TLS; without this table it has none, as a concentrator.

[hsm]
connections = 2                # to each appliance
outstanding-max = 32           # commands under way on each connection
waiting-max = 1024             # commands that wait for room; what comes above is refused
header-chars = 4               # of the appliances' message header
timeout = 5                    # seconds that a question may take in all
attempt-timeout = 2            # seconds that one appliance has for what may be asked again

[[hsm.site]]
name = "a"
address = "127.0.0.1:1500"
priority = 0                   # those of the lowest that serve share the load; others stand by

[hsm.site.tls]                 # without this table the line is in the clear; both sides show certificates
certificate = "switch.pem"
key = "switch.key"
authority = "hsms.pem"
peer-name = "hsm-a.example"    # a DNS name in the appliance's certificate
"""

from __future__ import annotations

from dataclasses import dataclass

from switch.link.config import TlsFiles, peer_tls
from switch.link.lines import Section
from switch.routing.binfile import NAME

SITES_MAX, CONNECTIONS_MOST, COUNT_MOST = 64, 64, 100_000
HEADER_CHARS_LEAST, HEADER_CHARS_MOST = 4, 99
"""Four digits number more commands than can be under way."""
TIMEOUT_SECONDS_MOST = 60.0


@dataclass(frozen=True)
class HsmSite:
    """One appliance."""

    name: str
    host: str
    port: int
    priority: int = 0
    tls: TlsFiles | None = None


@dataclass(frozen=True)
class HsmConfig:
    """The appliances, and the bounds of the pool of connections to them; times in seconds."""

    sites: tuple[HsmSite, ...]
    connections: int
    outstanding_max: int
    waiting_max: int
    header_chars: int
    timeout_seconds: float
    attempt_seconds: float


def read_hsm(section: Section) -> HsmConfig:
    """The table ``[hsm]``.  Raises ConfigError."""
    rows = section.rows("site")
    if not 0 < len(rows) <= SITES_MAX:
        raise section.wrong("site", f"1 to {SITES_MAX} [[hsm.site]] tables")
    sites: dict[str, HsmSite] = {}
    for row in rows:
        name = row.matching("name", None, NAME.pattern, "a name")
        if name in sites:
            raise row.wrong("name", "a name that no other appliance has")
        host, port = row.address("address", any_free=False)
        sites[name] = HsmSite(name, host, port, row.number("priority", 0, 0, SITES_MAX), peer_tls(row))
        row.end()
    timeout = section.seconds("timeout", 5.0, TIMEOUT_SECONDS_MOST)
    config = HsmConfig(
        tuple(sites.values()),
        section.number("connections", 2, 1, CONNECTIONS_MOST),
        section.number("outstanding-max", 32, 1, 1_000),
        section.number("waiting-max", 1024, 1, COUNT_MOST),
        section.number("header-chars", 4, HEADER_CHARS_LEAST, HEADER_CHARS_MOST),
        timeout,
        section.seconds("attempt-timeout", min(2.0, timeout), timeout),
    )
    section.end()
    return config
