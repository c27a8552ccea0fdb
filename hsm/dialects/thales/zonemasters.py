"""Zone master keys, formed from components and received under one another: BY GG GY."""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales import crossing
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.crossing import KeyReceived, Tail
from hsm.dialects.thales.fields import ZMK_WIDTH, Atalla, Extension, Zmk
from hsm.operations import exchange
from hsm.operations.generate import form_key
from hsm.refusal import Advised
from hsm.wire.kinds import Number
from hsm.wire.message import Message
from hsm.wire.shapes import Key, Repeated

CATEGORY = Category.KEY
Component = Annotated[str, Key("ZMK component", untagged=ZMK_WIDTH)]


class ReceiveZmk(Message):
    zmk: Zmk
    new_zmk: Zmk
    atalla_variant: Atalla
    extension: Tail


@thales.command("BY")
def receive_zmk(ask: ReceiveZmk, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a ZMK from under another ZMK to under the LMK; needs the activity import.000.

    The setting "Enable ZMK translate command" switches it off.  Parity and key blocks as for FA.
    """
    fields = (ask.zmk, ask.new_zmk, ask.atalla_variant, ask.extension)
    return crossing.receive(hsm, fields, crossing.ZMK, authority="import.000")


class FormZmkOfThree(Message):
    first: Component
    second: Component
    third: Component
    extension: Tail


@thales.command("GG")
def form_zmk_of_three(ask: FormZmkOfThree, hsm: Hsm) -> KeyReceived:
    """Form a ZMK of three components; needs the activity component.000.

    The HSM 8000 manual has the components under a variant of LMK pair 04-05; the one public exchange, another
    simulator's, has them under the pair itself, like ZMKs.  A setting says which.  That simulator puts an X before the
    ZMK although no scheme was asked for; here it follows the scheme of the components.  Wrong parity of the first is 10,
    of another 11; a ZMK that comes out zero or weak is 11.
    """
    return _formed(hsm, (ask.first, ask.second, ask.third), ask.extension)


class FormZmk(Message):
    count: Annotated[int, Number(1, 2, 9, wrong=r.ComponentCountInvalid)]
    components: Annotated[tuple[str, ...], Repeated("count", Key("ZMK component", untagged=ZMK_WIDTH))]
    extension: Tail


@thales.command("GY")
def form_zmk(ask: FormZmk, hsm: Hsm) -> KeyReceived:
    """Form a ZMK of two to nine components; needs the activity component.000.  All else as for GG."""
    return _formed(hsm, ask.components, ask.extension)


def _formed(hsm: Hsm, asked: tuple[str, ...], extension: Extension | None) -> KeyReceived:
    tail = extension or crossing.NONE_SAID
    tokens = [hsm.stored(token) for token in asked]
    hsm.authorise("component.000", tokens[0])
    key_type = crossing.ZMK_COMPONENT if hsm.settings.zmk_component_variant else crossing.ZMK
    components = [
        hsm.typed(token, key_type, parity=r.DestinationKeyParity if place else r.SourceKeyParity)
        for place, token in enumerate(tokens)
    ]
    key = form_key(hsm, components)
    formed = exchange.keep(hsm, key, tokens[0], crossing.ZMK, tail.lmk_scheme)
    return KeyReceived(key_under_lmk=formed, check_value=crossing.shown(hsm, key, tail.check_value_type))
