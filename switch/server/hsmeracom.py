"""Questions to HSMs as Eracom functions; this module alone knows which function answers which question.

Keys are key specifiers, led by their count, in hexadecimal (see ``switch.hsmdialect``).
"""

from __future__ import annotations

import re
from functools import singledispatch
from types import MappingProxyType

from twisted.internet.defer import Deferred

from hsm.client import eracom as e
from hsm.client.agreement import ERACOM_PROBES, Probe
from switch import asking as q
from switch.config.switchfile import SwitchConfig
from switch.hsmdialect import KIS, KTM, sending_and_receiving, specified
from switch.server.hsmasking import Asked, Port, account, card_block, verified, wrong_cryptogram

USUAL = "00"
"""The function modifier."""
FORMATS = MappingProxyType({q.PinFormat.ISO_0: "01", q.PinFormat.DIEBOLD: "03", q.PinFormat.ISO_3: "13"})
PPK_FLAG, MPK_FLAG = 1 << 9, 1 << 10
"""EE0400, EE0402, EE0403: a key of double length, under the transport key and the KM in ECB mode."""
FLAGS = MappingProxyType({q.Purpose.PIN: PPK_FLAG, q.Purpose.MAC: MPK_FLAG})
X9_17 = "X"
"""Before a key under a transport key, as partners get it; in the dialect it has no tag."""
SENT = re.compile(X9_17 + "([0-9A-F]{32})")
RETAIL = "00"
"""EE0701, EE0702: ISO 9797-1 algorithm 3 (ANSI X9.19), filled with zeros."""
FIRST = bytes(8)
"""What a MAC is continued from that nothing came before."""
VERIFY_AND_RESPOND = "03"
EMV_CARD_KEY, PADDED_DATA, RESPONSE_CODE = "00", "02", "02"
MASTER_KEY, COUNTER_KEY = "00", "01"
"""EE2018: action, and methods of the card's key, the cryptogram, the response and the session key."""
UNUSED_NUMBER = bytes(4)
CVV_TEXT_DIGITS, OFFSET_DIGITS, ACCOUNT_DIGITS_IN_TSP, ACCOUNT_DIGITS_VALIDATED = 32, 12, 11, 5


KPVV, PVK = "08", "07"
STANDARD_CHECK_VALUE = "00"


def probes(config: SwitchConfig) -> tuple[Probe, ...]:
    """What each appliance of a pool is asked before it serves, so that all have the same KM.

    No function tells the KM's check value: asked for is that of a key that *config* names.  Under another KM a PIN or a
    card would be found wrong, and the cardholder would have a try less.
    """
    named = _named_key(config)
    if named is None:
        return ERACOM_PROBES
    key, key_type = named
    about = e.AskDetails(modifier=USUAL, key=_key(key), key_type=key_type, check_value_type=STANDARD_CHECK_VALUE)
    return (*ERACOM_PROBES, Probe("EE0202", about, ("check_value",)))


def _named_key(config: SwitchConfig) -> tuple[str, str] | None:
    """The first of the keys in *config*, and its type (2 digits)."""
    if config.issuer is not None:
        return config.issuer.pvk, KPVV if config.issuer.offset is None else PVK
    for link in config.keys.links:
        sending, _ = sending_and_receiving(link.zmk)
        found = specified(sending)
        return sending, (found.key_type if found else "") or KIS
    for terminal in config.keys.terminals:
        return terminal.tmk, KTM
    return None


@singledispatch
def asked(question: object, port: Port) -> Asked:
    """What answers *question*.  Raises ValueError or WireError for what can't be part of a function."""
    raise TypeError(f"{type(question).__name__} is no question")


@asked.register
def _(question: q.TranslatePin, port: Port) -> Deferred[q.PinBlock]:
    translated = port.ask(
        e.TranslatePin(
            modifier=USUAL,
            source_block=question.block,
            source_key=_key(question.source),
            source_format=FORMATS[question.from_format],
            account=account(question.pan),
            destination_format=FORMATS[question.to_format],
            destination_key=_key(question.destination),
        ),
        e.PinTranslated,
    )
    return translated.addCallback(lambda answer: q.PinBlock(answer.destination_block))


@asked.register
def _(question: q.VerifyPinByPvv, port: Port) -> Deferred[q.Verified]:
    return verified(port.ask(_about_pvv(question), e.Empty))


@asked.register
def _(question: q.VerifyPinByOffset, port: Port) -> Deferred[q.Verified]:
    """The decimalisation table lies with the PVK."""
    if question.table:
        raise ValueError("no function has a decimalisation table")
    pan_account = account(question.pan)
    validation = question.validation.replace("N", pan_account[-ACCOUNT_DIGITS_VALIDATED:])
    return verified(
        port.ask(
            e.VerifyByOffset(
                modifier=USUAL,
                block=question.block,
                key=_key(question.key),
                block_format=FORMATS[question.format],
                account=pan_account,
                pvk=_key(question.pvk),
                validation_data=validation,
                offset=question.offset.ljust(OFFSET_DIGITS, "F"),
                check_length=question.check_length,
            ),
            e.Empty,
        )
    )


