"""Questions to HSMs become Thales commands through a pool; this module alone knows which command answers which question."""

from __future__ import annotations

from functools import singledispatch
from types import MappingProxyType
from typing import TypeAlias, TypeVar, cast

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from hsm.client import thales as t
from hsm.client.answers import Refused
from hsm.client.codec import Wire
from hsm.client.pool import HsmPool, NotSent, OutcomeUnknown
from hsm.wire.codec import codec_of
from hsm.wire.message import Message, WireError
from switch import asking as q

A = TypeVar("A")
M = TypeVar("M", bound=Message)

_Asked: TypeAlias = (
    Deferred[q.PinBlock]
    | Deferred[q.Verified]
    | Deferred[q.CardVerified]
    | Deferred[q.NewPvv]
    | Deferred[q.MacValue]
    | Deferred[q.MadeKey]
    | Deferred[q.ReceivedKey]
)

FORMATS = MappingProxyType({q.PinFormat.ISO_0: "01", q.PinFormat.DIEBOLD: "03", q.PinFormat.ISO_3: "47"})
EXPORT_SCHEMES = MappingProxyType({q.KeyForm.X9_17: "X", q.KeyForm.TR_31: "R"})
ZPK, ZAK, TAK, TPK, BY_BLOCK = "001", "008", "003", "002", "FFF"
ZONE_TYPES = MappingProxyType({q.Purpose.PIN: ZPK, q.Purpose.MAC: ZAK})
PIN_TYPES = MappingProxyType({q.Holder.TERMINAL: TPK, q.Holder.ZONE: ZPK})
MAC_TYPES = MappingProxyType({q.Holder.TERMINAL: TAK, q.Holder.ZONE: ZAK})
MAC_SIZES = MappingProxyType({4: "0", 8: "1"})
ZMK_FLAG, TMK_FLAG = ";0", ";1"
VERIFY_AND_RESPOND, MASTER_KEY, COMMON_SESSION = "1", "0", "2"
"""KQ and KW: the mode, and of each the scheme."""
UNUSED_NUMBER = bytes(4)
CARD_DIGITS = 16
PIN_DIGITS_MAX = 12
WHOLE, BINARY, RETAIL, ZEROS = "0", "0", "3", "1"
"""M6: the only block; binary data; ANSI X9.19; filled with zeros, ISO 9797-1 method 1."""


class HsmPort:
    """The HSMs as the switch sees them."""

    def __init__(self, pool: HsmPool) -> None:
        """Raises ValueError for a pool of another dialect."""
        if not isinstance(pool.wire, Wire):
            raise ValueError("the switch asks HSMs in the Thales dialect")
        self._pool = pool
        self._widths = dict(pool.wire.widths)

    def perform(self, question: q.Question[A]) -> Deferred[A | q.NoAnswer]:
        """The answer to *question*; never fails for what HSMs say or don't, nor for what is in the question.

        What can't be part of a command, for instance a key in a partner's message that is none, is REFUSED with the reason
        InputInvalid, and no HSM sees it.
        """
        try:
            asked = cast("Deferred[A | q.NoAnswer]", _ask(question, self))
        except (ValueError, WireError):
            return succeed(q.NoAnswer(q.Cause.REFUSED, reason=t.InputInvalid.__name__))
        return asked.addErrback(_no_answer)

    def ask(self, request: Message, answers: type[M]) -> Deferred[M]:
        """As HsmPool.ask.  Raises ValueError or WireError for a *request* that would be refused or read as another one.

        Fields are partners' words: one with a delimiter in it could move the border to the next.
        """
        codec = codec_of(type(request), self._widths)
        if codec.parse(codec.text(request)) != request:
            raise ValueError("a field holds what it can't")
        return self._pool.ask(request, answers)


def _no_answer(failure: Failure) -> q.NoAnswer:
    why = failure.value
    if isinstance(why, Refused):
        return q.NoAnswer(q.Cause.REFUSED, why.code, why.reason.__name__ if why.reason else "")
    failure.trap(NotSent, OutcomeUnknown)
    return q.NoAnswer(q.Cause.NOT_ASKED if isinstance(why, NotSent) else q.Cause.UNKNOWN)


@singledispatch
def _ask(question: object, port: HsmPort) -> _Asked:
    raise TypeError(f"{type(question).__name__} is no question")


