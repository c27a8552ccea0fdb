"""Questions to HSMs as Thales commands; this module alone knows which command answers which question."""

from __future__ import annotations

from functools import singledispatch
from types import MappingProxyType

from twisted.internet.defer import Deferred

from hsm.client import thales as t
from hsm.wire.message import Message
from switch import asking as q
from switch.server.hsmasking import Asked, Port, account, card_block, verified, wrong_cryptogram

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
PIN_DIGITS_MAX = 12
WHOLE, BINARY, RETAIL, ZEROS = "0", "0", "3", "1"
"""M6: the only block; binary data; ANSI X9.19; filled with zeros, ISO 9797-1 method 1."""


@singledispatch
def asked(question: object, port: Port) -> Asked:
    """What answers *question*.  Raises ValueError or WireError for what can't be part of a command."""
    raise TypeError(f"{type(question).__name__} is no question")


@asked.register
def _(question: q.TranslatePin, port: Port) -> Deferred[q.PinBlock]:
    request = t.TranslatePinFromTerminal if question.holder is q.Holder.TERMINAL else t.TranslatePinBetweenZones
    translated = port.ask(
        request(
            source_key=question.source,
            destination_key=question.destination,
            pin_length_max=PIN_DIGITS_MAX,
            source_block=question.block,
            source_format=FORMATS[question.from_format],
            destination_format=FORMATS[question.to_format],
            account=account(question.pan),
        ),
        t.PinTranslated,
    )
    return translated.addCallback(lambda answer: q.PinBlock(answer.destination_block))


@asked.register
def _(question: q.VerifyPinByPvv, port: Port) -> Deferred[q.Verified]:
    key, block_format = question.key, FORMATS[question.format]
    request: Message
    if question.holder is q.Holder.TERMINAL:
        request = t.VerifyTerminalPinByPvv(
            key=key,
            pvk=question.pvk,
            block=question.block,
            block_format=block_format,
            account=account(question.pan),
            pvk_index=question.index,
            pvv=question.pvv,
        )
    else:
        request = t.VerifyZonePinByPvv(
            key=key,
            pvk=question.pvk,
            block=question.block,
            block_format=block_format,
            account=account(question.pan),
            verification_account=None,
            pvk_index=question.index,
            pvv=question.pvv,
        )
    return verified(port.ask(request, t.Empty))


@asked.register
def _(question: q.VerifyPinByOffset, port: Port) -> Deferred[q.Verified]:
    request = t.VerifyTerminalPinByOffset if question.holder is q.Holder.TERMINAL else t.VerifyZonePinByOffset
    return verified(
        port.ask(
            request(
                key=question.key,
                pvk=question.pvk,
                pin_length_max=PIN_DIGITS_MAX,
                block=question.block,
                block_format=FORMATS[question.format],
                check_length=question.check_length,
                account=account(question.pan),
                decimalisation_table=question.table,
                validation_data=question.validation,
                offset=question.offset,
            ),
            t.Empty,
        )
    )


@asked.register
def _(question: q.ChangePin, port: Port) -> Deferred[q.NewPvv]:
    changed = port.ask(
        t.ChangePinAndPvv(
            key_type=PIN_TYPES[question.holder],
            key=question.key,
            pvk=question.pvk,
            block=question.block,
            block_format=FORMATS[question.format],
            account=account(question.pan),
            pvk_index=question.index,
            pvv=question.pvv,
            new_block=question.new_block,
            excluded_pins=None,
        ),
        t.PvvMade,
    )
    return changed.addCallback(lambda answer: q.NewPvv(answer.pvv))


@asked.register
def _(question: q.VerifyCvv, port: Port) -> Deferred[q.Verified]:
    return verified(
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


@asked.register
def _(question: q.VerifyArqc, port: Port) -> Deferred[q.CardVerified]:
    card = card_block(question.pan, question.sequence)
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
    return checked.addCallbacks(lambda answer: q.CardVerified(True, answer.made), wrong_cryptogram)


@asked.register
def _(question: q.MakeMac, port: Port) -> Deferred[q.MacValue]:
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


@asked.register
def _(question: q.VerifyMac, port: Port) -> Deferred[q.Verified]:
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
    return verified(port.ask(request, t.MacVerified))


@asked.register
def _(question: q.NewZoneKey, port: Port) -> Deferred[q.MadeKey]:
    return _new_key(port, ZONE_TYPES[question.purpose], (ZMK_FLAG, question.zmk), question.form)


@asked.register
def _(question: q.NewTerminalKey, port: Port) -> Deferred[q.MadeKey]:
    return _new_key(port, TPK, (TMK_FLAG, question.tmk), question.form)


@asked.register
def _(question: q.ImportZoneKey, port: Port) -> Deferred[q.ReceivedKey]:
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


def _new_key(port: Port, key_type: str, wrapping: tuple[str, str], form: q.KeyForm) -> Deferred[q.MadeKey]:
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


def _lmk_scheme(kek: str) -> str:
    """Keys beside a key block are key blocks as well; others are double-length variant keys."""
    return "S" if kek.startswith("S") else "U"


def _type_of(key: str, plain: str) -> str:
    return BY_BLOCK if key.startswith("S") else plain
