"""Data enciphered and deciphered: EE0800, EE0801, EE0804, EE0805, EE0807.

EE0806, EE0808, 54 and 55 answer 02, like any unknown function: clients name them, and their layouts are not public.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Data, Dpk, Request, Vector
from hsm.keys.domaintypes import DPK
from hsm.keys.secret import ClearKey
from hsm.keys.specifier import stands_for_card_key
from hsm.operations import encipher
from hsm.operations.encipher import CipherMode
from hsm.refusal import DigitsInvalid, KeySpecForbidden
from hsm.wire.message import Message
from hsm.wire.packed import PackedChoice
from hsm.wire.shapes import Variable

CATEGORY = Category.CIPHER
MODES = MappingProxyType({"00": CipherMode.ECB, "01": CipherMode.CBC})
ModeByte = Annotated[str, PackedChoice(tuple(MODES), wrong=DigitsInvalid)]
"""00 ECB, 01 CBC from the chaining value."""
OpenVector = Annotated[bytes, Variable(8)]


class ApplyCipher(Request):
    key: Dpk
    mode: ModeByte
    chaining: Vector
    data: Data


class CipherApplied(Message):
    chaining: Vector
    data: Data


class ApplyCipherOpen(Request):
    key: Dpk
    mode: ModeByte
    chaining: OpenVector
    data: Data


class CipherAppliedOpen(Message):
    chaining: OpenVector
    data: Data


def _key(ask: ApplyCipher | ApplyCipherOpen, hsm: Hsm) -> ClearKey:
    if hsm.settings.translate_to_card_keys and stands_for_card_key(ask.key):
        raise KeySpecForbidden
    return hsm.domain_key(ask.key, DPK)


def _enciphered(ask: ApplyCipher | ApplyCipherOpen, hsm: Hsm) -> tuple[bytes, bytes]:
    """The chaining value for what follows, and the data under the key."""
    done, following = encipher.encipher(hsm, _key(ask, hsm), MODES[ask.mode], ask.data, ask.chaining)
    return (ask.chaining if following is None else following), done


def _deciphered(ask: ApplyCipher | ApplyCipherOpen, hsm: Hsm) -> tuple[bytes, bytes]:
    """The chaining value for what follows, and the clear data."""
    done, following = encipher.decipher(hsm, _key(ask, hsm), MODES[ask.mode], ask.data, ask.chaining)
    return (ask.chaining if following is None else following), done


@eracom.command("EE0800")
def encipher_2(ask: ApplyCipher, hsm: Hsm) -> CipherApplied:
    """Encipher data, whole blocks of 8 bytes, under a DPK.

    The chaining value that comes back is in ECB the one that came in, as a device trace of EE0804 has it, and in CBC the
    last block of the cryptogram (inferred).  A longer message goes on from it.
    """
    chaining, data = _enciphered(ask, hsm)
    return CipherApplied(chaining=chaining, data=data)


@eracom.command("EE0801")
def decipher_2(ask: ApplyCipher, hsm: Hsm) -> CipherApplied:
    """Decipher data, whole blocks of 8 bytes, under a DPK; for chaining values see EE0800."""
    chaining, data = _deciphered(ask, hsm)
    return CipherApplied(chaining=chaining, data=data)


@eracom.command("EE0804")
def encipher_3(ask: ApplyCipherOpen, hsm: Hsm) -> CipherAppliedOpen:
    """Encipher data as EE0800 does; the chaining values are led by their count.

    In ECB a chaining value of less than 8 bytes, or none, is taken and comes back (inferred); CBC needs 8 bytes.
    """
    chaining, data = _enciphered(ask, hsm)
    return CipherAppliedOpen(chaining=chaining, data=data)


@eracom.command("EE0805")
def decipher_3(ask: ApplyCipherOpen, hsm: Hsm) -> CipherAppliedOpen:
    """Decipher data as EE0801 does; for chaining values see EE0804."""
    chaining, data = _deciphered(ask, hsm)
    return CipherAppliedOpen(chaining=chaining, data=data)


@eracom.command("EE0807")
def decipher_4(ask: ApplyCipher, hsm: Hsm) -> CipherApplied:
    """Decipher data; to the byte as EE0801, from which it differs in nothing that the one client shows (inferred)."""
    chaining, data = _deciphered(ask, hsm)
    return CipherApplied(chaining=chaining, data=data)
