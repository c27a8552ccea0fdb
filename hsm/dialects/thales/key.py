"""Keys made and formed: A0, A4."""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.blockcipher import Algorithm
from hsm.dialects.thales.attributes import (
    BlockVersion,
    FormedKeyVersion,
    HostKeyType,
    NewAttributes,
    NewExportability,
    asked_of,
    type_of,
)
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import ZMK_WIDTH, AnyKey, GivenKey, LmkChoice, Scheme
from hsm.keys.checkvalue import check_value
from hsm.keys.generate import ALGORITHMS
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KeyType, Usage
from hsm.operations import generate
from hsm.operations.border import activity_of, check_one_lmk
from hsm.operations.keyexport import export_key
from hsm.wire.kinds import Choice, Number, Pattern, Text
from hsm.wire.message import Message
from hsm.wire.shapes import Group, Key, Maybe, Repeated, When

CATEGORY = Category.KEY

_EXPORTING = ("1", "B")
_DERIVING = ("A", "B")
_MASTERS = {"1": Usage.BDK, "2": Usage.BDK_2, "3": Usage.BDK_3, "4": Usage.BDK_4}

CheckValue6 = Annotated[str, Text("H", 6, 6)]


class GenerateKey(Message):
    mode: Annotated[str, Choice(("0", "1", "A", "B"))]
    key_type: HostKeyType
    scheme: Scheme
    derivation: Annotated[str | None, When("mode", _DERIVING, Choice(("0",)))]
    master_type: Annotated[str | None, When("mode", _DERIVING, Choice(tuple(_MASTERS)))]
    master_key: Annotated[str | None, When("mode", _DERIVING, Key("BDK", untagged=32))]
    serial: Annotated[str | None, When("mode", _DERIVING, Text("H", 15, 16))]
    wrapping_key_flag: Annotated[
        str | None,
        When("mode", _EXPORTING, Pattern("(?:;[01]|[01](?=[SRUTXYK]))?", "[ [ ';' ] 0 ZMK or 1 TMK ]")),
    ]
    wrapping_key: Annotated[str | None, When("mode", _EXPORTING, Key("ZMK or TMK", untagged=ZMK_WIDTH))]
    export_scheme: Annotated[str | None, When("mode", _EXPORTING, Text("L", 1, 1, wrong=r.KeySchemeInvalid))]
    atalla: Annotated[str | None, When("mode", _EXPORTING, Pattern("[0-9]{0,2}", "[ 1-2 N Atalla variant ]"))]
    lmk: LmkChoice
    attributes: NewAttributes
    exportability: NewExportability
    block_version: BlockVersion


class KeyGenerated(Message):
    key: AnyKey
    exported_key: Annotated[
        str,
        Pattern(
            "(?:(?:[UX][0-9A-F]{32}|[TY][0-9A-F]{48}|[SR][!-~]{16,9999}|(?:[0-9A-F]{16}){1,3})"
            "(?=[0-9A-F]{6}(?:\x19|\\Z)))?",
            "[ the key under the ZMK or TMK, modes 1 and B ]",
        ),
    ]
    check_value: CheckValue6


@thales.command("A0")
def generate_key(ask: GenerateKey, hsm: Hsm) -> KeyGenerated:
    """Generate a key, or derive a DUKPT initial key, and give it out under a ZMK or TMK if asked to.

    Modes: 0 generate, 1 generate and export, A derive, B derive and export.  Public sources disagree whether ``;``
    stands before the flag that tells ZMK from TMK, and whether there is a flag: with or without either is understood,
    and no flag means ZMK.  The flag without ``;`` needs a key with a scheme letter after it.

    The key's length follows from its scheme: U or X double, T or Y triple, Z or 0 single (double for types that are
    always so, and for a ZMK unless the setting says single).  Under a key-block LMK the field after ``#`` gives usage,
    algorithm and length; without it a key of a given type is a double-length key with the type's usage, no limit of its
    mode, and exportable.

    Mode A and B: the derivation field is 0; the master key's type is 1 for BDK-1 to 4 for BDK-4; the serial number is
    the initial key identifier (16 H) for AES, and the left 15 or 16 H of the key serial number for triple DES.

    An initial key of triple DES is derived and given out with its parity bits as they come, since later steps use them;
    under a variant LMK, where parity is the only check, it is kept with odd parity.  So give it out here, in mode B:
    from under a variant LMK A8 refuses it (29).

    Making a ZMK (type 000; usage 52 or K0) needs the activity generate.000, giving a key out needs export.
    """
    key_type = type_of(ask.key_type)
    beside = hsm.stored(ask.master_key or ask.wrapping_key or "")
    key = _derived(ask, hsm) if ask.mode in _DERIVING else _drawn(ask, key_type, hsm, beside)
    token = generate.under_lmk(hsm, key, key_type, ask.scheme, beside)
    exported = _exported(ask, key, key_type, hsm, beside) if ask.mode in _EXPORTING else ""
    if not exported and (ask.exportability or ask.block_version):
        raise r.InputInvalid
    return KeyGenerated(key=token, exported_key=exported, check_value=check_value(key))


