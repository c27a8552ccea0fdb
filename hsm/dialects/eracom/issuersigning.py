"""Extensions that no device has, for issuers' RSA keys: EEF003, EEF004.

Clients name RSA functions (EE9001 to EE9006) whose layouts are not public.  What a chip card needs of them is here, and
no more: a key signs static data in the format of EMV, and nothing else.  Off unless a setting switches them on.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.rsasign import MODULUS_BITS_MAX, MODULUS_BITS_MIN
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Request
from hsm.keys.signing import new_signing_key
from hsm.refusal import DataLengthInvalid, DigitsInvalid, KeyBlockHeaderInvalid, KeyLengthInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import PackedChoice, Whole
from hsm.wire.shapes import Variable

CATEGORY = Category.KEY
STATIC_DATA_BYTES_MAX = 4_096
PRIVATE_KEY = Variable(2_048)


class GenerateSigningKey(Request):
    modulus_bits: Annotated[int, Whole(2, MODULUS_BITS_MIN, MODULUS_BITS_MAX, wrong=KeyLengthInvalid)]
    exponent: Annotated[str, PackedChoice(("000003", "010001"), wrong=DigitsInvalid)]


class SigningKeyGenerated(Message):
    modulus: Annotated[bytes, Variable(MODULUS_BITS_MAX // 8)]
    private_key: Annotated[bytes, PRIVATE_KEY]


@eracom.command("EEF003")
def generate_signing_key(ask: GenerateSigningKey, hsm: Hsm) -> SigningKeyGenerated:
    """Extension, of no device: make an RSA key pair for an issuer of chip cards.

    The modulus has 1024 to 1984 bits, in steps of 16 (else 28).  The private key comes back under the KM, as a TR-31 block
    of usage S0, algorithm R, mode S, which is not exportable; it goes into EEF004 and no other function.  Off unless the
    setting issuer-signing-extension is on.
    """
    made = new_signing_key(ask.modulus_bits, int(ask.exponent, 16), hsm.random.bytes)
    block = hsm.domain.domain.km.wrap_signing_key(made, hsm.random.bytes)
    return SigningKeyGenerated(modulus=made.modulus, private_key=block.encode("ascii"))


class SignCard(Request):
    private_key: Annotated[bytes, PRIVATE_KEY]
    authentication_code: Annotated[bytes, Binary(2)]
    data: Annotated[bytes, Variable(STATIC_DATA_BYTES_MAX, hidden=True)]


class CardSigned(Message):
    signature: Annotated[bytes, Variable(MODULUS_BITS_MAX // 8)]


@eracom.command("EEF004")
def sign_static_data(ask: SignCard, hsm: Hsm) -> CardSigned:
    """Extension, of no device: make the Signed Static Application Data of a chip card (EMV 4.3 Book 2 section 5).

    The format is put together here: 6A, 03, 01 for SHA-1, the data authentication code of 2 bytes, fill, the hash, BC.  A
    block that is none of EEF003 is refused as other key blocks are.  Off unless the setting issuer-signing-extension is on.
    """
    if not ask.data:
        raise DataLengthInvalid
    if not ask.private_key.isascii():
        raise KeyBlockHeaderInvalid
    key = hsm.domain.signing_key(ask.private_key.decode("ascii"))
    return CardSigned(signature=key.sign_static_data(ask.authentication_code, ask.data))
