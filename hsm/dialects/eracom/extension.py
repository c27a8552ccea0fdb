"""Extensions that no device has: EEF001, EEF002.

Codes EEF0xx are free: of the codes that public clients name, those that begin with EE go on with 00 to 0E, 20, 30, 90 to
92 or BF.  The extensions are off unless a setting switches them on, and while they are off answer 02 like any unknown
function.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.cipherdata import MODES, ModeByte
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import AnyKey, CheckValue, Data, KeyTypeByte, Request, Vector, key_field, specifier
from hsm.keys.domaintypes import DPK, domain_key_type
from hsm.keys.specifier import stands_for_card_key
from hsm.operations import domainkeys
from hsm.operations.translation import CONTENT_OF, Content, Side, move
from hsm.wire.kinds import Binary
from hsm.wire.message import Message

CATEGORY = Category.KEY  # every use stands in the audit log, as for what moves keys
_TYPES = tuple(CONTENT_OF)
Transport = Annotated[str, key_field(*_TYPES)]
"""A transport key: a KTK unless the specifier says KTM, PTK or DPK."""
Letter = Annotated[bytes, Binary(1)]
"""A letter of a TR-31 header."""


class TranslateBlocks(Request):
    source_key: Transport
    source_mode: ModeByte
    source_chaining: Vector
    destination_key: Transport
    destination_mode: ModeByte
    destination_chaining: Vector
    data: Data


class BlocksTranslated(Message):
    chaining: Vector
    data: Data


def _side(hsm: Hsm, specifier: str, mode: str, chaining: bytes) -> Side:
    if stands_for_card_key(specifier):
        return Side(hsm.domain_key(specifier, DPK), Content.CARD, MODES[mode], chaining)
    key, row = hsm.domain.key_and_type(specifier, _TYPES)
    return Side(key, CONTENT_OF[row], MODES[mode], chaining)


@eracom.command("EEF001")
def translate_data(ask: TranslateBlocks, hsm: Hsm) -> BlocksTranslated:
    """Extension, of no device: move data, whole blocks, from one transport key to another inside the appliance.

    A key is a KTK unless its specifier says KTM (05), PTK (36) or DPK (00) in format 08.  Data stay what they are: from KTK
    or KTM they go to KTK or KTM, from PTK to PTK, from DPK to DPK, else 9F; a PIN or a key is never moved to where the host
    can decipher it.  With the setting translate-to-card-keys they also go, and only go, to a card's key or session key
    (formats 50 and 51), which the functions EE0800 to EE0807 then refuse (23); without it, 02.  A destination weaker than
    the source is refused (28) as the setting weaker-kek-allowed has it.  In the reply the chaining value is the
    destination's, as for EE0800.  Off unless the setting translate-data-extension is on.
    """
    source = _side(hsm, ask.source_key, ask.source_mode, ask.source_chaining)
    destination = _side(hsm, ask.destination_key, ask.destination_mode, ask.destination_chaining)
    data, chaining = move(hsm, source, destination, ask.data)
    return BlocksTranslated(chaining=chaining, data=data)


class BindKey(Request):
    key: AnyKey
    key_type: KeyTypeByte
    mode_of_use: Letter
    exportability: Letter


class KeyBound(Message):
    key: AnyKey
    check_value: CheckValue


@eracom.command("EEF002")
def bind_key(ask: BindKey, hsm: Hsm) -> KeyBound:
    """Extension, of no device: put a key into a TR-31 block that says how it may be used and whether it may leave.

    The mode of use is that of ANSI X9.143 clause 6.5 and may only allow less than the key does: what the block says of a
    key that came in one, else what is usual for its type (95).  The exportability, E or N, may only be stricter (97); a key
    with N is not exported by EE0201.  The key comes back in format 17.  A key of type 07, which has a table beside it, is
    refused (23).  Off unless the setting translate-data-extension is on.
    """
    row = domain_key_type(ask.key_type)
    mode, exportability = (letter.decode("latin-1") for letter in (ask.mode_of_use, ask.exportability))
    bound = domainkeys.bound_key(hsm, hsm.domain.held(ask.key, row), row, mode, exportability)
    return KeyBound(key=specifier(bound.specifier), check_value=bound.check_value)
