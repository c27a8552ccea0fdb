"""Cryptograms and scripts of chip cards: EE2018, EF2010, EF2012, EF2013.

EF2011 (Visa cryptograms) answers 02, like any unknown function: the order of its fields is not public.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.cipherdata import MODES, ModeByte
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import CardDigits, Data, ImkAc, ImkSmc, ImkSmi, Request
from hsm.keys.card import card_key
from hsm.keys.domaintypes import IMK_AC, IMK_SMC, IMK_SMI
from hsm.keys.secret import ClearKey
from hsm.operations import emv
from hsm.operations.emv import Tree
from hsm.refusal import DigitsInvalid, FieldsInconsistent, InputInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Empty, Message
from hsm.wire.packed import Packed, PackedChoice, Whole
from hsm.wire.shapes import Rest, ToEnd, Variable

CATEGORY = Category.CARD
VERIFY, RESPOND, BOTH = "01", "02", "03"
ENCIPHER, AUTHENTICATE = "01", "02"
MASTER_KEY, COUNTER = "00", "01"
COMMON = "00"
PADDED_DATA, RESPONSE_CODE = "02", "02"

Cryptogram = Annotated[bytes, Binary(8)]
MethodByte = Annotated[str, Packed(2, "H")]
"""A method; whether it exists is decided when it is used."""
Atc = Annotated[bytes, Binary(2)]
Iv = Annotated[bytes, Binary(16)]
Byte = Annotated[int, Whole(1, 0, 255)]
KeyData = Annotated[bytes, Variable(16)]


def _block(digits: str) -> bytes:
    return bytes.fromhex(digits)


class CheckCryptogram(Request):
    action: Annotated[str, PackedChoice((VERIFY, RESPOND, BOTH), wrong=DigitsInvalid)]
    key: ImkAc
    card_key_method: Annotated[str, PackedChoice((COMMON,), wrong=DigitsInvalid)]
    card: Annotated[bytes, Variable(8, hidden=True)]
    key_method: MethodByte
    key_data: KeyData
    method: MethodByte
    data: Data
    cryptogram: Cryptogram
    response_key_method: MethodByte
    response_key_data: KeyData
    response_method: MethodByte
    response_data: Annotated[bytes, Variable(16)]


class CryptogramChecked(Message):
    response: Annotated[tuple[bytes, ...], ToEnd(Variable(8), most=1)]


def _session_key(card: ClearKey, method: str, key_data: bytes) -> ClearKey:
    if method == COUNTER:
        return emv.counter_session_key(card, key_data)
    if method != MASTER_KEY or key_data:
        raise InputInvalid
    return card


@eracom.command("EE2018")
def check_cryptogram(ask: CheckCryptogram, hsm: Hsm) -> CryptogramChecked:
    """Verify an ARQC (action 01), make an ARPC (02), or both (03); the ARPC comes back led by its count.

    Methods are those that clients send, what they mean is inferred, and others are refused (04).  Card key method 00: the
    EMV derivation from the 16 digits of PAN and sequence number.  Key method 00, without data: the card's master key
    itself; 01, with the ATC and 4 bytes: the session key of EMV (zeros) or of M/Chip (the unpredictable number).
    Cryptogram method 02: ISO 9797-1 algorithm 3 of data that the host has padded.  Response method 02: the ARPC by
    method 1 of EMV 4.3 Book 2 8.2.1, of a response code of 2 bytes.  With action 01 what follows the cryptogram, and with
    action 02 what is only for its verification, is not looked at.
    """
    issuer = hsm.domain_key(ask.key, IMK_AC)
    if len(ask.card) != emv.BLOCK_BYTES or not ask.card.hex().isdecimal():
        raise InputInvalid
    card = card_key(issuer, ask.card)
    if ask.action != RESPOND:
        if ask.method != PADDED_DATA:
            raise InputInvalid
        key = _session_key(card, ask.key_method, ask.key_data)
        emv.check_cryptogram(key, ask.data, ask.cryptogram, padded=True)
    if ask.action == VERIFY:
        return CryptogramChecked(response=())
    if ask.response_method != RESPONSE_CODE:
        raise InputInvalid
    key = _session_key(card, ask.response_key_method, ask.response_key_data)
    made = emv.response_cryptogram(key, ask.cryptogram, ask.response_data)
    return CryptogramChecked(response=(made,))


class VerifyTreeCryptogram(Request):
    key: ImkAc
    card: CardDigits
    iv: Iv
    height: Byte
    branch: Byte
    atc: Atc
    cryptogram: Annotated[bytes, Variable(8)]
    data: Data


@eracom.command("EF2010")
def verify_tree_cryptogram(ask: VerifyTreeCryptogram, hsm: Hsm) -> Empty:
    """Verify an application cryptogram of 8 bytes under an EMV2000 session key.

    Height and branch factor are 8 and 4 or 16 and 2 (else 04).  The data get padding method 2 here, as EMV 2000 has it
    (inferred).
    """
    card = card_key(hsm.domain_key(ask.key, IMK_AC), _block(ask.card))
    if len(ask.cryptogram) != emv.BLOCK_BYTES:
        raise InputInvalid
    key = Tree(ask.atc, ask.height, ask.branch, ask.iv).key(card)
    emv.check_cryptogram(key, ask.data, ask.cryptogram, padded=False)
    return Empty()


class MakeTreeResponse(Request):
    key: ImkAc
    card: CardDigits
    iv: Iv
    height: Byte
    branch: Byte
    atc: Atc
    data: Cryptogram


class TreeResponseMade(Message):
    response: Cryptogram


@eracom.command("EF2012")
def make_tree_response(ask: MakeTreeResponse, hsm: Hsm) -> TreeResponseMade:
    """Make an ARPC under an EMV2000 session key: the 8 bytes of data enciphered.

    The host has mixed the response code into the cryptogram itself: method 1 of EMV 4.3 Book 2 8.2.1 (inferred).
    """
    card = card_key(hsm.domain_key(ask.key, IMK_AC), _block(ask.card))
    key = Tree(ask.atc, ask.height, ask.branch, ask.iv).key(card)
    return TreeResponseMade(response=emv.response_cryptogram_of(key, ask.data))


class ProtectScript(Request):
    select: Annotated[str, PackedChoice((ENCIPHER, AUTHENTICATE, "03"), wrong=DigitsInvalid)]
    mac_key: ImkSmi
    cipher_key: ImkSmc
    card: CardDigits
    iv: Iv
    height: Byte
    branch: Byte
    atc: Atc
    mode: ModeByte
    text: Data
    offset: Annotated[int, Whole(2, 0, 0xFFFF)]
    script: Data


class ScriptProtected(Message):
    text: Data
    mac: Annotated[bytes, Rest(most=8)]


@eracom.command("EF2013")
def protect_script(ask: ProtectScript, hsm: Hsm) -> ScriptProtected:
    """Encipher the confidential part of an issuer script (01), make the script's MAC (02), or both (03).

    Session keys are those of EMV2000.  The text gets padding method 2 and is enciphered in ECB or in CBC from zero.  The
    MAC is ISO 9797-1 algorithm 3 with padding method 2, of the script with the enciphered text at the offset, and has 8
    bytes.  Without a MAC the reply ends with the text; without enciphering, the text is empty.  01 goes with no script
    and 02 with no text, and either with offset 0, else 0C.  One client has the fields; what is done with them is inferred
    from EMV 2000.
    """
    mac_issuer, cipher_issuer = hsm.domain_key(ask.mac_key, IMK_SMI), hsm.domain_key(ask.cipher_key, IMK_SMC)
    tree = Tree(ask.atc, ask.height, ask.branch, ask.iv)
    text = mac = b""
    unused = ask.script if ask.select == ENCIPHER else ask.text if ask.select == AUTHENTICATE else b""
    if unused or (ask.select != "03" and ask.offset):
        raise FieldsInconsistent
    if ask.select != AUTHENTICATE:
        text = emv.script_text(tree.key(card_key(cipher_issuer, _block(ask.card))), MODES[ask.mode], ask.text)
    if ask.select != ENCIPHER:
        mac = emv.script_mac_of(tree.key(card_key(mac_issuer, _block(ask.card))), ask.script, ask.offset, text)
    return ScriptProtected(text=text, mac=mac)
