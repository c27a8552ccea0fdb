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
from hsm.operations.border import activity_of
from hsm.operations.generate import under_lmk
from hsm.operations.keyexport import export_kept
from hsm.operations.keyimport import import_to_keep
from hsm.refusal import Advised, ParityForced
from hsm.wire.kinds import Text
from hsm.wire.message import Message

CATEGORY = Category.KEY


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

    Importing a ZMK (type 000; usage 52 or K0) needs the activity import.000; so does a data key (00A, 00B, 30B; usage
    21, 22, 23 or D0) that comes in no block, with its own type or usage, since the same cryptogram might be a PIN key's
    (Clayton and Bond, 2001).
    """
    key_type = type_of(ask.key_type)
    came, kept = import_to_keep(
        hsm,
        hsm.stored(ask.zmk),
        hsm.stored(ask.key),
        key_type,
        ask.scheme,
        atalla=ask.atalla,
        asked=asked_of(ask.attributes),
        exportability=ask.exportability or "",
    )
    answer = KeyImported(key=kept, check_value=check_value(came.key))
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
    key, exported = export_kept(
        hsm,
        hsm.stored(ask.zmk),
        hsm.stored(ask.key),
        key_type,
        ask.scheme,
        atalla=ask.atalla,
        asked=asked_of(ask.attributes),
        exportability=ask.exportability or "",
        version=ask.block_version or "",
    )
    return KeyExported(key=exported, check_value=check_value(key))


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
    hsm.authorise(f"export.{activity_of(key, key_type)}", token)
    if key.key_bytes < 16:
        raise r.KeyLengthInvalid
    return SchemeChanged(key=under_lmk(hsm, key, key_type, ask.scheme, token))
