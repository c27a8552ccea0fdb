"""What the appliance tells of itself: loads, counts, LMKs, connections.  No key and no PIN comes near it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.masters import Lmk
from hsm.policy.settings import Settings

RANDOM_BYTES_MAX = 999
COMMENT_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class Measured:
    """The span of time that counts are for, in UTC; *seconds* is its length."""

    began: datetime
    now: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class LmkState:
    """A loaded LMK: who may do how much with it, and what it is."""

    lmk_id: str
    activities_count: int
    is_variant: bool
    algorithm: LmkAlgorithm
    is_test: bool
    comment: str


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A host's connection: both ports, its address in 4 bytes, and how many seconds it has stood."""

    local_port: int
    address: bytes
    remote_port: int
    seconds: int


class LmkAlgorithm(Enum):
    """The cipher of an LMK."""

    TDES_2KEY = "3DES, two keys"
    TDES_3KEY = "3DES, three keys"
    AES_256 = "AES-256"


class Compliance(Enum):
    """How the settings that PCI HSM compliance depends on are set."""

    TERMINAL_KEYS_MIXED = "key type 002 is not separated, whatever the others"
    FULL = "all of them as PCI HSM demands"
    OTHERWISE_LACKING = "key type 002 is separated, another is not as demanded"


def measured(hsm: Hsm) -> Measured:
    """From the start of the appliance until now."""
    began, now = hsm.appliance.started, hsm.appliance.clock.now()
    return Measured(began, now, max(0, int((now - began).total_seconds())))


def load_periods(hsm: Hsm) -> tuple[int, ...]:
    """How many seconds had a load of 0 to 10 per cent, of 10 to 20, and so on: see ``hsm.audit.load``."""
    return hsm.appliance.load.periods(measured(hsm).seconds)


def volumes(hsm: Hsm, commands: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How often each of *commands* was executed, refusals included; those that never were are left out."""
    total = hsm.appliance.audit.volumes.total
    return tuple((code, count) for code in commands if (count := total(code)))


def lmk_states(hsm: Hsm) -> tuple[LmkState, ...]:
    """Every loaded LMK, by identifier."""
    active = hsm.appliance.authority.active(hsm.appliance.clock.monotonic())
    counts = {lmk_id: sum(grant.lmk_id == lmk_id for grant in active) for lmk_id in hsm.appliance.lmks}
    return tuple(_state(lmk, counts[lmk_id]) for lmk_id, lmk in sorted(hsm.appliance.lmks.items()))


def _state(lmk: Lmk, activities_count: int) -> LmkState:
    tdes = LmkAlgorithm.TDES_2KEY if lmk.key_bytes == 16 else LmkAlgorithm.TDES_3KEY
    return LmkState(
        lmk.lmk_id,
        activities_count,
        is_variant=lmk.kind == "variant",
        algorithm=LmkAlgorithm.AES_256 if lmk.algorithm is Algorithm.AES else tdes,
        is_test=lmk.is_test,
        comment="".join(letter for letter in lmk.name if " " <= letter <= "~")[:COMMENT_CHARS_MAX],
    )


def compliance(settings: Settings) -> Compliance:
    """PCI HSM mode rests on two settings: key type 002 separation and restricted PIN block usage."""
    if not settings.enforce_key_type_002_separation:
        return Compliance.TERMINAL_KEYS_MIXED
    return Compliance.FULL if settings.restrict_pin_block_usage else Compliance.OTHERWISE_LACKING


def connections(hsm: Hsm, count_max: int) -> tuple[OpenConnection, ...]:
    """The oldest *count_max* connections of the host ports."""
    return tuple(
        OpenConnection(each.local_port, ipv4_of(each.peer), each.remote_port, each.seconds)
        for each in hsm.appliance.network.connections()[:count_max]
    )


def ipv4_of(peer: str) -> bytes:
    """The address *peer* in 4 bytes; an IPv6 address that carries none of IPv4 has no such form and gives zeros."""
    try:
        address = ip_address(peer)
    except ValueError:
        return bytes(4)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else address
    return mapped.packed if isinstance(mapped, IPv4Address) else bytes(4)


def cancel_authority(hsm: Hsm) -> None:
    """End all that is authorised under the LMK of the request, over whatever interface."""
    appliance = hsm.appliance
    appliance.authorise(appliance.authority.without(hsm.lmk_id))
