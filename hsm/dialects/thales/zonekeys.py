"""Keys of a zone, made, received and sent under a ZMK: FA FI FK FM GC IA."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales import crossing
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.crossing import KeyMade, KeyReceived, KeySent, Tail
from hsm.dialects.thales.fields import AnyKey, Atalla, Zmk, Zpk
from hsm.keys.scheme import is_block
from hsm.keys.usage import KEY_TYPES
from hsm.refusal import Advised
from hsm.wire.kinds import Choice
from hsm.wire.message import Message

CATEGORY = Category.KEY
ZekOrZak = Annotated[str, Choice(("0", "1"))]
"""0 for a ZEK, 1 for a ZAK."""
_ZEK = KEY_TYPES["00A"]
_BY_FLAG = {"0": _ZEK, "1": KEY_TYPES["008"]}


class MakeZpk(Message):
    zmk: Zmk
    atalla_variant: Atalla
    extension: Tail


@thales.command("IA")
def make_zpk(ask: MakeZpk, hsm: Hsm) -> KeyMade:
    """Make a ZPK, under a ZMK for another zone and under the LMK for this one.

    The ZPK under the ZMK comes first, unlike in the reply of A0.  Without the tail it is of single length, which is what
    the HSM 8000 gave; under a key-block LMK it is of the ZMK's algorithm and length, with no limit on its mode.
    """
    return crossing.make(hsm, (ask.zmk, ask.atalla_variant, ask.extension), crossing.ZPK)


class ReceiveZpk(Message):
    zmk: Zmk
    zpk: Zpk
    atalla_variant: Atalla
    extension: Tail


@thales.command("FA")
def receive_zpk(ask: ReceiveZpk, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a ZPK from under a ZMK to under the LMK.

    A ZPK of wrong parity is made odd and given under code 01.  Under a key-block LMK it has to come in a key block (A1).
    """
    return crossing.receive(hsm, (ask.zmk, ask.zpk, ask.atalla_variant, ask.extension), crossing.ZPK)


class SendZpk(Message):
    zmk: Zmk
    zpk: Zpk
    atalla_variant: Atalla
    extension: Tail


@thales.command("GC")
def send_zpk(ask: SendZpk, hsm: Hsm) -> KeySent:
    """Give a ZPK out from under the LMK to under a ZMK; needs the activity export.001."""
    return crossing.send(hsm, (ask.zmk, ask.zpk, ask.atalla_variant, ask.extension), crossing.ZPK)


class MakeZekOrZak(Message):
    flag: ZekOrZak
    zmk: Zmk
    atalla_variant: Atalla
    extension: Tail


@thales.command("FI")
def make_zek_or_zak(ask: MakeZekOrZak, hsm: Hsm) -> KeyMade:
    """Make a ZEK or a ZAK, under a ZMK and under the LMK; lengths as for IA."""
    return crossing.make(hsm, (ask.zmk, ask.atalla_variant, ask.extension), _BY_FLAG[ask.flag])


class ReceiveZekOrZak(Message):
    flag: ZekOrZak
    zmk: Zmk
    key: AnyKey
    atalla_variant: Atalla
    extension: Tail


@thales.command("FK")
def receive_zek_or_zak(ask: ReceiveZekOrZak, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a ZEK or a ZAK from under a ZMK to under the LMK; parity and key blocks as for FA.

    A ZEK that comes in no key block needs the activity import.00A, as in A6: the same cryptogram might be a PIN key's,
    and PIN blocks would then be data (Clayton and Bond, 2001).
    """
    key_type = _BY_FLAG[ask.flag]
    authority = "import.00A" if key_type is _ZEK and not is_block(hsm.stored(ask.key)) else ""
    fields = (ask.zmk, ask.key, ask.atalla_variant, ask.extension)
    return crossing.receive(hsm, fields, key_type, authority=authority)


class SendZekOrZak(Message):
    flag: ZekOrZak
    zmk: Zmk
    key: AnyKey
    atalla_variant: Atalla
    extension: Tail


@thales.command("FM")
def send_zek_or_zak(ask: SendZekOrZak, hsm: Hsm) -> KeySent:
    """Give a ZEK or a ZAK out from under the LMK to under a ZMK; needs the activity export.00A or export.008."""
    return crossing.send(hsm, (ask.zmk, ask.key, ask.atalla_variant, ask.extension), _BY_FLAG[ask.flag])
