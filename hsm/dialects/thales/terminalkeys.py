"""Keys of terminals, and PVKs, that travel under a TMK or a ZMK: AE AG FC FE FG HA HC MG MI."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales import crossing
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.crossing import KeyReceived, KeySent, Tail
from hsm.dialects.thales.fields import AnyKey, Atalla, GivenKey, KeyCheckValue, Tak, Tmk, Zmk
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KeyType, Usage
from hsm.operations import exchange
from hsm.operations.border import check_one_lmk
from hsm.refusal import Advised, DestinationKeyParity
from hsm.wire.message import Message

CATEGORY = Category.KEY


class MakeTerminalKey(Message):
    current_key: Tmk
    extension: Tail


class TerminalKeyMade(Message):
    key_under_current: AnyKey
    key_under_lmk: AnyKey


@thales.command("HC")
def make_terminal_key(ask: MakeTerminalKey, hsm: Hsm) -> TerminalKeyMade:
    """Make a TMK, TPK or PVK, under the current one and under the LMK.

    Without the tail it is of single length, as the HSM 8000 gave it.  Where types are told apart - by the setting
    "Enforce key type 002 separation", or by a key block - the current key has to be a TMK and the new one is a TMK too,
    since the request can't say otherwise; there A0 makes TPKs and PVKs.
    """
    token, tail = hsm.stored(ask.current_key), ask.extension or crossing.NONE_SAID
    current = hsm.key(token, Usage.TMK)
    own = current.attributes
    made = exchange.make(
        hsm,
        current,
        crossing.terminal_key_type(hsm, Usage.TMK),
        (tail.transport_scheme, tail.lmk_scheme),
        beside=token,
        block_usage=own.usage if own else "51",
        mode=own.mode if own else "N",
    )
    return TerminalKeyMade(key_under_current=made.under_kek, key_under_lmk=made.under_lmk)


class MakeTak(Message):
    tmk: Tmk
    extension: Tail


class TakMade(Message):
    tak_under_tmk: AnyKey
    tak_under_lmk: AnyKey


@thales.command("HA")
def make_tak(ask: MakeTak, hsm: Hsm) -> TakMade:
    """Make a TAK, under a TMK and under the LMK, without check value; lengths as for HC.

    Under a key-block LMK it has the usage M3 and no limit on its mode.
    """
    token, tail = hsm.stored(ask.tmk), ask.extension or crossing.NONE_SAID
    schemes = (tail.transport_scheme, tail.lmk_scheme)
    made = exchange.make(hsm, hsm.key(token, Usage.TMK), crossing.TAK, schemes, beside=token)
    return TakMade(tak_under_tmk=made.under_kek, tak_under_lmk=made.under_lmk)


class SendTerminalKey(Message):
    current_key: Tmk
    stored_key: AnyKey
    extension: Tail


class TerminalKeySent(Message):
    key_under_current: AnyKey


@thales.command("AE")
def send_terminal_key(ask: SendTerminalKey, hsm: Hsm) -> TerminalKeySent:
    """Give a stored TMK, TPK or PVK out from under the LMK to under the current TMK, without check value.

    With the setting "Enforce key type 002 separation" the current key is a TMK and the stored one a TPK.
    """
    separated = hsm.settings.enforce_key_type_002_separation
    key_type = Usage.TPK.key_type(True) if separated else crossing.PVK
    sent, _ = _sent(
        hsm, ask.current_key, ask.stored_key, key_type, (ask.extension or crossing.NONE_SAID).transport_scheme
    )
    return TerminalKeySent(key_under_current=sent)


class SendTakToTerminal(Message):
    tmk: Tmk
    tak: Tak
    extension: Tail


class TakSentToTerminal(Message):
    key_under_tmk: GivenKey
    check_value: KeyCheckValue


@thales.command("AG")
def send_tak_to_terminal(ask: SendTakToTerminal, hsm: Hsm) -> TakSentToTerminal:
    """Give a TAK out from under the LMK to under a TMK.

    The one public source that shows the reply ends it with the check value, unlike AE's; so does this.
    """
    tail = ask.extension or crossing.NONE_SAID
    sent, key = _sent(hsm, ask.tmk, ask.tak, crossing.TAK, tail.transport_scheme)
    return TakSentToTerminal(key_under_tmk=sent, check_value=crossing.shown(hsm, key, tail.check_value_type))


def _sent(hsm: Hsm, tmk: str, key: str, key_type: KeyType, scheme: str) -> tuple[str, ClearKey]:
    kek_token, token = hsm.stored(tmk), hsm.stored(key)
    check_one_lmk(hsm, kek_token, token)
    kek = hsm.key(kek_token, Usage.TMK)
    clear = hsm.typed(token, key_type, parity=DestinationKeyParity)
    return exchange.send(hsm, kek, token, clear, key_type, scheme), clear


class ReceiveTerminalKey(Message):
    zmk: Zmk
    key: AnyKey
    atalla_variant: Atalla
    extension: Tail


@thales.command("FC")
def receive_terminal_key(ask: ReceiveTerminalKey, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a TMK, TPK or PVK from under a ZMK to under the LMK; needs the activity import.002.

    The HSM 8000 manual asks for the authorised state; another simulator does not.  Parity and key blocks as for FA.  With
    the setting "Enforce key type 002 separation" type 002 is the PVK alone: TMKs and TPKs come by A6.
    """
    fields = (ask.zmk, ask.key, ask.atalla_variant, ask.extension)
    return crossing.receive(hsm, fields, crossing.PVK, authority="import.002")


