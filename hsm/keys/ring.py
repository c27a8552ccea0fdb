"""From a key as it stands in a message to the key itself, through a bounded cache.

Opening a key costs some 10 to 40 microseconds, the rest of a PIN translation about 5, and hosts use the same few keys
all day.  So each LMK has a cache of the keys it opened, least recently used out first.  The cache holds clear keys; it
is emptied by ``clear`` on any change of LMK, setting or state, and a rule turns it off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import masquerades
from hsm.keys.blocklmk import KeyBlockLmk
from hsm.keys.lmk import ParityWrong
from hsm.keys.masters import Lmk
from hsm.keys.scheme import BLOCK_HEADER_CHARS
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KeyType, Usage, wanted
from hsm.refusal import (
    DestinationKeyParity,
    KeyBlockHeaderInvalid,
    KeyBlockLengthInvalid,
    KeyBlockLmkIdsIncompatible,
    KeyLengthInvalid,
    KeyMasquerades,
    LmkInvalid,
    Refusal,
    SourceKeyParity,
)

Ask = Usage | KeyType | None
_Open = Callable[[str, Ask], ClearKey]


@dataclass(frozen=True)
class Rules:
    """What the security settings say of keys.

    *separate_002*: terminal keys lie under pair 36-37; *forbid_single_des*: no single-length key is used;
    *forbid_masquerade*: nor a longer one with equal parts; *cache*: opened keys are kept.
    """

    separate_002: bool = False
    forbid_single_des: bool = False
    forbid_masquerade: bool = False
    cache: bool = True

    def allow(self, key: ClearKey) -> None:
        """Nothing, if *key* may be used; these rules hold for keys imported, generated and formed as well.

        Raises KeyLengthInvalid (KeyBlockLengthInvalid for a key from a block) or KeyMasquerades.
        """
        if key.algorithm is Algorithm.DES and self.forbid_single_des:
            raise KeyLengthInvalid if key.attributes is None else KeyBlockLengthInvalid
        if key.algorithm is Algorithm.TDES and self.forbid_masquerade and masquerades(key.reveal()):
            raise KeyMasquerades


class _Openers(dict[str | None, _Open]):
    """By LMK identifier; an identifier that is not there is refused."""

    def __missing__(self, lmk_id: str | None) -> _Open:
        raise LmkInvalid


class KeyRing:
    """All keys that the loaded LMKs open.

    *lmks* are by identifier (2 digits); *default_id* is the LMK when neither message nor token names one.
    """

    def __init__(
        self,
        lmks: Mapping[str, Lmk],
        rules: Rules = Rules(),
        *,
        default_id: str = "00",
        cached_keys_max: int = 4096,
    ) -> None:
        """*cached_keys_max* bounds each LMK's cache, and that of requests which name no LMK.

        Raises ValueError when an LMK stands under another identifier than it writes into its blocks.
        """
        if any(lmk.lmk_id != lmk_id for lmk_id, lmk in lmks.items()):
            raise ValueError("an LMK under another's identifier")
        self.lmks = dict(lmks)
        self.rules = rules
        self.default_id = default_id
        self._caches: list[Callable[[], None]] = []
        self._openers = _Openers()
        for lmk_id in (None, *self.lmks):
            opener: _Open = partial(self._open, lmk_id)
            if rules.cache:
                kept = lru_cache(maxsize=cached_keys_max)(opener)
                self._caches.append(kept.cache_clear)
                opener = kept
            self._openers[lmk_id] = opener

    def key(self, token: str, usage: Usage, lmk_id: str | None = None) -> ClearKey:
        """The source key of a command; *lmk_id* None when the request names no LMK.

        Raises SourceKeyParity, LmkInvalid, KeyBlockLmkIdsIncompatible, the length rules' refusals, and what the LMK's
        ``unwrap`` raises.
        """
        try:
            return self._openers[lmk_id](token, usage)
        except ParityWrong:
            raise SourceKeyParity from None

    def destination(self, token: str, usage: Usage, lmk_id: str | None = None) -> ClearKey:
        """The destination key of a command: as ``key``, but wrong parity raises DestinationKeyParity."""
        try:
            return self._openers[lmk_id](token, usage)
        except ParityWrong:
            raise DestinationKeyParity from None

    def opener(self, lmk_id: str | None) -> Callable[[str, Usage], ClearKey]:
        """What ``key`` and ``destination`` call for requests of that LMK; wrong parity raises ParityWrong."""
        return self._openers[lmk_id]

    def typed(
        self,
        token: str,
        key_type: KeyType | None,
        lmk_id: str | None = None,
        *,
        parity: type[Refusal] = SourceKeyParity,
    ) -> ClearKey:
        """A key whose type the message gives; None for code FFF, the type in the key block itself.

        Raises as ``key`` does; wrong parity raises *parity*.
        """
        try:
            return self._openers[lmk_id](token, key_type)
        except ParityWrong:
            raise parity from None

    def lmk(self, lmk_id: str | None) -> Lmk:
        """The LMK of that identifier, the default one for None; raises LmkInvalid."""
        try:
            return self.lmks[self.default_id if lmk_id is None else lmk_id]
        except KeyError:
            raise LmkInvalid from None

    def lmk_of(self, token: str, lmk_id: str | None = None) -> Lmk:
        """The LMK that *token* lies under: the one the request names, else the one in its header, else the default.

        Raises LmkInvalid, KeyBlockHeaderInvalid, and KeyBlockLmkIdsIncompatible when request and header disagree.
        """
        if token[:1] != "S":
            return self.lmk(lmk_id)
        named = token[BLOCK_HEADER_CHARS - 1 : BLOCK_HEADER_CHARS + 1]
        if len(named) != 2:
            raise KeyBlockHeaderInvalid
        if lmk_id is None:
            return self.lmk(named)
        under = self.lmk(lmk_id)
        # A variant LMK takes no block whatever its header says, and has its own refusal for that.
        if named != lmk_id and isinstance(under, KeyBlockLmk):
            raise KeyBlockLmkIdsIncompatible
        return under

    def clear(self) -> None:
        """Forget every opened key."""
        for forget in self._caches:
            forget()

    def _open(self, lmk_id: str | None, token: str, ask: Ask) -> ClearKey:
        key = self.lmk_of(token, lmk_id).unwrap(token, wanted(ask, self.rules.separate_002))
        self.allow(key)
        return key

    def allow(self, key: ClearKey) -> None:
        """Nothing, if the rules let *key* be used; raises as ``Rules.allow``."""
        self.rules.allow(key)
