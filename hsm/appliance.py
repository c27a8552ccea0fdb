"""The appliance: its state, and the narrow view of it that commands receive.

State is a set of frozen records that are replaced whole; every replacement raises ``version``, by which dispatchers know
that their tables are stale.  Whatever a command may touch goes through ``Hsm``: keys out of their wrappings, settings,
randomness, storage; no LMK bytes, no files, no sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hsm.audit.load import LoadMeter
from hsm.audit.record import Audit
from hsm.crypto.blockcipher import Cipher
from hsm.keys.lmk import LmkUse, ParityWrong
from hsm.keys.masters import Lmk, padding_keys
from hsm.keys.ring import KeyRing, Rules
from hsm.keys.scheme import stored_at
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.strength import stronger_or_equal
from hsm.keys.usage import KeyType, Usage
from hsm.policy.authority import Authority
from hsm.policy.fraud import FraudCounters, FraudDetection
from hsm.policy.gate import Gate
from hsm.policy.pinformats import PinFormats
from hsm.policy.settings import Settings
from hsm.ports import Clock, Network, NoNetwork, Random
from hsm.refusal import DestinationKeyParity, KeyLengthInvalid, LmkInvalid, Refusal, SourceKeyParity
from hsm.storage.slots import Slots, UserStorage

DEFAULT_LMK = "00"


class Appliance:
    """Everything the box knows, and the ports it was given."""

    def __init__(
        self,
        *,
        settings: Settings,
        lmks: Mapping[str, Lmk],
        old_lmks: Mapping[str, Lmk] = MappingProxyType({}),
        authority: Authority | None = None,
        slots: Slots,
        fraud: FraudCounters,
        audit: Audit,
        clock: Clock,
        random: Random,
        load: LoadMeter | None = None,
        network: Network | None = None,
        reboots: int = 0,
    ) -> None:
        self._slots = slots
        self.audit = audit
        self.clock = clock
        self.random = random
        self.load = load or LoadMeter()
        self.network: Network = network or NoNetwork()
        self.started = clock.now()
        self.reboots = reboots
        self._fraud_counters = fraud
        self.version = 0
        self._told: Callable[[], None] | None = None
        self._set(settings, lmks, old_lmks, authority or Authority())

    def _set(
        self, settings: Settings, lmks: Mapping[str, Lmk], old_lmks: Mapping[str, Lmk], authority: Authority
    ) -> None:
        self.version += 1
        self.settings = settings
        disguise = settings.disguise_key_length
        self.lmks = MappingProxyType({lmk_id: padding_keys(lmk, disguise) for lmk_id, lmk in lmks.items()})
        self.old_lmks = MappingProxyType(dict(old_lmks))
        self.authority = authority
        rules = Rules(
            separate_002=settings.enforce_key_type_002_separation,
            forbid_single_des=not settings.allow_single_des,
            forbid_masquerade=settings.prevent_single_des_masquerade,
            cache=settings.key_cache,
        )
        self.ring = KeyRing(self.lmks, rules, default_id=DEFAULT_LMK)
        self.old_ring = KeyRing(self.old_lmks, rules, default_id=DEFAULT_LMK)
        self.gate = Gate(settings, authority, self.clock)
        self.fraud = FraudDetection(settings, self._fraud_counters, self.clock)
        self.formats = PinFormats(settings)
        self.storage = UserStorage(self._slots, settings.user_storage_length)
        if self._told is not None:
            self._told()

    def on_change(self, told: Callable[[], None]) -> None:
        """Have *told* called after each replacement of settings, LMKs or authority."""
        self._told = told

    def replace(
        self, settings: Settings, lmks: Mapping[str, Lmk], old_lmks: Mapping[str, Lmk], authority: Authority
    ) -> None:
        """Put all of it in force at once, as another process of the same appliance has it."""
        self._set(settings, lmks, old_lmks, authority)

    def change_settings(self, settings: Settings) -> None:
        """Put *settings* in force; those that endanger keys erase the LMKs, as the devices do."""
        erased = self.settings.erases_lmks(settings)
        none: Mapping[str, Lmk] = {}
        self._set(settings, none if erased else self.lmks, none if erased else self.old_lmks, self.authority)

    def load_lmks(self, lmks: Mapping[str, Lmk], old_lmks: Mapping[str, Lmk]) -> None:
        """Replace all LMKs and the key change storage."""
        self._set(self.settings, lmks, old_lmks, self.authority)

    def authorise(self, authority: Authority) -> None:
        """Replace what is authorised."""
        self._set(self.settings, self.lmks, self.old_lmks, authority)

    def view(self, lmk_id: str | None, execute: Callable[[str], str], header_chars: int = 0) -> Hsm:
        """What a command may reach under the LMK that its request names, None for none named.  Raises LmkInvalid.

        *execute* answers requests within requests, and *header_chars* is the length of a message header on this port.
        """
        if lmk_id is not None and lmk_id not in self.lmks:
            raise LmkInvalid
        return Hsm(self, lmk_id, execute, header_chars)


class Hsm:
    """The view of the appliance that a command function receives."""

    __slots__ = (
        "_named", "_open", "_ring", "appliance", "execute", "formats", "fraud", "header_chars", "lmk_id", "random",
        "settings",
    )  # fmt: skip

    def __init__(
        self, appliance: Appliance, named: str | None, execute: Callable[[str], str], header_chars: int
    ) -> None:
        self.appliance = appliance
        self.settings = appliance.settings
        self.random = appliance.random
        self.formats = appliance.formats
        self.fraud = appliance.fraud
        self.lmk_id = named or DEFAULT_LMK
        self.execute = execute
        self.header_chars = header_chars
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
        """A key under the old LMK of the same identifier.  Raises LmkInvalid when there is none."""
        return self.appliance.old_ring.typed(self.stored(token), key_type, self._named)

    def old_lmk_for(self, token: str) -> Lmk:
        """The LMK in key change storage that *token* lies under; as ``lmk_for``."""
        return self.appliance.old_ring.lmk_of(token, self._named)

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
        """As ``lmk_cipher``, of the old LMK with the same identifier.  Raises LmkInvalid when there is none."""
        return self.appliance.old_ring.lmk(self.lmk_id).cipher_for(use)

    def stored(self, token: str) -> str:
        """*token* itself, or the key in user storage that it points to; a scheme letter before the index goes before it."""
        index = stored_at(token)
        if index is None:
            return token
        return self.appliance.storage.key(index, token[:-4])

    # --- policy --------------------------------------------------------------------------------------------------
    def authorise(self, activity: str, beside: str = "") -> None:
        """Nothing, if *activity* (``export.001``) is authorised for hosts under this LMK; else NotAuthorised.

        The LMK is the one that the request names, else that of the key *beside*, else the default.
        """
        self.appliance.gate.authorise(activity, self.lmk_for(beside).lmk_id if beside else self.lmk_id)

    def authorised(self, activity: str) -> bool:
        """As ``authorise``, for commands that merely answer more when authorised."""
        return self.appliance.gate.permits(activity, self.lmk_id)
