"""Makes the appliance that ``hsm serve`` was configured for, and carries its state between processes.

The owner of the state *founds* it from the configuration; a worker *adopts* an empty one and is then told the state, LMKs
included, over a private socket.  A change is either one write to user storage or the replacement of everything else, which
is small.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hsm.appliance import Appliance
from hsm.audit.file import FileAuditor
from hsm.audit.load import COUNTED_BANDS, LoadMeter
from hsm.audit.record import UNKNOWN_COMMAND, Audit, Auditor, MemoryAuditor, MemoryTally, Tally
from hsm.audit.relay import RelayAuditor, enter
from hsm.console.desk import Ceremonies, Desk
from hsm.console.families import load as load_console
from hsm.console.shell import Shell
from hsm.crypto.selftest import failures, self_test
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.dispatch import Dispatcher
from hsm.dialects.thales.families import load
from hsm.dialects.thales.session import ThalesSession
from hsm.policy.authority import ActivityError, Authority, parse_activities
from hsm.policy.fraud import ROW_CELLS, FraudCounters
from hsm.ports import OffsetClock, Random, SeededRandom, SystemClock, SystemRandom
from hsm.server.config import Config, ConfigError
from hsm.server.counters import Counters, SharedTally
from hsm.server.keeping import Keeping
from hsm.server.ports import Limits
from hsm.server.portsettings import host_port, with_stored
from hsm.server.shared_state import applied, slots_change, state_of, whole_state
from hsm.server.traffic import TRAFFIC_NAMES, HostTraffic
from hsm.state import State, TamperCause
from hsm.storage.cards import CardRack
from hsm.storage.database import Database, StorageError
from hsm.storage.device import count_start
from hsm.storage.hostports import DatabasePortSettings, HostPort, MemoryPortSettings, PortSettings
from hsm.storage.slots import MemorySlots, Slots

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from hsm.dialects.eracom.session import EracomSession
    from hsm.server.ports import Listener

STARTS = "starts"
ERACOM = "eracom"
PEER_CHARS_MAX = 64

load()
_OWN_CODES = {code for command in thales.commands.values() for code in command.refusals.values()}
counter_names = (
    *(f"fraud {cell}" for cell in range(ROW_CELLS)),
    *(f"command {code}" for code in (*thales.commands, UNKNOWN_COMMAND)),
    *(f"outcome {code}" for code in sorted({"00", *thales.refusals.values(), *_OWN_CODES})),
    *(f"load {band}" for band in COUNTED_BANDS),
    *TRAFFIC_NAMES,
    STARTS,
)
"""What processes count together; the fraud counters stand first, in their own layout."""

_NOT_OF_A_PEER = re.compile(r"[^0-9a-z_.:%\[\]-]")  # see hsm.audit.record


def names_counted(dialects: Collection[str]) -> tuple[str, ...]:
    """The names of what processes count when hosts are spoken to in *dialects*."""
    if ERACOM not in dialects:
        return counter_names
    from hsm.dialects.eracom.codes import eracom
    from hsm.dialects.eracom.families import load as load_functions

    load_functions()
    return (
        *counter_names,
        *(f"command {ERACOM} {code}" for code in (*eracom.commands, UNKNOWN_COMMAND)),
        *(f"outcome {ERACOM} {code}" for code in sorted(eracom.outcomes)),
    )


class ToldSlots:
    """Slots whose every write is told, once it is kept."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self.told: Callable[[bytes], None] | None = None

    def load(self, address: int) -> bytes | None:
        return self._slots.load(address)

    def stored(self) -> Mapping[int, bytes]:
        return self._slots.stored()

    def save(self, values: Mapping[int, bytes]) -> None:
        self._slots.save(values)
        if self.told is not None:
            self.told(slots_change(values))


