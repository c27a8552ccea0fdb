"""Keys made, brought in, given out and checked: KG IK KE CK."""

from __future__ import annotations

import re
from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, chosen
from hsm.console.keyquestions import (
    EXPORTABILITIES,
    asked_attributes,
    asked_type,
    atalla_variant,
    chosen_lmk,
    in_blocks,
    key_sort,
    schemes_of,
    token,
)
from hsm.keys.checkvalue import SIGNIFICANT_DIGITS, CheckValue, check_value
from hsm.keys.scheme import is_block
from hsm.keys.usage import KeyType, Usage
from hsm.operations import generate
from hsm.operations.keyexport import export_kept, export_key
from hsm.operations.keyimport import import_to_keep
from hsm.refusal import KeyLengthInvalid

NONE, SAME = "NONE", "SAME"
TRANSPORT_SCHEMES = ("U", "T", "X", "Y", "Z", "0", "S", "R")
_LENGTHS = {"S": 8, "D": 16, "T": 24}


@console.command("KG")
def generate_key(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Generate a key, and give it out under a ZMK if wanted.

    Asks for the LMK, key length, key type and key scheme as GC does, then the key scheme under the ZMK, or NONE; if it
    is not, for the ZMK, its check value, if it is to be compared, and its Atalla variant, where those are enabled.
    Shows the key under the LMK, the key under the ZMK, and the check value.  Runs in any state.  A ZMK needs the
    activity generate.000; giving a key out needs export for the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    sort = yield from key_sort(hsm)
    generate.authorise_new(hsm, sort.key_type, sort.attributes)
    travels = yield from chosen("Enter key scheme (ZMK)", (*TRANSPORT_SCHEMES, NONE), NONE)
    zmk = atalla = ""
    if travels != NONE:
        hsm.authorise(f"export.{sort.purpose}")
        zmk = yield from _zmk(hsm)
        atalla = yield from atalla_variant(hsm)
    hsm = desk.hsm(sort.lmk_id)
    generate.authorise_new(hsm, sort.key_type, sort.attributes)
    key = generate.new_key(hsm, sort.algorithm, sort.key_bytes, sort.attributes)
    kept = generate.under_lmk(hsm, key, sort.key_type, sort.scheme)
    sent = ""
    if travels != NONE:
        hsm.authorise(f"export.{sort.purpose}")
        under = export_key(hsm, hsm.key(zmk, Usage.ZMK), key, sort.key_type, travels, atalla=atalla)
        sent = f"\nKey encrypted for transmission: {under}"
    yield Say(f"Key under LMK: {kept}{sent}\nKey check value: {check_value(key)}")


@console.command("IK")
def import_key(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Bring a key from under a ZMK to under the LMK.

    Asks for the LMK, key type, key scheme, ZMK, its Atalla variant, where those are enabled, and the key.  Under a
    key-block LMK a key that comes in a block keeps its usage and mode, and may be made less exportable; for any other
    the attributes are asked for.  A DES key of wrong parity is made odd.  Runs in any state.  A ZMK needs the activity
    import.000, and so does a data key in no block the one of its type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    row: KeyType | None = None
    if in_blocks(hsm):
        scheme = yield from chosen("Enter key scheme", ("S",), "S")
    else:
        row = yield from asked_type()
        scheme = yield from chosen("Enter key scheme", schemes_of(hsm))
    zmk = yield from token("Enter ZMK: ")
    atalla = yield from atalla_variant(hsm)
    given = hsm.stored((yield from token("Enter key: ")))
    attributes, exportability = None, ""
    if in_blocks(hsm) and is_block(given):
        exportability = yield from _exportability()
    elif in_blocks(hsm):
        attributes = yield from asked_attributes()
    hsm = desk.hsm(hsm.lmk_id)
    came, kept = import_to_keep(
        hsm, hsm.stored(zmk), given, row, scheme, atalla=atalla, asked=attributes, exportability=exportability
    )
    if not came.parity_was_odd:
        yield Say("The key's parity was wrong and has been made odd.")
    yield Say(f"Key under LMK: {kept}\nKey check value: {check_value(came.key)}")


@console.command("KE")
def give_key_out(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Give a key out from under the LMK to under a ZMK.

    Asks for the LMK, key type (a key block has its own), key scheme under the ZMK, ZMK, its Atalla variant, where those
    are enabled, and the key; in a key block (S, R) it may be made less exportable.  Runs in any state; needs the activity
    export for the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    row: KeyType | None = None
    if not in_blocks(hsm):
        row = yield from asked_type()
    scheme = yield from chosen("Enter key scheme (ZMK)", TRANSPORT_SCHEMES)
    zmk = yield from token("Enter ZMK: ")
    atalla = yield from atalla_variant(hsm)
    given = yield from token("Enter key: ")
    exportability = (yield from _exportability()) if is_block(scheme) else ""
    hsm = desk.hsm(hsm.lmk_id)
    key, sent = export_kept(
        hsm, hsm.stored(zmk), hsm.stored(given), row, scheme, atalla=atalla, exportability=exportability
    )
    yield Say(f"Key under ZMK: {sent}\nKey check value: {check_value(key)}")


@console.command("CK")
def tell_check_value(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell the check value of a key under the LMK, 16 digits.

    Asks for the LMK, key type, key length flag (S single, D double, T triple) and key; under a key-block LMK for the key
    alone.  With the setting "Restrict Key Check Values" there are 6 digits and ten zeros.  Runs in any state.
    """
    hsm = yield from chosen_lmk(desk)
    row: KeyType | None = None
    key_bytes = 0
    if not in_blocks(hsm):
        row = yield from asked_type()
        key_bytes = _LENGTHS[(yield from chosen("Enter key length flag", tuple(_LENGTHS)))]
    given = yield from token("Enter key: ")
    hsm = desk.hsm(hsm.lmk_id)
    key = hsm.typed(given, row)
    if key_bytes and key.key_bytes != key_bytes:
        raise KeyLengthInvalid
    yield Say(f"Key check value: {check_value(key, CheckValue.FULL, hsm.settings.restrict_kcv)}")


def _zmk(hsm: Hsm) -> Dialogue[str]:
    """A ZMK's token.  Raises Abandoned when its check value is not the one that the operator knows."""

    def read(answer: str) -> str:
        if not re.fullmatch("([0-9A-F]{6}([0-9A-F]{10})?)?", answer.upper()):
            raise ValueError
        return answer.upper()[:SIGNIFICANT_DIGITS]

    given = yield from token("Enter ZMK: ")
    kek = hsm.key(given, Usage.ZMK)
    expected = yield from asked(Ask("Enter ZMK check value [none]: "), read, "6 or 16 digits, or nothing")
    if expected and not compare_digest(expected, check_value(kek)):
        raise Abandoned("The check value is not that of this ZMK.")
    return given


def _exportability() -> Dialogue[str]:
    """The exportability that the key block shall have; empty to leave it."""
    answer = yield from chosen("Enter exportability", (*EXPORTABILITIES, SAME), SAME)
    return "" if answer == SAME else answer
