"""The HSMs that the switch asks, over TCP or TLS; without this table it has none, as a concentrator.

Keys, wherever they stand in this file and those that it names, are as the HSMs have them. In the Thales dialect that is
what the HSM gave: a scheme letter and digits under the LMK, or a key block. In the Eracom dialect it is a key specifier,
led by its count, in hexadecimal: an index of the HSM's own table (`020001`), or a key under the KM as a function gave it
(`1111…`). There a zone master key is two, to send keys under and to receive them under, with a blank between (a KIS and a
KIR); or one index, of both; or a KI, said by format 08 (`050810020001`), which is changed by the type of each key. A PVK
of IBM offsets has the decimalisation table with it, so that `[issuer.offset]` has none; PVV keys are numbered 1 to 6; and
keys do not go out in TR-31 blocks. Appliances with another LMK or KM than the first that answered do not serve: NC tells
the LMK's check value, and EE0202 that of one configured key, the issuer's `pvk`, else a `zmk`, else a `tmk`.

[hsm]
dialect = "thales"             # or "eracom", whose keys are key specifiers
connections = 2                # to each appliance
outstanding-max = 32           # commands under way on each connection
waiting-max = 1024             # commands that wait for room; what comes above is refused
header-chars = 4               # of the appliances' message header; Thales only
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

from switch.hsmdialect import DIALECTS, THALES, HsmDialect
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

    dialect: HsmDialect
    sites: tuple[HsmSite, ...]
    connections: int
    outstanding_max: int
    waiting_max: int
    header_chars: int
    timeout_seconds: float
    attempt_seconds: float


def read_hsm(section: Section) -> HsmConfig:
    """The table ``[hsm]``.  Raises ConfigError."""
    dialect = DIALECTS[section.choice("dialect", THALES.name, tuple(DIALECTS))]
    if section.has("header-chars") and not dialect.has_headers:
        raise section.wrong("header-chars", "none: the Eracom dialect has no message header")
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
        dialect,
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
