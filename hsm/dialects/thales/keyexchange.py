"""Keys in, out and to another scheme: A6, A8, B0."""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.attributes import Attributes, BlockVersion, HostKeyType, NewExportability, asked_of, type_of
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import AnyKey, Atalla, GivenKey, LmkChoice, Scheme, Zmk
from hsm.keys.checkvalue import check_value
from hsm.keys.scheme import is_block
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations.border import check_one_lmk
from hsm.operations.generate import under_lmk
from hsm.operations.keyexport import export_key
from hsm.operations.keyimport import import_key
from hsm.refusal import Advised, ParityForced
from hsm.wire.kinds import Text
from hsm.wire.message import Message

CATEGORY = Category.KEY

_KEK_USAGES = ("52", "K0")
_DATA_TYPES = ("00A", "00B", "30B")
_ZMK_TYPE = "000"


class ImportKey(Message):
    key_type: HostKeyType
    zmk: Zmk
    key: AnyKey
    scheme: Scheme
    atalla: Atalla
    lmk: LmkChoice
    exportability: NewExportability
    attributes: Attributes


class KeyImported(Message):
    key: GivenKey
    check_value: Annotated[str, Text("H", 6, 6)]


@thales.command("A6")
def import_host_key(ask: ImportKey, hsm: Hsm) -> KeyImported | Advised[KeyImported]:
    """Bring a key from under a ZMK to under the LMK.

    A key from a Thales (S) or TR-31 (R) block keeps its attributes; ``&`` makes it less exportable and the field after
    ``#`` narrows usage (P0 to 71, 72 or 73, and so on) and mode.  For any other key, under a key-block LMK, that field
    says what it is for; without it a key of a given type has the type's usage, no limit of its mode, and is exportable.
    A DES key of wrong parity is made odd and given under code 01.  A weak or zero key is refused (11).

    Importing a ZMK (type 000; usage 52 or K0) needs the activity import.000; so does a data key (00A, 00B, 30B) that
    comes in no block, with its own type, since the same cryptogram might be a PIN key's (Clayton and Bond, 2001).
    """
    key_type = type_of(ask.key_type)
    zmk, token = hsm.stored(ask.zmk), hsm.stored(ask.key)
    kek = hsm.key(zmk, Usage.ZMK)
    if ask.key_type == _ZMK_TYPE or (ask.key_type in _DATA_TYPES and not is_block(token)):
        hsm.authorise(f"import.{ask.key_type}", zmk)
    came = import_key(
        hsm,
        kek,
        token,
        key_type,
        atalla=ask.atalla,
        asked=asked_of(ask.attributes),
        exportability=ask.exportability or "",
        beside=zmk,
    )
    if came.key.attributes is not None and came.key.attributes.usage in _KEK_USAGES:
        hsm.authorise("import.000", zmk)
    answer = KeyImported(key=under_lmk(hsm, came.key, key_type, ask.scheme, zmk), check_value=check_value(came.key))
    return answer if came.parity_was_odd else Advised(ParityForced, answer)


class ExportKey(Message):
    key_type: HostKeyType
    zmk: Zmk
    key: AnyKey
    scheme: Scheme
    atalla: Atalla
    lmk: LmkChoice
    attributes: Attributes
    exportability: NewExportability
    block_version: BlockVersion


class KeyExported(Message):
    key: GivenKey
    check_value: Annotated[str, Text("H", 6, 6)]


@thales.command("A8")
def export_host_key(ask: ExportKey, hsm: Hsm) -> KeyExported:
    """Give a key out from under the LMK to under a ZMK; needs the activity export for its type, or usage.

    Schemes S and R make a Thales or a TR-31 block, of version B under a triple DES ZMK and D under an AES ZMK unless
    ``!`` names another.  ``&`` makes it less exportable; the field after ``#`` says what a key is for that comes from
    under a variant LMK, which keeps no such thing.  A key from a block leaves only as that block's exportability allows
    (AA): N not at all, E in a block, S in any scheme.  A DUKPT initial key (302) under a variant LMK has lost its parity
    bits and is refused (29): A0 gives it out as it derives it.
    """
    key_type = type_of(ask.key_type)
    zmk, token = hsm.stored(ask.zmk), hsm.stored(ask.key)
    check_one_lmk(hsm, zmk, token)
    kek = hsm.key(zmk, Usage.ZMK)
    key = hsm.typed(token, key_type, parity=r.DestinationKeyParity)
    hsm.authorise(f"export.{_activity(key, ask.key_type)}", zmk)
    exported = export_key(
        hsm,
        kek,
        key,
        key_type,
        ask.scheme,
        atalla=ask.atalla,
        asked=asked_of(ask.attributes),
        exportability=ask.exportability or "",
        version=ask.block_version or "",
    )
    return KeyExported(key=exported, check_value=check_value(key))


def _activity(key: ClearKey, code: str) -> str:
    return code if key.attributes is None else key.attributes.usage


class ChangeScheme(Message):
    key_type: HostKeyType
    key: AnyKey
    scheme: Scheme


class SchemeChanged(Message):
    key: AnyKey


@thales.command("B0")
def change_scheme(ask: ChangeScheme, hsm: Hsm) -> SchemeChanged:
    """Put a key of double or triple length under the LMK in another scheme, for instance from U to X.

    Needs the activity export for the key's type, because schemes X and Y bind the parts of a key to nothing; those two
    need the setting "Enable X9.17 for export" as well.  A single-length key has no other scheme (27).
    """
    key_type = type_of(ask.key_type)
    token = hsm.stored(ask.key)
    key = hsm.typed(token, key_type)
    hsm.authorise(f"export.{_activity(key, ask.key_type)}", token)
    if key.key_bytes < 16:
        raise r.KeyLengthInvalid
    return SchemeChanged(key=under_lmk(hsm, key, key_type, ask.scheme, token))