class ApplianceHousehold:
    """One appliance behind any number of host ports; see ``hsm.server.ports.Household``."""

    def __init__(
        self,
        appliance: Appliance,
        slots: ToldSlots,
        auditor: FileAuditor | MemoryAuditor | RelayAuditor,
        traffic: HostTraffic,
        *,
        owns: bool,
        limits: Limits | None = None,
        database: Database | None = None,
        rack: CardRack | None = None,
        closing: Callable[[], None] | None = None,
        noticing: Callable[[], None] | None = None,
        settling: Callable[[], None] | None = None,
    ) -> None:
        self.traffic = traffic
        self._appliance = appliance
        self._auditor = auditor
        self._relay: Callable[[bytes], Deferred[None]] | None = None
        self._slots = slots
        self._owns = owns
        self._closing = closing
        self._noticing = noticing
        self._settling = settling
        self._dispatcher = Dispatcher(appliance)
        self._limits = limits or Limits()
        self._listening: tuple[Listener, ...] = ()
        self.port_settings: PortSettings = (
            MemoryPortSettings(self._running) if database is None else DatabasePortSettings(database, self._running)
        )
        self._eracom: Callable[[str], EracomSession] | None = None
        self._rack = rack
        self._ceremonies = Ceremonies()

    def session(self, listener: Listener, peer: str) -> ThalesSession | EracomSession:
        if listener.dialect == ERACOM:
            self._eracom = self._eracom or self._eracom_sessions()
            return self._eracom(peer)
        return ThalesSession(
            self._dispatcher,
            listener.header_bytes,
            listener.lmk_id,
            peer,
            ebcdic=listener.charset == "ebcdic",
            worker=not self._owns,
        )

    def _eracom_sessions(self) -> Callable[[str], EracomSession]:
        # Imported when a port speaks it: an appliance that speaks Thales alone starts without.
        from hsm.dialects.eracom.dispatch import Dispatcher as EracomDispatcher
        from hsm.dialects.eracom.session import EracomSession

        dispatcher, worker = EracomDispatcher(self._appliance), not self._owns
        return lambda peer: EracomSession(dispatcher, peer, worker=worker)

    def execute(self, listener: Listener, request: bytes, peer: str) -> bytes:
        return self.session(listener, peer).execute(request)

    def _running(self) -> tuple[HostPort, ...]:
        return tuple(host_port(each, self._limits) for each in self._listening)

    def console(self, line: str) -> Shell:
        assert self._rack is not None, "a worker has no console"
        # Imported when a console is opened: it lists what no port may speak.
        from hsm.server.known_commands import host_commands

        load_console()
        peer = _NOT_OF_A_PEER.sub("", line.lower().replace(" ", "."))[:PEER_CHARS_MAX]
        assert not isinstance(self._auditor, RelayAuditor)
        desk = Desk(
            self._appliance,
            self._rack,
            self._ceremonies,
            line,
            host_commands=host_commands(),
            ports=self.port_settings,
            logbook=self._auditor,
        )
        return Shell(desk, peer)

    def snapshot(self) -> bytes:
        return whole_state(self._appliance, self._slots.stored())

    def restore(self, snapshot: bytes) -> None:
        applied(snapshot, self._appliance, self._slots)

    def on_change(self, told: Callable[[bytes], None]) -> None:
        self._slots.told = told
        self._appliance.on_change(lambda: told(state_of(self._appliance)))

    def apply(self, change: bytes) -> None:
        applied(change, self._appliance, self._slots)

    def flush(self) -> Deferred[None] | None:
        """Write what the audit log has gathered, or in a worker send it to the owner."""
        self._appliance.audit.flush()
        if self._noticing is not None:
            self._noticing()
        if self._relay is not None and isinstance(self._auditor, RelayAuditor):
            taken = self._auditor.taken()
            return self._relay(taken) if taken else None
        return None

    def relay_audit(self, told: Callable[[bytes], Deferred[None]]) -> None:
        self._relay = told

    def relayed_audit(self, told: bytes) -> None:
        enter(self._auditor, told)
        self._appliance.audit.flush()
        if self._noticing is not None:
            self._noticing()

    def befell(self, event: str) -> None:
        self._appliance.audit.event(event)

    def listeners(self, configured: Sequence[Listener]) -> tuple[Listener, ...]:
        try:
            return with_stored(configured, self.port_settings.stored())
        except StorageError as fault:
            raise ConfigError("state directory", str(fault.path), fault.reason) from None

    def listening(self, listeners: Sequence[Listener]) -> None:
        self._listening = tuple(listeners)

    def tamper(self) -> None:
        """Zeroise the appliance, as its environment asks by a signal.  Raises StorageError; the keys are gone even so."""
        try:
            self._appliance.tamper(TamperCause.SIGNAL)
        finally:
            self.flush()

    def settle(self) -> None:
        if self._settling is not None:
            self._settling()
        self._appliance.audit.flush()

    def close(self) -> None:
        if self._owns:
            self.befell("STOP")
        try:
            self._appliance.audit.flush()
        finally:
            if self._closing is not None:
                self._closing()


def found(config: Config, counters: Counters) -> ApplianceHousehold:
    """The household that owns the state.

    Raises ConfigError for what *config* asks and can't be had, AuditFileError when the audit log is not whole.
    """
    keeping = Keeping(config)
    try:
        household = _founded(config, counters, keeping)
        household.befell("START")
        household.flush()
        return household
    except BaseException as fault:
        keeping.close()
        if isinstance(fault, StorageError):
            raise ConfigError("--state-dir", str(config.state_dir), str(fault)) from None
        raise


