"""What console commands may reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hsm.appliance import Appliance, Hsm
from hsm.audit.record import Logbook, MemoryAuditor
from hsm.policy.authority import Interface
from hsm.storage.cards import CardRack
from hsm.storage.hostports import MemoryPortSettings, PortSettings


class CeremonyElsewhere(Exception):
    """Another line is in the middle of a ceremony."""


class Ceremonies:
    """The one ceremony that may be in progress in an appliance."""

    def __init__(self) -> None:
        self._held_by: str | None = None

    @contextmanager
    def held(self, line: str) -> Iterator[None]:
        """Hold it for *line*.  Raises CeremonyElsewhere while another does."""
        if self._held_by is not None:
            raise CeremonyElsewhere(f"A ceremony is in progress on {self._held_by}; wait until it has ended.")
        self._held_by = line
        try:
            yield
        finally:
            self._held_by = None


@dataclass(frozen=True, slots=True)
class HostCommand:
    """A host command of some dialect: its *code*, its *purpose* in a line, and the name that it is *counted_as*."""

    code: str
    purpose: str
    counted_as: str


@dataclass
class Desk:
    """The appliance and its cards, as one operator's line has them.

    *line* names the line (``local``, ``telnet 127.0.0.1``, ``ssh alice``).  *present* are the holders whose cards were
    accepted in the command in progress, in order: the audit entry names them.  *host_commands* are those of
    all dialects; *ports* and *logbook* are what the host ports and the logs can be asked.
    """

    appliance: Appliance
    rack: CardRack
    ceremonies: Ceremonies
    line: str = "local"
    present: list[str] = field(default_factory=list)
    host_commands: tuple[HostCommand, ...] = ()
    ports: PortSettings = field(default_factory=MemoryPortSettings)
    logbook: Logbook = field(default_factory=MemoryAuditor)

    def hsm(self, lmk_id: str) -> Hsm:
        """The appliance under the LMK *lmk_id*, with what is authorised for the console.  Raises LmkInvalid."""
        return self.appliance.view(lmk_id, interface=Interface.CONSOLE)