@asked.register
def _(question: q.ChangePin, port: Port) -> Deferred[q.NewPvv]:
    """Two functions: what is wrong with the new PIN is told to nobody who does not know the old one."""
    new = e.MakePvv(
        modifier=USUAL,
        block=question.new_block,
        key=_key(question.key),
        block_format=FORMATS[question.format],
        account=account(question.pan),
        pvv_key=_key(question.pvk),
        security_parameter=_security_parameter(question.pan, question.index),
    )
    port.check(new)
    changed = port.ask(_about_pvv(question), e.Empty).addCallback(lambda _: port.ask(new, e.PvvMade))
    return changed.addCallback(lambda answer: q.NewPvv(answer.pvv))


@asked.register
def _(question: q.VerifyCvv, port: Port) -> Deferred[q.Verified]:
    text = f"{question.pan}{question.expiry}{question.service_code}".ljust(CVV_TEXT_DIGITS, "0")
    request = e.VerifyCvv(modifier=USUAL, key=_key(question.cvk), text=text, value=question.cvv)
    return verified(port.ask(request, e.Empty))


@asked.register
def _(question: q.VerifyArqc, port: Port) -> Deferred[q.CardVerified]:
    method, key_data = MASTER_KEY, b""
    if question.made_under is q.CryptogramKey.COMMON_SESSION:
        method, key_data = COUNTER_KEY, question.counter + UNUSED_NUMBER
    request = e.CheckCryptogram(
        modifier=USUAL,
        action=VERIFY_AND_RESPOND,
        key=_key(question.imk_ac),
        card_key_method=EMV_CARD_KEY,
        card=card_block(question.pan, question.sequence),
        key_method=method,
        key_data=key_data,
        method=PADDED_DATA,
        data=question.data,
        cryptogram=question.arqc,
        response_key_method=method,
        response_key_data=key_data,
        response_method=RESPONSE_CODE,
        response_data=question.response_code,
    )
    checked = port.ask(request, e.CryptogramChecked)
    return checked.addCallbacks(lambda answer: q.CardVerified(True, b"".join(answer.response)), wrong_cryptogram)


@asked.register
def _(question: q.MakeMac, port: Port) -> Deferred[q.MacValue]:
    request = e.MakeMac(
        modifier=USUAL,
        method=RETAIL,
        mac_length=question.bytes_count,
        running=FIRST,
        key=_key(question.key),
        data=question.content,
    )
    return port.ask(request, e.MacMade).addCallback(lambda answer: q.MacValue(answer.mac))


@asked.register
def _(question: q.VerifyMac, port: Port) -> Deferred[q.Verified]:
    request = e.VerifyMac(
        modifier=USUAL,
        method=RETAIL,
        running=FIRST,
        key=_key(question.key),
        mac=question.mac,
        data=question.content,
    )
    return verified(port.ask(request, e.Empty))


@asked.register
def _(question: q.NewZoneKey, port: Port) -> Deferred[q.MadeKey]:
    _check_form(question.form)
    sending, _ = sending_and_receiving(question.zmk)
    request = e.MakeForInterchange(modifier=USUAL, transport_key=_key(sending), flags=FLAGS[question.purpose])
    return port.ask(request, e.KeysMade).addCallback(_made)


@asked.register
def _(question: q.NewTerminalKey, port: Port) -> Deferred[q.MadeKey]:
    _check_form(question.form)
    request = e.MakeForTerminal(modifier=USUAL, terminal_key=_key(question.tmk), flags=PPK_FLAG)
    return port.ask(request, e.KeysMade).addCallback(_made)


@asked.register
def _(question: q.ImportZoneKey, port: Port) -> Deferred[q.ReceivedKey]:
    found = SENT.fullmatch(question.sent)
    if found is None:
        raise ValueError("no function takes a key in another form than that of ANSI X9.17")
    _, receiving = sending_and_receiving(question.zmk)
    request = e.ReceiveFromInterchange(
        modifier=USUAL,
        transport_key=_key(receiving),
        flags=FLAGS[question.purpose],
        cryptograms=(bytes.fromhex(found[1]),),
    )
    return port.ask(request, e.KeysReceived).addCallback(_received)


def _about_pvv(question: q.VerifyPinByPvv | q.ChangePin) -> e.VerifyByPvv:
    return e.VerifyByPvv(
        modifier=USUAL,
        block=question.block,
        key=_key(question.key),
        block_format=FORMATS[question.format],
        account=account(question.pan),
        pvv_key=_key(question.pvk),
        security_parameter=_security_parameter(question.pan, question.index),
        pvv=question.pvv,
    )


def _security_parameter(pan: str, index: str) -> str:
    return account(pan)[-ACCOUNT_DIGITS_IN_TSP:] + index


def _check_form(form: q.KeyForm) -> None:
    if form is not q.KeyForm.X9_17:
        raise ValueError("no function gives a key in another form than that of ANSI X9.17")


def _made(answer: e.KeysMade) -> q.MadeKey:
    key = answer.keys[0]
    return q.MadeKey(_digits(key.check_value), _text(key.key), X9_17 + _digits(key.cryptogram))


def _received(answer: e.KeysReceived) -> q.ReceivedKey:
    key = answer.keys[0]
    return q.ReceivedKey(_digits(key.check_value), _text(key.key))


def _key(text: str) -> str:
    """A specifier as messages have it, of the *text* that it is here.  Raises ValueError."""
    return bytes.fromhex(text).decode("latin-1")


def _text(specifier: str) -> str:
    return _digits(specifier.encode("latin-1"))


def _digits(value: bytes) -> str:
    return value.hex().upper()