class SendTerminalKeyToZone(Message):
    zmk: Zmk
    key: AnyKey
    atalla_variant: Atalla
    extension: Tail


@thales.command("FE")
def send_terminal_key_to_zone(ask: SendTerminalKeyToZone, hsm: Hsm) -> KeySent:
    """Give a TMK, TPK or PVK out from under the LMK to under a ZMK; needs the activity export.002.  Types as for FC."""
    return crossing.send(hsm, (ask.zmk, ask.key, ask.atalla_variant, ask.extension), crossing.PVK)


class ReceiveTak(Message):
    zmk: Zmk
    tak: Tak
    atalla_variant: Atalla
    extension: Tail


@thales.command("MI")
def receive_tak(ask: ReceiveTak, hsm: Hsm) -> KeyReceived | Advised[KeyReceived]:
    """Bring a TAK from under a ZMK to under the LMK; parity and key blocks as for FA."""
    return crossing.receive(hsm, (ask.zmk, ask.tak, ask.atalla_variant, ask.extension), crossing.TAK)


class SendTak(Message):
    zmk: Zmk
    tak: Tak
    atalla_variant: Atalla
    extension: Tail


@thales.command("MG")
def send_tak(ask: SendTak, hsm: Hsm) -> KeySent:
    """Give a TAK out from under the LMK to under a ZMK; needs the activity export.003, as every key's way out does."""
    return crossing.send(hsm, (ask.zmk, ask.tak, ask.atalla_variant, ask.extension), crossing.TAK)


class MakePvkPair(Message):
    zmk: Zmk
    atalla_variant: Atalla
    extension: Tail


class PvkPairMade(Message):
    first_under_lmk: AnyKey
    first_under_zmk: AnyKey
    second_under_lmk: AnyKey
    second_under_zmk: AnyKey
    first_check_value: KeyCheckValue
    second_check_value: KeyCheckValue


@thales.command("FG")
def make_pvk_pair(ask: MakePvkPair, hsm: Hsm) -> PvkPairMade:
    """Make two PVKs, each under the LMK and under a ZMK; needs the activity export.002.

    The manual's page is public only as far as the second key: two random keys, each under the LMK first.  Chosen here:
    a check value of each at the end, 16H for type 0 and 6H for types 1 and 2 (which the manual calls 6H for each key);
    the schemes hold for both keys, and without the tail both are of single length.  Another simulator makes one
    double-length key instead, under the ZMK first.  In key blocks the usage is V0.
    """
    zmk, tail = hsm.stored(ask.zmk), ask.extension or crossing.NONE_SAID
    hsm.authorise("export.002", zmk)
    kek = hsm.key(zmk, Usage.ZMK)
    schemes = (tail.transport_scheme, tail.lmk_scheme)
    first, second = (
        exchange.make(hsm, kek, crossing.PVK, schemes, atalla=ask.atalla_variant, beside=zmk, block_usage="V0")
        for _ in range(2)
    )
    kind = "0" if tail.check_value_type == "0" else "1"
    return PvkPairMade(
        first_under_lmk=first.under_lmk,
        first_under_zmk=first.under_kek,
        second_under_lmk=second.under_lmk,
        second_under_zmk=second.under_kek,
        first_check_value=crossing.shown(hsm, first.key, kind),
        second_check_value=crossing.shown(hsm, second.key, kind),
    )
