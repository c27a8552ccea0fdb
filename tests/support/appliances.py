"""An appliance in memory, spoken to in request texts without header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hsm.appliance import Appliance
from hsm.audit.record import Audit, Entry, Logbook, MemoryAuditor
from hsm.dialects.thales.dispatch import Dispatcher
from hsm.keys.masters import Lmk, published_lmk
from hsm.policy.authority import Authority, parse_activities
from hsm.policy.choices import Profile
from hsm.policy.fraud import FraudCounters
from hsm.policy.settings import Settings
from hsm.ports import Clock, OffsetClock, SeededRandom, SystemClock
from hsm.state import State
from hsm.storage.slots import MemorySlots


class Speaker:
    """Sends request texts to an appliance of its own."""

    def __init__(self, appliance: Appliance, auditor: MemoryAuditor) -> None:
        self.appliance = appliance
        self._auditor = auditor
        self.logbook: Logbook = auditor
        self.dispatcher = Dispatcher(appliance)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the audit log holds."""
        return self._auditor.entries

    def __call__(self, request: str, **how: str | bool | int) -> str:
        return self.dispatcher.execute(request, **how)  # type: ignore[arg-type]  # tests know what they pass


def loaded(names: Iterable[str]) -> dict[str, Lmk]:
    """``00=test-variant`` and the like as LMKs by identifier."""
    return {lmk_id: published_lmk(name, lmk_id) for lmk_id, _, name in (each.partition("=") for each in names)}


def make_speaker(
    settings: Mapping[str, str] | None = None,
    lmks: Iterable[str] = ("00=test-variant",),
    authorise: str = "all",
    old_lmks: Iterable[str] = (),
    profile: str = "legacy",
    clock: Clock | None = None,
) -> Speaker:
    values = Settings.of(Profile(profile))
    for name, text in (settings or {}).items():
        values = values.changed(name, text)
    clock, by_id = OffsetClock(clock or SystemClock()), loaded(lmks)
    authority = Authority()
    for lmk_id in by_id if authorise else ():
        authority = authority.granting(parse_activities(authorise), lmk_id, clock.monotonic(), limited=False)
    auditor = MemoryAuditor()
    return Speaker(
        Appliance(
            state=State(values, by_id, loaded(old_lmks), authority=authority),
            slots=MemorySlots(),
            fraud=FraudCounters(),
            audit=Audit(auditor, clock),
            clock=clock,
            random=SeededRandom(1, "tests"),
        ),
        auditor,
    )