def _drawn(ask: GenerateKey, key_type: KeyType | None, hsm: Hsm, beside: str) -> ClearKey:
    attributes = asked_of(ask.attributes)
    generate.authorise_new(hsm, key_type, attributes, beside)
    if ask.attributes is None:
        algorithm, key_bytes = Algorithm.TDES, generate.des_bytes_for(hsm, ask.scheme, key_type)
    else:
        algorithm, key_bytes = ALGORITHMS[ask.attributes.algorithm]
    if attributes is not None and hsm.lmk_for(beside).kind == "variant":
        raise r.InputInvalid
    return generate.new_key(hsm, algorithm, key_bytes, attributes)


def _derived(ask: GenerateKey, hsm: Hsm) -> ClearKey:
    assert ask.master_key is not None  # the walk reads all four in these modes
    assert ask.serial is not None
    assert ask.master_type is not None
    bdk = hsm.key(ask.master_key, _MASTERS[ask.master_type])
    if ask.attributes is None:
        return generate.new_initial_key(hsm, bdk, ask.serial, bdk.key_bytes)
    algorithm, key_bytes = ALGORITHMS[ask.attributes.algorithm]
    if algorithm is not bdk.algorithm:
        raise r.KeyBlockAlgorithmInvalid
    if hsm.lmk_for(hsm.stored(ask.master_key)).kind == "variant":
        raise r.InputInvalid
    return generate.new_initial_key(hsm, bdk, ask.serial, key_bytes, asked_of(ask.attributes))


def _exported(ask: GenerateKey, key: ClearKey, key_type: KeyType | None, hsm: Hsm, beside: str) -> str:
    assert ask.wrapping_key is not None  # the walk reads both in these modes
    assert ask.export_scheme is not None
    wrapping = hsm.stored(ask.wrapping_key)
    check_one_lmk(hsm, beside, wrapping)
    hsm.authorise(f"export.{activity_of(key, key_type)}", wrapping)
    kek = hsm.key(wrapping, Usage.TMK if (ask.wrapping_key_flag or "").endswith("1") else Usage.ZMK)
    return export_key(
        hsm,
        kek,
        key,
        key_type,
        ask.export_scheme,
        atalla=ask.atalla or "",
        exportability=ask.exportability or "",
        version=ask.block_version or "",
        freshly_derived=ask.mode in _DERIVING,
    )


class FormKey(Message):
    component_count: Annotated[int, Number(1, 2, 9, wrong=r.ComponentCountInvalid)]
    key_type: HostKeyType
    scheme: Scheme
    components: Annotated[tuple[str, ...], Repeated("component_count", Key("component"))]
    lmk: LmkChoice
    version: Annotated[FormedKeyVersion | None, Maybe("#", Group(FormedKeyVersion))]


class KeyFormed(Message):
    key: GivenKey
    check_value: CheckValue6


@thales.command("A4", needs="component.{key_type}")
def form_key(ask: FormKey, hsm: Hsm) -> KeyFormed:
    """Form a key from 2 to 9 components that are each under the LMK as a key of its type.

    Key-block components carry the key versions c1, c2 and so on, each once, and are otherwise alike (B5); the field
    after ``#`` gives the version of the key.  A key that comes out zero or weak is refused (11), and, where the setting
    asks for distinct components, two that are equal (15).
    """
    key_type = type_of(ask.key_type)
    tokens = [hsm.stored(token) for token in ask.components]
    check_one_lmk(hsm, *tokens)
    hsm.authorise(f"component.{ask.key_type}", tokens[0])
    components = [hsm.typed(token, key_type) for token in tokens]
    if ask.version is not None and components[0].attributes is None:
        raise r.InputInvalid
    key = generate.form_key(hsm, components, ask.version.key_version if ask.version else "00")
    return KeyFormed(key=generate.under_lmk(hsm, key, key_type, ask.scheme, tokens[0]), check_value=check_value(key))
