"""Appliances of one pool must be alike: the same local master key, and the same settings where they matter.

A probe is asked on each new connection and compared with what the pool has agreed on; the first appliance that answers
all probes decides, unless a probe says what it expects.  Any command whose answer depends on the key or the setting in
question is a probe: NC tells a Thales LMK's check value; no Eracom function tells the KM's, so there a translation under
known keys, EE0202 of a stored key for instance, can serve.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hsm.client.codec import Reply
from hsm.wire.message import Empty, Message


@dataclass(frozen=True)
class Probe:
    """A request whose answer's fields *same* must be the same everywhere, and as *expected* where that is given.

    Fields must hold no secret: complaints quote them.  *answers* is what the request is answered by; *lmk* names an LMK.
    """

    code: str
    request: Message
    same: tuple[str, ...]
    expected: tuple[str, ...] | None = None
    lmk: str | None = None


THALES_PROBES = (Probe("NC", Empty(), ("lmk_check_value",)),)
ERACOM_PROBES = (Probe("01", Empty(), ("software",)),)


def probes_of(dialect: str) -> tuple[Probe, ...]:
    """What every appliance of *dialect* is asked unless the pool is given other probes."""
    return THALES_PROBES if dialect == "thales" else ERACOM_PROBES


@dataclass
class Agreement:
    """What the appliances of a pool have in common; it grows as the first one answers, and then stays."""

    agreed: dict[Probe, tuple[str, ...]] = field(default_factory=dict)

    def complaint(self, probe: Probe, reply: Reply) -> str | None:
        """What is wrong with an appliance that answers *probe* so; None when nothing is."""
        name = probe.code + (f"%{probe.lmk}" if probe.lmk is not None else "")
        if reply.answer is None:
            return f"{name} was answered {reply.code}"
        told = tuple(str(getattr(reply.answer, field)) for field in probe.same)
        wanted = probe.expected if probe.expected is not None else self.agreed.get(probe)
        if wanted is not None and told != wanted:
            fields = ", ".join(probe.same)
            return f"{name} tells {fields} {', '.join(told)}; the pool has {', '.join(wanted)}"
        return None

    def settle(self, probe: Probe, reply: Reply) -> None:
        """An appliance that is admitted answered *probe* so: from now on all must."""
        assert reply.answer is not None
        self.agreed.setdefault(probe, tuple(str(getattr(reply.answer, field)) for field in probe.same))