@_ask.register
def _(question: q.TranslatePin, port: HsmPort) -> Deferred[q.PinBlock]:
    request = t.TranslatePinFromTerminal if question.holder is q.Holder.TERMINAL else t.TranslatePinBetweenZones
    translated = port.ask(
        request(
            source_key=question.source,
            destination_key=question.destination,
            pin_length_max=PIN_DIGITS_MAX,
            source_block=question.block,
            source_format=FORMATS[question.from_format],
            destination_format=FORMATS[question.to_format],
            account=_account(question.pan),
        ),
        t.PinTranslated,
    )
    return translated.addCallback(lambda answer: q.PinBlock(answer.destination_block))


@_ask.register
def _(question: q.VerifyPinByPvv, port: HsmPort) -> Deferred[q.Verified]:
    key, block_format = question.key, FORMATS[question.format]
    account = _account(question.pan)
    request: Message
    if question.holder is q.Holder.TERMINAL:
        request = t.VerifyTerminalPinByPvv(
            key=key,
            pvk=question.pvk,
            block=question.block,
            block_format=block_format,
            account=account,
            pvk_index=question.index,
            pvv=question.pvv,
        )
    else:
        request = t.VerifyZonePinByPvv(
            key=key,
            pvk=question.pvk,
            block=question.block,
            block_format=block_format,
            account=account,
            verification_account=None,
            pvk_index=question.index,
            pvv=question.pvv,
        )
    return _verified(port.ask(request, t.Empty))


@_ask.register
def _(question: q.VerifyPinByOffset, port: HsmPort) -> Deferred[q.Verified]:
    request = t.VerifyTerminalPinByOffset if question.holder is q.Holder.TERMINAL else t.VerifyZonePinByOffset
    return _verified(
        port.ask(
            request(
                key=question.key,
                pvk=question.pvk,
                pin_length_max=PIN_DIGITS_MAX,
                block=question.block,
                block_format=FORMATS[question.format],
                check_length=question.check_length,
                account=_account(question.pan),
                decimalisation_table=question.table,
                validation_data=question.validation,
                offset=question.offset,
            ),
            t.Empty,
        )
    )


@_ask.register
def _(question: q.ChangePin, port: HsmPort) -> Deferred[q.NewPvv]:
    changed = port.ask(
        t.ChangePinAndPvv(
            key_type=PIN_TYPES[question.holder],
            key=question.key,
            pvk=question.pvk,
            block=question.block,
            block_format=FORMATS[question.format],
            account=_account(question.pan),
            pvk_index=question.index,
            pvv=question.pvv,
            new_block=question.new_block,
            excluded_pins=None,
        ),
        t.PvvMade,
    )
    return changed.addCallback(lambda answer: q.NewPvv(answer.pvv))


@_ask.register
def _(question: q.VerifyCvv, port: HsmPort) -> Deferred[q.Verified]:
    return _verified(
        port.ask(
            t.VerifyCvv(
                cvk=question.cvk,
                cvv=question.cvv,
                pan=question.pan,
                expiry=question.expiry,
                service_code=question.service_code,
            ),
            t.Empty,
        )
    )


@_ask.register
def _(question: q.VerifyArqc, port: HsmPort) -> Deferred[q.CardVerified]:
    card = _card_block(question.pan, question.sequence)
    request: Message
    if question.made_under is q.CryptogramKey.CARD:
        request = t.CheckCryptogram(
            mode=VERIFY_AND_RESPOND,
            scheme=MASTER_KEY,
            mk_ac=question.imk_ac,
            card=card,
            atc=question.counter,
            unpredictable_number=UNUSED_NUMBER,
            data=question.data,
            cryptogram=question.arqc,
            response_code=question.response_code,
        )
    else:
        request = t.CheckCommonCryptogram(
            mode=VERIFY_AND_RESPOND,
            scheme=COMMON_SESSION,
            mk_ac=question.imk_ac,
            card=card,
            atc=question.counter,
            data=question.data,
            cryptogram=question.arqc,
            response_code=question.response_code,
        )
    checked = port.ask(request, t.CryptogramChecked)
    return checked.addCallbacks(lambda answer: q.CardVerified(True, answer.made), _wrong_cryptogram)


