"""What personalisation asks of its HSMs, in the Eracom dialect: this module alone knows which function answers what.

A key of the bureau is a TR-31 block under the KM (key specifier format 17), so that it says how it may be used: what came
from an issuer only deciphers, or verifies, and nothing leaves the HSM again (EEF002, with EEF001 an extension of ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from hsm.client import eracom as e
from hsm.client.answers import Refused as HsmRefused
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool
from hsm.wire.counts import counted
from switch.perso.sealing import chains, contents, cut
from switch.perso.terms import Content, HeldKey, KeyName

A = TypeVar("A")
USUAL, CBC, ECB, STANDARD = "00", "01", "00", "00"
RETAIL_MAC = "00"
"""EE0701: ISO/IEC 9797-1 algorithm 3, filled with zeros (ANSI X9.19)."""
MAC_BYTES = 8
TYPED, STORED, BLOCK_FORMAT = "\x08", "\x03", "17"
KIS, KIR = "03", "04"
"""Types of zone master keys: to send keys under, and to receive them under."""
NOT_EXPORTABLE = b"N"
ISO_0 = "10"
RECEIVED_MODES = MappingProxyType({Content.DATA: b"D", Content.PINS: b"D", Content.KEYS: b"D", Content.MACS: b"V"})
"""How an issuer's key may be used, by what it is for (ANSI X9.143 clause 6.5)."""
OWN_MODES = MappingProxyType({Content.DATA: b"B", Content.PINS: b"B", Content.KEYS: b"B", Content.MACS: b"C"})
_ZERO = bytes(8)