def _founded(config: Config, counters: Counters, keeping: Keeping) -> ApplianceHousehold:
    state, rested = keeping.state(config)
    clock = OffsetClock(SystemClock())
    auditor, reboots = _audited(config, keeping, clock)
    slots, traffic = ToldSlots(keeping.slots), HostTraffic(counters)
    random = SystemRandom() if config.seed is None else SeededRandom(config.seed, "owner")
    fraud = _fraud_counters(counters)
    keeping.resume_fraud(fraud)
    appliance = _appliance(state, slots, auditor, clock, counters, traffic, random, reboots, keeping, fraud)
    if rested:
        for told in keeping.type_over(appliance, config):
            print(f"WARNING: {told}", file=sys.stderr, flush=True)
    keeping.tell_restore(appliance)
    appliance.adopt(_for_this_start(config, appliance.state, appliance.clock.monotonic()))

    def close_files() -> None:
        keeping.notice()
        try:
            if isinstance(auditor, FileAuditor):
                auditor.close()
        finally:
            keeping.close()

    watched = keeping.database is not None
    return ApplianceHousehold(
        appliance,
        slots,
        auditor,
        traffic,
        owns=True,
        limits=config.limits,
        database=keeping.database,
        rack=keeping.rack,
        closing=close_files,
        noticing=keeping.notice if watched else None,
        settling=keeping.settle if watched else None,
    )


def _audited(config: Config, keeping: Keeping, clock: OffsetClock) -> tuple[FileAuditor | MemoryAuditor, int]:
    """The auditor, and how many starts came before this one."""
    if config.state_dir is None or keeping.database is None:
        return MemoryAuditor(clock=clock), 0
    try:
        return FileAuditor(Path(config.state_dir), clock, keeping.vault), count_start(keeping.database)
    except StorageError as fault:
        raise ConfigError("--state-dir", config.state_dir, str(fault)) from None


def _for_this_start(config: Config, state: State, now: float) -> State:
    """*state* with what is not kept: what is authorised on the command line."""
    if ERACOM in config.dialects and state.domain is None:
        print("WARNING: no Domain Master Key is loaded: --km, or LKM at the console", file=sys.stderr, flush=True)
    return replace(state, authority=_authority(config, state, now))


def adopt(counters: Counters, seed: int | None = None) -> ApplianceHousehold:
    """A worker's household, empty until ``restore``.

    A *seed* gives each worker random values of its own, and one that replaces another no values that its predecessor
    had: the counters, which outlive workers, say how many there were in this row.
    """
    slots = ToldSlots(MemorySlots())
    counters.add(STARTS)
    stream = f"worker {counters.row} start {counters.own(STARTS)}"
    random: Random = SystemRandom() if seed is None else SeededRandom(seed, stream)
    auditor, traffic, clock = RelayAuditor(), HostTraffic(counters), OffsetClock(SystemClock())
    appliance = _appliance(State(), slots, auditor, clock, counters, traffic, random)
    return ApplianceHousehold(appliance, slots, auditor, traffic, owns=False)


def _appliance(
    state: State,
    slots: Slots,
    auditor: Auditor,
    clock: OffsetClock,
    counters: Counters,
    traffic: HostTraffic,
    random: Random,
    reboots: int = 0,
    keeping: Keeping | None = None,
    fraud: FraudCounters | None = None,
) -> Appliance:
    shared = counters.rows > 1
    volumes: Tally = SharedTally(counters, "command ") if shared else MemoryTally()
    outcomes: Tally = SharedTally(counters, "outcome ") if shared else MemoryTally()
    # One row is the owner's, who executes no commands but those that workers owe.
    load_meter = LoadMeter(SharedTally(counters, "load "), counters.rows - 1 if shared else 1)
    appliance = Appliance(
        state=state,
        slots=slots,
        fraud=fraud or _fraud_counters(counters),
        audit=Audit(auditor, clock, volumes=volumes, outcomes=outcomes),
        clock=clock,
        random=random,
        load=load_meter,
        network=traffic,
        reboots=reboots,
        keeper=keeping.keeper if keeping is not None else None,
        printer=keeping.printer if keeping is not None else None,
    )
    # Not from *random*: a seed's values must be the same whatever is tested.
    if fault := failures(self_test(SystemRandom().bytes)):
        appliance.fail(fault)
        print(f"hsm serve: self-test failed: {fault}; nothing is executed", file=sys.stderr, flush=True)
    return appliance


def _fraud_counters(counters: Counters) -> FraudCounters:
    return FraudCounters(counters.cells, counters.rows, counters.row, len(counters.cells) // counters.rows)


def _authority(config: Config, state: State, now: float) -> Authority:
    authority = state.authority
    for text in () if state.tampered else config.authorise:
        try:
            activities = parse_activities(text)
            for lmk_id in state.lmks:
                limited = state.settings.authorisation_time_limit
                authority = authority.granting(activities, lmk_id, now, limited=limited)
        except ActivityError as fault:
            raise ConfigError("command line", "--authorise", str(fault)) from None
    return authority
