"""The appliance: its state, and the narrow view of it that commands receive.

State is a set of frozen records that are replaced whole; every replacement raises ``version``, by which dispatchers know
that their tables are stale.  Whatever a command may touch goes through ``Hsm``: keys out of their wrappings, settings,
randomness, storage; no LMK bytes, no files, no sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from hsm.audit.load import LoadMeter
from hsm.audit.record import Audit, AuditUnwritable
from hsm.crypto.blockcipher import Cipher
from hsm.keys.domain import Domain, DomainRing
from hsm.keys.lmk import LmkUse, ParityWrong
from hsm.keys.masters import Lmk, padding_keys
from hsm.keys.ring import KeyRing, Rules
from hsm.keys.scheme import stored_at
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.strength import stronger_or_equal
from hsm.keys.usage import KeyType, Usage
from hsm.policy.auditing import AuditOptions
from hsm.policy.authority import Authority, Interface
from hsm.policy.fraud import FraudCounters, FraudDetection
from hsm.policy.gate import Gate
from hsm.policy.pinformats import PinFormats
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.ports import Clock, Network, NoNetwork, OffsetClock, Random
from hsm.refusal import (
    DestinationKeyParity,
    InputInvalid,
    InternalFault,
    KeyLengthInvalid,
    LmkInvalid,
    Refusal,
    SourceKeyParity,
    Tampered,
)
from hsm.state import Keeper, NoKeeper, State, TamperCause
from hsm.storage.printer import Printer, memory_printer
from hsm.storage.slots import Slots, UserStorage

DEFAULT_LMK = "00"


def without_lmks(state: State) -> State:
    """*state* with every LMK erased, the key change storage and the Domain Master Key with its keys too."""
    none: Mapping[str, Lmk] = {}
    return replace(state, lmks=none, old_lmks=none, new_lmks=none, domain=None)


def _with_variants(domain: Domain, settings: Settings) -> Domain:
    return replace(domain, km=domain.km.with_variants(dict(settings.km_variants)))


def no_requests(request: str) -> str:
    """For whoever executes no requests within requests."""
    raise InputInvalid


class Appliance:
    """Everything the box knows, and the ports it was given."""

    def __init__(
        self,
        *,
        state: State,
        slots: Slots,
        fraud: FraudCounters,
        audit: Audit,
        clock: Clock,
        random: Random,
        load: LoadMeter | None = None,
        network: Network | None = None,
        reboots: int = 0,
        keeper: Keeper | None = None,
        printer: Printer | None = None,
    ) -> None:
        self._slots = slots
        self.audit = audit
        self._time_of_day = clock if isinstance(clock, OffsetClock) else OffsetClock(clock)
        self.clock: Clock = self._time_of_day
        self.random = random
        self.printer = printer or memory_printer()
        self.load = load or LoadMeter()
        self.network: Network = network or NoNetwork()
        self.reboots = reboots
        self._fraud_counters = fraud
        self.version = 0
        self.fault = ""
        self._told: Callable[[], None] | None = None
        self._keeper: Keeper = keeper or NoKeeper()
        self._set(state)
        self.started = self.clock.now()
        audit.on_change(self._renewed)

    def _set(self, state: State) -> None:
        self.state = state
        self._time_of_day.offset_seconds = state.clock_offset_seconds
        settings = self.settings = state.settings
        disguise = settings.disguise_key_length
        self.lmks = MappingProxyType({lmk_id: padding_keys(lmk, disguise) for lmk_id, lmk in state.lmks.items()})
        self.old_lmks = MappingProxyType(dict(state.old_lmks))
        new_lmks = {lmk_id: padding_keys(lmk, disguise) for lmk_id, lmk in state.new_lmks.items()}
        self.authority = state.authority
        rules = Rules(
            separate_002=settings.enforce_key_type_002_separation,
            forbid_single_des=not settings.allow_single_des,
            forbid_masquerade=settings.prevent_single_des_masquerade,
            cache=settings.key_cache,
        )
        self.ring = KeyRing(self.lmks, rules, default_id=DEFAULT_LMK)
        self.old_ring = KeyRing(self.old_lmks, rules, default_id=DEFAULT_LMK)
        self.new_ring = KeyRing(new_lmks, rules, default_id=DEFAULT_LMK)
        self.domain = DomainRing(state.domain and _with_variants(state.domain, settings), rules)
        self.gate = Gate(settings, state.authority, self.clock, state.position)
        self.fraud = FraudDetection(settings, self._fraud_counters, self.clock)
        self.formats = PinFormats(settings)
        self.storage = UserStorage(self._slots, settings.user_storage_length)
        self.audit.take(state.audit_options)
        self._renewed()

    def _renewed(self) -> None:
        """Tables made for the state before are stale now, and other processes have to know."""
        self.version += 1
        if self._told is not None:
            self._told()

    def on_change(self, told: Callable[[], None]) -> None:
        """Have *told* called after each replacement of settings, LMKs or authority."""
        self._told = told

    def adopt(self, state: State) -> None:
        """Put *state* in force as another process of the same appliance, which keeps it, has it."""
        self._set(state)

    def _change(self, state: State) -> None:
        """Put *state* in force once it is kept.  Raises StorageError, and then nothing has changed."""
        self._keeper.keep(self.state, state)
        self._set(state)

    def change_settings(self, settings: Settings) -> None:
        """Put *settings* in force; those that endanger keys erase the LMKs, as the devices do.  Raises StorageError."""
        changed = replace(self.state, settings=settings)
        self._change(without_lmks(changed) if self.settings.erases_lmks(settings) else changed)

    def load_lmks(
        self, lmks: Mapping[str, Lmk], old_lmks: Mapping[str, Lmk], new_lmks: Mapping[str, Lmk] | None = None
    ) -> None:
        """Replace all LMKs and the key change storage; *new_lmks* None leaves those.  Raises StorageError, Tampered."""
        self._admit(bool(lmks or old_lmks or new_lmks))
        new_lmks = self.state.new_lmks if new_lmks is None else new_lmks
        self._change(replace(self.state, lmks=lmks, old_lmks=old_lmks, new_lmks=new_lmks))

    def load_domain(self, domain: Domain | None) -> None:
        """Replace the Domain Master Key and the keys stored under it.

        Raises StorageError, and Tampered when there is a tamper event that was not cleared.
        """
        self._admit(domain is not None)
        self._change(replace(self.state, domain=domain))

    def authorise(self, authority: Authority) -> None:
        """Replace what is authorised.  Raises StorageError, Tampered."""
        self._admit(bool(authority.grants))
        self._change(replace(self.state, authority=authority))

    def move(self, position: Position) -> None:
        """Turn the key switches to *position*.  Raises StorageError."""
        self._change(replace(self.state, position=position))

    def change_audit_options(self, options: AuditOptions) -> None:
        """Have the audit log enter what *options* say.  Raises StorageError."""
        self._change(replace(self.state, audit_options=options))

    def set_time(self, now: datetime) -> None:
        """Have it be *now*.  Entries keep their numbers, and nothing that runs out does so sooner.  Raises StorageError.

        The moment of the start moves along, so that the time since then stays what it was.
        """
        offset_seconds = self.state.clock_offset_seconds
        step_seconds = round((now - self._time_of_day.now()).total_seconds())
        self.started += timedelta(seconds=step_seconds)
        try:
            self._change(replace(self.state, clock_offset_seconds=offset_seconds + step_seconds))
        except BaseException:
            self.started -= timedelta(seconds=step_seconds)
            raise

    # --- when something is wrong ---------------------------------------------------------------------------------
    def tamper(self, cause: TamperCause) -> None:
        """Zeroise: every LMK, authority and printed page goes, and *cause* stays.

        Raises StorageError; the keys are gone even so.
        """
        before = self.state
        gone = replace(without_lmks(before), authority=Authority(), tampers_count=before.tampers_count + 1)
        self._set(replace(gone, tampered=cause.value, tampered_at=self.clock.now().isoformat(timespec="seconds")))
        with ExitStack() as all_of_it:  # each step is taken, whatever another raises
            all_of_it.callback(self.printer.zeroise)
            all_of_it.callback(self._tell, "TAMPER", place=cause.value)
            all_of_it.callback(self._keeper.keep, before, self.state)

    def clear_tamper(self) -> None:
        """Let LMKs be loaded again after a tamper event.  Raises StorageError."""
        self._change(replace(self.state, tampered="", tampered_at=""))

    def fail(self, fault: str) -> None:
        """A self-test found *fault*: from now until the process ends, nothing is executed."""
        self.fault = fault
        self._set(self.state)
        self._tell("SELFTEST", "41")

    def _tell(self, event: str, outcome: str = "00", place: str = "") -> None:
        with suppress(AuditUnwritable):  # it has happened all the same
            self.audit.event(event, outcome, place=place)

    def _admit(self, grants_or_lmks: bool) -> None:
        if grants_or_lmks and self.state.tampered:
            raise Tampered

    def view(
        self,
        lmk_id: str | None,
        execute: Callable[[str], str] = no_requests,
        header_chars: int = 0,
        interface: Interface = Interface.HOST,
    ) -> Hsm:
        """What a command may reach under the LMK that its request names, None for none named.

        Raises LmkInvalid, and InternalFault once a self-test has failed.

        *execute* answers requests within requests, *header_chars* is the length of a message header on this port, and
        *interface* is what authorisation is asked for.
        """
        if self.fault:
            raise InternalFault
        if lmk_id is not None and lmk_id not in self.lmks:
            raise LmkInvalid
        return Hsm(self, lmk_id, execute, header_chars, interface)


class Hsm:
    """The view of the appliance that a command function receives."""

    __slots__ = (
        "_named", "_open", "_ring", "appliance", "domain", "domain_key", "execute", "formats", "fraud", "header_chars",
        "interface", "lmk_id", "random", "settings",
    )  # fmt: skip

    def __init__(
        self,
        appliance: Appliance,
        named: str | None,
        execute: Callable[[str], str],
        header_chars: int,
        interface: Interface,
    ) -> None:
        self.appliance = appliance
        self.settings = appliance.settings
        self.random = appliance.random
        self.formats = appliance.formats
        self.fraud = appliance.fraud
        self.domain = appliance.domain
        self.domain_key = appliance.domain.key
        self.lmk_id = named or DEFAULT_LMK
        self.execute = execute
        self.header_chars = header_chars
        self.interface = interface
        self._named = named
        self._ring = appliance.ring
        self._open = appliance.ring.opener(named)

    # --- keys ----------------------------------------------------------------------------------------------------
    def key(self, token: str, usage: Usage) -> ClearKey:
        """The command's (first, or source) key.  Raises SourceKeyParity and the ring's other refusals."""
        if len(token) < 6:
            token = self.stored(token)
        try:
            return self._open(token, usage)
        except ParityWrong:
            raise SourceKeyParity from None

    def destination(self, token: str, usage: Usage) -> ClearKey:
        """The command's destination key: as ``key``, but wrong parity is DestinationKeyParity."""
        if len(token) < 6:
            token = self.stored(token)
        try:
            return self._open(token, usage)
        except ParityWrong:
            raise DestinationKeyParity from None

    def typed(self, token: str, key_type: KeyType | None, *, parity: type[Refusal] = SourceKeyParity) -> ClearKey:
        """A key whose type the message gives; None for FFF, the type that the key block itself names."""
        return self._ring.typed(self.stored(token), key_type, self._named, parity=parity)

    def old_key(self, token: str, key_type: KeyType | None) -> ClearKey:
        """A key under the LMK that keys come from: see ``changing_from``."""
        return self.changing_from(token).typed(token, key_type, self._named)

    def old_lmk_for(self, token: str) -> Lmk:
        """The LMK that keys come from which *token* lies under; as ``lmk_for``."""
        return self.changing_from(token).lmk_of(token, self._named)

    def changing_from(self, token: str = "") -> KeyRing:
        """What opens the keys that go to another LMK: the one in force, if key change storage holds a new one for it.

        Otherwise the old one in key change storage; it raises LmkInvalid when there is none.
        """
        appliance = self.appliance
        return appliance.ring if self.lmk_for(token).lmk_id in appliance.new_ring.lmks else appliance.old_ring

    def changing_to(self, token: str = "") -> Hsm:
        """The appliance as those keys find it: under the new LMK in key change storage, else under the one in force."""
        if self.lmk_for(token).lmk_id not in self.appliance.new_ring.lmks:
            return self
        changed = Hsm(self.appliance, self._named, self.execute, self.header_chars, self.interface)
        changed._ring = self.appliance.new_ring
        return changed

    def allow(self, key: ClearKey) -> None:
        """Nothing, if the settings let *key*, newly made or brought in, be used."""
        self._ring.allow(key)

    def lmk_for(self, token: str = "") -> Lmk:
        """The LMK that goes with *token*: the one the request names, else the one in the key block, else the default."""
        return self._ring.lmk_of(self.stored(token), self._named)

    def wrap(
        self,
        key: ClearKey,
        key_type: KeyType | None,
        scheme: str,
        attributes: BlockAttributes | None = None,
        beside: str = "",
    ) -> str:
        """*key* under the LMK as the text a host gets: see the LMK's ``wrap``.

        The LMK is the one that the request names, else that of the key *beside* it in the request.  Raises
        KeyLengthInvalid when the LMK is weaker than the key and that is not enabled.
        """
        lmk = self.lmk_for(beside)
        if not self.settings.weaker_lmk_allowed and not stronger_or_equal(lmk, key):
            raise KeyLengthInvalid
        return lmk.wrap(key, key_type, scheme, attributes, self.random.bytes)

    def lmk_cipher(self, use: LmkUse, beside: str = "") -> Cipher:
        """The LMK as a cipher for what is no key; *beside* as for ``wrap``."""
        return self.lmk_for(beside).cipher_for(use)

    def old_lmk_cipher(self, use: LmkUse) -> Cipher:
        """As ``lmk_cipher``, of the LMK that keys come from.  Raises LmkInvalid when there is none."""
        return self.changing_from().lmk(self.lmk_id).cipher_for(use)

    def stored(self, token: str) -> str:
        """*token* itself, or the key in user storage that it points to; a scheme letter before the index goes before it."""
        index = stored_at(token)
        if index is None:
            return token
        return self.appliance.storage.key(index, token[:-4])

    # --- policy --------------------------------------------------------------------------------------------------
    def authorise(self, activity: str, beside: str = "") -> None:
        """Nothing, if *activity* (``export.001``) is authorised here under this LMK; else NotAuthorised.

        The LMK is the one that the request names, else that of the key *beside*, else the default.
        """
        self.appliance.gate.authorise(activity, self.lmk_for(beside).lmk_id if beside else self.lmk_id, self.interface)

    def authorised(self, activity: str) -> bool:
        """As ``authorise``, for commands that merely answer more when authorised."""
        return self.appliance.gate.permits(activity, self.lmk_id, self.interface)