class PersoHsm:
    """The HSMs of one part of the bureau.  Methods fail as HsmPool.ask does."""

    def __init__(self, pool: HsmPool) -> None:
        """Raises ValueError for a pool of another dialect."""
        if not isinstance(pool.wire, EracomWire):
            raise ValueError("personalisation asks HSMs in the Eracom dialect")
        self._pool = pool

    # --- values ---------------------------------------------------------------------------------------------------
    async def decipher(self, key: HeldKey, values: Sequence[bytes]) -> list[bytes | None]:
        """The contents of *values* (DATA: IV and cryptogram) under *key*; None for one that has no padding under it."""
        found: list[bytes | None] = []
        for chain in chains(values):
            found += await self._deciphered(key, chain)
        return found

    async def translate(self, source: HeldKey, destination: HeldKey, values: Sequence[bytes]) -> list[bytes]:
        """*values* (DATA or KEYS) under *destination* in place of *source*, moved inside the HSM."""
        found: list[bytes] = []
        for chain in chains(values):
            found += await self._moved(source, destination, chain)
        return found

    async def translate_pins(
        self, source: HeldKey, destination: HeldKey, blocks: Sequence[bytes], accounts: Sequence[str]
    ) -> list[bytes | HsmRefused]:
        """PIN *blocks* of format 0 under *destination*, or why one is refused; *accounts* are the 12 digits of each."""
        asked = [
            self._pool.ask(
                e.TranslatePin(
                    modifier=USUAL,
                    source_block=block,
                    source_key=_text(source),
                    source_format=ISO_0,
                    account=account,
                    destination_format=ISO_0,
                    destination_key=_text(destination),
                ),
                e.PinTranslated,
            )
            for block, account in zip(blocks, accounts, strict=True)
        ]
        outcomes = await outcomes_of(asked)
        return [each if isinstance(each, HsmRefused) else each.destination_block for each in outcomes]

    async def mac(self, key: HeldKey, digest: bytes) -> bytes:
        """The MAC, 8 bytes, of *digest*."""
        request = e.MakeMac(
            modifier=USUAL, method=RETAIL_MAC, mac_length=MAC_BYTES, running=_ZERO, key=_text(key), data=digest
        )
        return (await self._pool.ask(request, e.MacMade)).mac

    async def is_mac(self, key: HeldKey, digest: bytes, mac: bytes) -> bool:
        """Is *mac* that of *digest*?"""
        request = e.VerifyMac(modifier=USUAL, method=RETAIL_MAC, running=_ZERO, key=_text(key), mac=mac, data=digest)
        try:
            await self._pool.ask(request, e.Empty)
        except HsmRefused as refused:
            if refused.reason is not e.VerificationFailed:
                raise
            return False
        return True

    # --- keys -----------------------------------------------------------------------------------------------------
    async def new_key(self, name: str, content: Content) -> HeldKey:
        """A new key of double length, made in the HSM and bound to it."""
        return await self._bound(name, content, await self._made(content), OWN_MODES[content])

    async def sent_key(self, name: str, content: Content, kis: int) -> tuple[HeldKey, bytes]:
        """A new key, and its cryptogram under the KIS stored at index *kis*; from then on the key is bound to the HSM."""
        made = await self._made(content)
        request = e.ExportKey(modifier=USUAL, transport_key=_stored(kis), key_type=content.value, mode=ECB, key=made)
        sent = await self._pool.ask(request, e.KeyExported)
        return await self._bound(name, content, made, OWN_MODES[content]), sent.cryptogram

    async def received_key(self, name: str, content: Content, kir: int, cryptogram: bytes, check_value: str) -> HeldKey:
        """The issuer's key in *cryptogram* under the KIR stored at index *kir*, bound to be received with.

        Raises ValueError when its check value is not *check_value*.
        """
        imported = await self._pool.ask(
            e.ImportKey(
                modifier=USUAL, transport_key=_stored(kir), key_type=content.value, mode=ECB, cryptogram=cryptogram
            ),
            e.KeyImported,
        )
        found = imported.check_value.hex().upper()
        if found != check_value:
            raise ValueError(f"check value {found}, expected {check_value}")
        return await self._bound(name, content, imported.key, RECEIVED_MODES[content])

    async def stored_key(self, name: str, content: Content, index: int, check_value: str) -> HeldKey:
        """As ``received_key``, of a key that custodians stored from components, at *index*."""
        held = await self._bound(name, content, _stored(index), RECEIVED_MODES[content])
        if held.named.check_value != check_value:
            raise ValueError(f"check value {held.named.check_value}, expected {check_value}")
        return held

    async def check_value(self, key: HeldKey) -> str:
        """6 hexadecimal digits: does the HSM still open *key*, and is it the one that is meant?"""
        request = e.AskDetails(
            modifier=USUAL, key=_text(key), key_type=key.named.content.value, check_value_type=STANDARD
        )
        return (await self._pool.ask(request, e.Details)).check_value.hex().upper()

    async def transport_check_value(self, key_type: str, index: int) -> str:
        """6 hexadecimal digits: of the zone master key stored as KIR or KIS at *index*."""
        request = e.AskDetails(modifier=USUAL, key=_stored(index), key_type=key_type, check_value_type=STANDARD)
        return (await self._pool.ask(request, e.Details)).check_value.hex().upper()

    # --- inside ---------------------------------------------------------------------------------------------------
    async def _made(self, content: Content) -> str:
        request = e.GenerateKey(modifier=USUAL, key_format=BLOCK_FORMAT, detail=bytes.fromhex(content.value))
        return (await self._pool.ask(request, e.KeyGenerated)).key

    async def _bound(self, name: str, content: Content, specifier: str, mode: bytes) -> HeldKey:
        request = e.BindKey(
            modifier=USUAL, key=specifier, key_type=content.value, mode_of_use=mode, exportability=NOT_EXPORTABLE
        )
        bound = await self._pool.ask(request, e.KeyBound)
        return HeldKey(KeyName(name, content, bound.check_value.hex().upper()), bound.key.encode("latin-1"))

    def _deciphered(self, key: HeldKey, values: list[bytes]) -> Deferred[list[bytes | None]]:
        request = e.ApplyCipherOpen(modifier=USUAL, key=_text(key), mode=CBC, chaining=_ZERO, data=b"".join(values))
        asked = self._pool.ask(request, e.CipherAppliedOpen, code="EE0805")
        return asked.addCallback(lambda answer: contents(answer.data, values))

    def _moved(self, source: HeldKey, destination: HeldKey, values: list[bytes]) -> Deferred[list[bytes]]:
        request = e.TranslateBlocks(
            modifier=USUAL,
            source_key=_typed(source),
            source_mode=CBC,
            source_chaining=_ZERO,
            destination_key=_typed(destination),
            destination_mode=CBC,
            destination_chaining=_ZERO,
            data=b"".join(values),
        )
        return self._pool.ask(request, e.BlocksTranslated).addCallback(lambda answer: cut(answer.data, values))


async def outcomes_of(asked: Sequence[Deferred[A]]) -> list[A | HsmRefused]:
    """The answers to all that was *asked*, or refusals; fails, when all are done, as the first that failed otherwise."""
    found: list[A | HsmRefused] = []
    for _, outcome in await DeferredList([each.addErrback(_refusal) for each in asked], consumeErrors=True):
        if isinstance(outcome, Failure):
            outcome.raiseException()
        found.append(outcome)
    return found


def _refusal(failure: Failure) -> HsmRefused:
    failure.trap(HsmRefused)
    assert isinstance(failure.value, HsmRefused)
    return failure.value


def _text(key: HeldKey) -> str:
    return key.specifier.decode("latin-1")


def _stored(index: int) -> str:
    """The specifier of the key that the HSM keeps at *index*."""
    return counted(STORED + index.to_bytes(2, "big").decode("latin-1"))


def _typed(key: HeldKey) -> str:
    """The specifier of *key*, saying its type (key specifier format 08)."""
    return counted(TYPED + bytes.fromhex(key.named.content.value).decode("latin-1") + _text(key))
