"""One process among several that share one PostgreSQL; all have the same links. Left out: the process is alone.

[cluster]
member = "a"                   # the name of this process, no other's; --member wins
lease-seconds = 3.0            # within this time of a process's death another has its links

[[link]]
share = "a"                    # links of one share are one process's: at first, the member's of that name; usual: "links"
parallel-to = "bank-i"         # another link to the same partner: prefixes name that one, and either is used
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from switch.link.config import LinkConfig
from switch.link.lines import Section
from switch.routing.binfile import NAME

ONE_SHARE = "links"
BEATS, PATIENT_BEATS = 6, 4
"""A process says six times in a lease that it lives; after four times without a word it is taken for dead.  One beat may
pass until the last word is seen, and one until the silence is: six in all."""


@dataclass(frozen=True)
class ClusterConfig:
    """The process *member*; *shares* are the links by share."""

    member: str
    lease_seconds: float
    shares: Mapping[str, tuple[str, ...]]

    @property
    def beat_seconds(self) -> float:
        """How often a process says that it lives, and looks who does."""
        return self.lease_seconds / BEATS

    @property
    def patience_seconds(self) -> float:
        """How long a lease that does not change is somebody's."""
        return self.beat_seconds * PATIENT_BEATS


def read_cluster(section: Section, shares: Mapping[str, tuple[str, ...]]) -> ClusterConfig:
    """Raises ConfigError."""
    config = ClusterConfig(
        section.matching("member", None, NAME.pattern, "a name"),
        section.seconds("lease-seconds", 3.0, 300.0),
        shares,
    )
    section.end()
    return config


def read_shares(rows: Sequence[Section], links: Sequence[LinkConfig]) -> Mapping[str, tuple[str, ...]]:
    """The links by share.  Raises ConfigError when two shares would take calls at one address."""
    shares: dict[str, tuple[str, ...]] = {}
    doors: dict[tuple[str, int], str] = {}
    for row, link in zip(rows, links, strict=True):
        share = row.matching("share", ONE_SHARE, NAME.pattern, "a name")
        shares[share] = (*shares.get(share, ()), link.name)
        if not link.profile.calls and link.port and doors.setdefault((link.host, link.port), share) != share:
            raise row.wrong("share", f"that of the other links which are called at {link.host}:{link.port}")
    return MappingProxyType(shares)


def read_parallel(rows: Sequence[Section], links: Sequence[LinkConfig]) -> Mapping[str, str]:
    """Each link that stands beside another → that one.  Raises ConfigError unless the two speak alike."""
    by_name = {link.name: link for link in links}
    found: dict[str, str] = {}
    for row, link in zip(rows, links, strict=True):
        if not row.has("parallel-to"):
            continue
        first = by_name.get(row.text("parallel-to", None, "the name of a link"))
        if first is None or first is link or first.spec != link.spec:
            raise row.wrong("parallel-to", "the name of another link, of the same spec")
        found[link.name] = first.name
    for row, link in zip(rows, links, strict=True):
        if found.get(link.name) in found:
            raise row.wrong("parallel-to", "a link that is not itself beside another")
    return MappingProxyType(found)