@_ask.register
def _(question: q.MakeMac, port: HsmPort) -> Deferred[q.MacValue]:
    made = port.ask(
        t.GenerateMac(
            mode=WHOLE,
            input_format=BINARY,
            mac_size=MAC_SIZES[question.bytes_count],
            algorithm=RETAIL,
            padding=ZEROS,
            key_type=_type_of(question.key, MAC_TYPES[question.holder]),
            key=question.key,
            iv=None,
            data=question.content,
        ),
        t.MacGenerated,
    )
    return made.addCallback(lambda answer: q.MacValue(bytes.fromhex(answer.mac)))


@_ask.register
def _(question: q.VerifyMac, port: HsmPort) -> Deferred[q.Verified]:
    request = t.VerifyMac(
        mode=WHOLE,
        input_format=BINARY,
        mac_size=MAC_SIZES[len(question.mac)],
        algorithm=RETAIL,
        padding=ZEROS,
        key_type=_type_of(question.key, MAC_TYPES[question.holder]),
        key=question.key,
        iv=None,
        data=question.content,
        mac=question.mac.hex().upper(),
    )
    return _verified(port.ask(request, t.MacVerified))


@_ask.register
def _(question: q.NewZoneKey, port: HsmPort) -> Deferred[q.MadeKey]:
    return _new_key(port, ZONE_TYPES[question.purpose], (ZMK_FLAG, question.zmk), question.form)


@_ask.register
def _(question: q.NewTerminalKey, port: HsmPort) -> Deferred[q.MadeKey]:
    return _new_key(port, TPK, (TMK_FLAG, question.tmk), question.form)


@_ask.register
def _(question: q.ImportZoneKey, port: HsmPort) -> Deferred[q.ReceivedKey]:
    received = port.ask(
        t.ImportKey(
            key_type=ZONE_TYPES[question.purpose],
            zmk=question.zmk,
            key=question.sent,
            scheme=_lmk_scheme(question.zmk),
            atalla="",
            lmk=None,
            exportability=None,
            attributes=None,
        ),
        t.KeyImported,
    )
    return received.addCallback(lambda answer: q.ReceivedKey(answer.check_value, answer.key))


def _new_key(port: HsmPort, key_type: str, wrapping: tuple[str, str], form: q.KeyForm) -> Deferred[q.MadeKey]:
    flag, kek = wrapping
    made = port.ask(
        t.GenerateKey(
            mode="1",
            key_type=key_type,
            scheme=_lmk_scheme(kek),
            derivation=None,
            master_type=None,
            master_key=None,
            serial=None,
            wrapping_key_flag=flag,
            wrapping_key=kek,
            export_scheme=EXPORT_SCHEMES[form],
            atalla="",
            lmk=None,
            attributes=None,
            exportability=None,
            block_version=None,
        ),
        t.KeyGenerated,
    )
    return made.addCallback(lambda answer: q.MadeKey(answer.check_value, answer.key, answer.exported_key))


def _verified(replied: Deferred[M]) -> Deferred[q.Verified]:
    return replied.addCallbacks(lambda _: q.Verified(True), _wrong)


def _wrong(failure: Failure) -> q.Verified | Failure:
    """The one refusal that is an answer."""
    why = failure.value
    return q.Verified(False) if isinstance(why, Refused) and why.reason is t.VerificationFailed else failure


def _wrong_cryptogram(failure: Failure) -> q.CardVerified | Failure:
    return q.CardVerified(False) if isinstance(_wrong(failure), q.Verified) else failure


def _account(pan: str) -> str:
    """The right-most twelve digits without the check digit.  Raises ValueError."""
    if not 13 <= len(pan) <= 19:
        raise ValueError("a PAN has 13 to 19 digits")
    return pan[-13:-1]


def _card_block(pan: str, sequence: str) -> bytes:
    """What a card's key is derived from, 8 bytes: EMV 4.3 Book 2 A1.4.1, option A.  Raises ValueError."""
    if not 13 <= len(pan) <= 19 or len(sequence) != 2:
        raise ValueError("a PAN has 13 to 19 digits, its sequence number 2")
    return bytes.fromhex((pan + sequence)[-CARD_DIGITS:].zfill(CARD_DIGITS))


def _lmk_scheme(kek: str) -> str:
    """Keys beside a key block are key blocks as well; others are double-length variant keys."""
    return "S" if kek.startswith("S") else "U"


def _type_of(key: str, plain: str) -> str:
    return BY_BLOCK if key.startswith("S") else plain
