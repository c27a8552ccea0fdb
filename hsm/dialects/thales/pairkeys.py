"""Keys that are double length by nature, CVK pairs and BDKs, made, received and sent: AS AU AW BI DW DY."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales import crossing
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.crossing import KeyReceived, KeySent, Tail
from hsm.dialects.thales.fields import Atalla, Bdk, Cvk, KeyCheckValue, Zmk
from hsm.operations import exchange
from hsm.refusal import Advised
from hsm.wire.message import Message
from hsm.wire.shapes import Key

CATEGORY = Category.KEY
Pair = Annotated[str, Key("pair", untagged=32)]


class MakeCvkPair(Message):
    extension: Tail


class CvkPairMade(Message):
    cvk_under_lmk: Pair
    check_value: KeyCheckValue


@thales.command("AS")
def make_cvk_pair(ask: MakeCvkPair, hsm: Hsm) -> CvkPairMade:
    """Make a CVK pair.

    Scheme 0 under the LMK gives CVK A and CVK B of 16H each, U one double-length key.  Check values: type 0 is 6H of A
    and 6H of B, type 1 is 6H of the whole.  The HSM 8000 keeps type 0 for scheme 0; here either goes with either.
    """
    tail = ask.extension or crossing.NONE_SAID
    key, kept = exchange.make_for_lmk(hsm, crossing.CVK, tail.lmk_scheme)
    return CvkPairMade(cvk_under_lmk=kept, check_value=crossing.shown_for_pair(hsm, key, tail.check_value_type))


class ReceiveCvkPair(Message):
    zmk: Zmk
    cvk: Cvk
    atalla_variant: Atalla
    extension: Tail


@thales.command("AW")
def receive_cvk_pair(ask: ReceiveCvkPair, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a CVK pair from under a ZMK to under the LMK; check values as for AS, parity and key blocks as for FA.

    The manual's error list has 11 for a CVK of wrong parity; other imports take the key, make it odd and advise 01, and
    so does this.
    """
    fields = (ask.zmk, ask.cvk, ask.atalla_variant, ask.extension)
    return crossing.receive(hsm, fields, crossing.CVK, show=crossing.shown_for_pair)


class SendCvkPair(Message):
    zmk: Zmk
    cvk: Cvk
    atalla_variant: Atalla
    extension: Tail


@thales.command("AU")
def send_cvk_pair(ask: SendCvkPair, hsm: Hsm) -> KeySent:
    """Give a CVK pair out from under the LMK to under a ZMK; needs the activity export.402.  Check values as for AS."""
    fields = (ask.zmk, ask.cvk, ask.atalla_variant, ask.extension)
    return crossing.send(hsm, fields, crossing.CVK, show=crossing.shown_for_pair)


class MakeBdk(Message):
    extension: Tail


class BdkMade(Message):
    bdk_under_lmk: Annotated[str, Key("BDK", untagged=32)]


@thales.command("BI")
def make_bdk(ask: MakeBdk, hsm: Hsm) -> BdkMade:
    """Make a BDK, without check value; scheme 0 under the LMK gives 32H."""
    return BdkMade(
        bdk_under_lmk=exchange.make_for_lmk(hsm, crossing.BDK, (ask.extension or crossing.NONE_SAID).lmk_scheme)[1]
    )


class ReceiveBdk(Message):
    zmk: Zmk
    bdk: Bdk
    atalla_variant: Atalla
    extension: Tail


@thales.command("DW")
def receive_bdk(ask: ReceiveBdk, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a BDK from under a ZMK to under the LMK.

    Check values: 8H for types 0 and 2, 6H for type 1.  Parity and key blocks as for FA.
    """
    fields = (ask.zmk, ask.bdk, ask.atalla_variant, ask.extension)
    return crossing.receive(hsm, fields, crossing.BDK, show=crossing.shown_for_bdk)


class SendBdk(Message):
    zmk: Zmk
    bdk: Bdk
    atalla_variant: Atalla
    extension: Tail


@thales.command("DY")
def send_bdk(ask: SendBdk, hsm: Hsm) -> KeySent:
    """Give a BDK out from under the LMK to under a ZMK; needs the activity export.009.  Check values as for DW."""
    fields = (ask.zmk, ask.bdk, ask.atalla_variant, ask.extension)
    return crossing.send(hsm, fields, crossing.BDK, show=crossing.shown_for_bdk)
