"""The tables ``[[hsm]]`` of a part of the bureau: Eracom host ports that share the work.

[[hsm]]
address = "127.0.0.1:1501"

[hsm.tls]                         # without this table the line is in the clear, PANs and CVVs on it
certificate = "pmp.pem"
key = "pmp.key"
authority = "bureau.pem"
peer-name = "hsm.bureau.example"  # a DNS name in the HSM's certificate
"""

from __future__ import annotations

from dataclasses import dataclass

from switch.link.config import TlsFiles, peer_tls
from switch.link.lines import Section

HSMS_MAX = 16
INDEX_MAX = 9_999


@dataclass(frozen=True)
class HsmAddress:
    """Where an HSM is, and what the line to it is secured with."""

    host: str
    port: int
    tls: TlsFiles | None = None


def read_hsms(section: Section) -> tuple[HsmAddress, ...]:
    """The tables ``[[hsm]]`` of *section*.  Raises ConfigError."""
    found = []
    for row in section.rows("hsm"):
        found.append(HsmAddress(*row.address("address", any_free=False), peer_tls(row)))
        row.end()
    if not 0 < len(found) <= HSMS_MAX:
        raise section.wrong("hsm", f"1 to {HSMS_MAX} [[hsm]] tables")
    return tuple(found)
