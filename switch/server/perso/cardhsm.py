"""What data preparation and production of cards ask of HSMs, in the Eracom dialect; it alone knows which function answers.

Each method is one call of the HSM and gives an awaitable; they fail as HsmPool.ask does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from hsm.client import eracom as e
from hsm.client.answers import Refused
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool
from hsm.wire.counts import counted
from hsm.wire.message import Message
from switch.perso.card import scp02
from switch.perso.cardkeys import BureauKey, SigningKey

A = TypeVar("A", bound=Message)
B = TypeVar("B")

USUAL, ECB, CBC, STANDARD = "00", "00", "01", "00"
ISO_0, ISO_2 = "01", "12"
RETAIL, RETAIL_PADDED, TRIPLE_PADDED = "00", "10", "11"
"""EE0700 to EE0702: ISO 9797-1 algorithm 3 filled with zeros, or with 80 and zeros; triple DES in CBC with the latter."""
TRIPLE_DES, CHECK_VALUE = "00", "00"
KEY_FORMAT = "11"
TYPED, SESSION = "\x08", b"\x51"
METHOD = b"\x01"
NOT_EXPORTABLE = b"N"
IMK_TYPES = ("01", "02", "03")
"""EE204A: AC, SMI, SMC."""
MAC_BYTES = 8
_ZERO = bytes(8)


class CardHsm:
    """The HSMs of one part of the bureau."""

    def __init__(self, pool: HsmPool) -> None:
        """Raises ValueError for a pool of another dialect."""
        if not isinstance(pool.wire, EracomWire):
            raise ValueError("personalisation asks HSMs in the Eracom dialect")
        self._pool = pool

    def ask(self, request: Message, answers: type[A], code: str | None = None) -> Deferred[A]:
        """As HsmPool.ask."""
        return self._pool.ask(request, answers, code=code)

    async def together(self, asked: Sequence[Awaitable[B]]) -> list[B]:
        """The answers to all that was *asked*, which the HSM has under way at once; fails as the first that fails."""
        found = await DeferredList([_deferred(each) for each in asked], consumeErrors=True)
        for _, outcome in found:
            if isinstance(outcome, Failure):
                outcome.raiseException()
        return [outcome for _, outcome in found]

    # --- values of cards ------------------------------------------------------------------------------------------
    def cvv(self, key: BureauKey, pan: str, date: str, service_code: str) -> Deferred[str]:
        """3 digits; *date* is 4 digits in the order that the issuer uses."""
        text = f"{pan}{date}{service_code}".ljust(32, "0")
        made = self.ask(e.MakeCvv(modifier=USUAL, key=_text(key), text=text), e.CvvMade, "EE0802")
        return made.addCallback(lambda answer: answer.value)

    def new_pin(self, key: BureauKey, digits: int, account: str) -> Deferred[bytes]:
        """A random PIN of *digits* in a format 0 block, 8 bytes; *account* is 12 digits."""
        request = e.GeneratePin(modifier=USUAL, pin_length=digits, block_format=ISO_0, account=account, key=_text(key))
        return self.ask(request, e.PinEnciphered, "EE0E04").addCallback(lambda answer: answer.block)

    def pvv(self, pin: bytes, key: BureauKey, pvv_key: BureauKey, account: str, index: int) -> Deferred[str]:
        """4 digits, of the *pin* in a format 0 block."""
        request = e.MakePvv(
            modifier=USUAL,
            block=pin,
            key=_text(key),
            block_format=ISO_0,
            account=account,
            pvv_key=_text(pvv_key),
            security_parameter=f"{account[-11:]}{index}",
        )
        return self.ask(request, e.PvvMade, "EE0607").addCallback(lambda answer: answer.pvv)

    def offset(self, pin: bytes, key: BureauKey, pvk: BureauKey, account: str) -> Deferred[str]:
        """The IBM 3624 offset, as long as the PIN; validated are the 12 digits of the *account* and F behind them."""
        request = e.MakeOffset(
            modifier=USUAL,
            block=pin,
            key=_text(key),
            block_format=ISO_0,
            account=account,
            pvk=_text(pvk),
            validation_data=account.ljust(16, "F"),
        )
        made = self.ask(request, e.OffsetMade)
        return made.addCallback(lambda answer: answer.offset[: answer.pin_length])

    def pin_for_card(self, pin: bytes, key: BureauKey, ptk: BureauKey, account: str) -> Deferred[bytes]:
        """The PIN as the card will hold it, in a format 2 block, under the PTK."""
        request = e.TranslatePin(
            modifier=USUAL,
            source_block=pin,
            source_key=_text(key),
            source_format=ISO_0,
            account=account,
            destination_format=ISO_2,
            destination_key=typed(ptk),
        )
        return self.ask(request, e.PinTranslated).addCallback(lambda answer: answer.destination_block)

    def card_key(self, imk: BureauKey, which: int, block: str, ktk: BureauKey) -> Deferred[tuple[bytes, bytes]]:
        """A card's master key under the KTK, 16 bytes, and its check value, 3; *which* is 0 AC, 1 SMI, 2 SMC.

        *block* is the 16 digits Y that it is derived of.
        """
        request = e.DeriveCardKey(
            modifier=USUAL,
            key=_text(imk),
            key_type=IMK_TYPES[which],
            card=block,
            transport_key=_text(ktk),
            encryption_method=TRIPLE_DES,
            check_value_method=CHECK_VALUE,
        )
        made = self.ask(request, e.CardKeyDerived)
        return made.addCallback(lambda answer: (answer.cryptogram, answer.check_value))

    def signed(self, key: SigningKey, authentication_code: bytes, static_data: bytes) -> Deferred[bytes]:
        """The Signed Static Application Data."""
        request = e.SignCard(
            modifier=USUAL, private_key=key.block, authentication_code=authentication_code, data=static_data
        )
        return self.ask(request, e.CardSigned).addCallback(lambda answer: answer.signature)

    def mailed(self, pin: bytes, ptk: BureauKey, account: str, pan: str, lines: Sequence[str]) -> Deferred[e.Empty]:
        """The PIN, in a format 2 block under the PTK, printed below *lines*; *pan* is of up to 16 characters."""
        texts = tuple(e.Placed(line=at, column=0, text=line.encode("ascii")) for at, line in enumerate(lines))
        request = e.PrintPin(
            modifier=USUAL,
            block=pin,
            key=typed(ptk),
            block_format=ISO_2,
            account=account,
            pan=pan.ljust(16, "F"),
            count=len(texts),
            texts=texts,
        )
        return self.ask(request, e.Empty, "EE0E05")

    # --- data and MACs --------------------------------------------------------------------------------------------
    def enciphered(self, key: BureauKey, chain: bytes) -> Deferred[bytes]:
        """*chain*, whole blocks, in CBC from zero."""
        return self._ciphered(key, chain, "EE0804")

    def deciphered(self, key: BureauKey, chain: bytes) -> Deferred[bytes]:
        return self._ciphered(key, chain, "EE0805")

    def _ciphered(self, key: BureauKey, chain: bytes, code: str) -> Deferred[bytes]:
        request = e.ApplyCipherOpen(modifier=USUAL, key=_text(key), mode=CBC, chaining=_ZERO, data=chain)
        return self.ask(request, e.CipherAppliedOpen, code).addCallback(lambda answer: answer.data)

    def mac(self, key: BureauKey, digest: bytes) -> Deferred[bytes]:
        """The MAC, 8 bytes, of a *digest*."""
        return self._mac(_text(key), RETAIL, digest, _ZERO)

    async def is_mac(self, key: BureauKey, digest: bytes, mac: bytes) -> bool:
        """Is *mac* that of *digest*?"""
        return await self._verified(_text(key), RETAIL, digest, mac)

    # --- the card's secure channel --------------------------------------------------------------------------------
    def session_key(self, kmc: BureauKey, diversification: bytes, number: int, constant: bytes, counter: bytes) -> str:
        """The specifier (format 51) of a card's session key; see ``scp02`` for the parameters."""
        card = scp02.card_key_data(diversification, number)
        content = kmc.specifier + card + METHOD + scp02.session_data(constant, counter) + METHOD
        return counted((SESSION + content).decode("latin-1"))

    async def is_cryptogram(self, enc: str, text: bytes, given: bytes) -> bool:
        """Is *given* the SCP02 cryptogram of *text* under the session key *enc*, a specifier of ``session_key``?"""
        return await self._verified(enc, TRIPLE_PADDED, text, given)

    def cryptogram(self, enc: str, text: bytes) -> Deferred[bytes]:
        """The SCP02 cryptogram, 8 bytes, of *text*."""
        return self._mac(enc, TRIPLE_PADDED, text, _ZERO)

    def command_mac(self, mac_key: str, command: bytes, icv: bytes = _ZERO) -> Deferred[bytes]:
        """The C-MAC, 8 bytes, of a *command* as ``scp02.maced`` has it."""
        return self._mac(mac_key, RETAIL_PADDED, command, icv)

    def next_icv(self, mac_key: str, last_mac: bytes) -> Deferred[bytes]:
        """The ICV of the next C-MAC: the last one under single DES with the left half of the key.

        EE0700's running value, by ISO 9797-1 algorithm 3, is just that for one block.
        """
        request = e.UpdateMac(modifier=USUAL, method=RETAIL, running=_ZERO, key=mac_key, data=last_mac)
        return self.ask(request, e.MacUpdated).addCallback(lambda answer: answer.running)

    def for_card(self, source: BureauKey, dek: str, data: bytes) -> Deferred[bytes]:
        """*data* of whole blocks, in ECB, from the KTK or PTK *source* to the session key *dek*."""
        return self._translated(source, dek, ECB, ECB, data)

    def unchained(self, source: BureauKey, ktk: BureauKey, chain: bytes) -> Deferred[bytes]:
        """*chain*, whole blocks in CBC from zero, to ECB under the KTK, as keys of cards lie under it."""
        return self._translated(source, ktk, CBC, ECB, chain)

    def moved(self, source: BureauKey, destination: BureauKey, chain: bytes) -> Deferred[bytes]:
        """*chain*, whole blocks in CBC from zero, from one transport key to another of its kind."""
        return self._translated(source, destination, CBC, CBC, chain)

    def _translated(
        self, source: BureauKey, to: BureauKey | str, mode: str, to_mode: str, data: bytes
    ) -> Deferred[bytes]:
        request = e.TranslateBlocks(
            modifier=USUAL,
            source_key=typed(source),
            source_mode=mode,
            source_chaining=_ZERO,
            destination_key=to if isinstance(to, str) else typed(to),
            destination_mode=to_mode,
            destination_chaining=_ZERO,
            data=data,
        )
        return self.ask(request, e.BlocksTranslated).addCallback(lambda answer: answer.data)

    def _mac(self, key: str, method: str, data: bytes, running: bytes) -> Deferred[bytes]:
        request = e.MakeMac(modifier=USUAL, method=method, mac_length=MAC_BYTES, running=running, key=key, data=data)
        return self.ask(request, e.MacMade).addCallback(lambda answer: answer.mac)

    async def _verified(self, key: str, method: str, data: bytes, mac: bytes) -> bool:
        request = e.VerifyMac(modifier=USUAL, method=method, running=_ZERO, key=key, mac=mac, data=data)
        try:
            await self.ask(request, e.Empty, "EE0702")
        except Refused as refused:
            if refused.reason is not e.VerificationFailed:
                raise
            return False
        return True


def _deferred(asked: Awaitable[B]) -> Deferred[B]:
    if not isinstance(asked, Deferred):
        raise TypeError("only what this port was asked")
    return asked


def typed(key: BureauKey) -> str:
    """The specifier of *key*, saying its type (format 08)."""
    return counted(TYPED + bytes.fromhex(key.key_type).decode("latin-1") + _text(key))


def _text(key: BureauKey) -> str:
    return key.specifier.decode("latin-1")
