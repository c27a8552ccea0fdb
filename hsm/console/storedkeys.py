"""LSK, VSK, DSK: the keys that the appliance stores for Eracom hosts, by type and index, under the Domain Master Key."""

from __future__ import annotations

from types import MappingProxyType

from hsm.appliance import Hsm
from hsm.console.declaration import SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say, chosen, confirmed, matching, number
from hsm.console.km import LENGTH_WORDS, asked_type, components, key_length, purpose_of, refusals_told
from hsm.console.people import two_officers
from hsm.keys.domain import StoredKey, key_in, usual_scheme
from hsm.keys.domaintypes import DOMAIN_KEY_TYPES, KI, KIR, KIS, KTM, PVK, DomainKeyType
from hsm.keys.generate import form
from hsm.keys.km import TABLE_BYTES, Held, KeyAndTable, VariantScheme, check_value
from hsm.keys.secret import ClearKey
from hsm.operations import domainkeys, domains
from hsm.operations.decimalisation import admitted_table
from hsm.policy.authority import Interface
from hsm.refusal import KeyLengthInvalid

COMPONENTS, TRANSPORT = "C", "T"
_TRANSPORT_KEYS = (KIS, KIR, KI, KTM)
_ZMK = "000"
_ALSO_MADE_AS = MappingProxyType(dict.fromkeys((KIS, KIR, KI), _ZMK))
"""A zone's master key is one key, whatever the dialect: its components on cards form either."""
_SCHEMES = MappingProxyType(
    {
        "N": VariantScheme.NONE,
        "E": VariantScheme.ERACOM,
        "A": VariantScheme.ATALLA,
        "S": VariantScheme.AS2805,
    }
)


def _place() -> Dialogue[tuple[DomainKeyType, int]]:
    row = yield from asked_type("Enter key type: ")
    assert row is not None  # what may be no type is asked for otherwise
    return row, (yield from number("Enter index", 1, domains.INDEX_MAX))


@console.command("LSK", SECURE, ceremony=True)
def load_stored_key(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Store a key under a type and an index: from components of 2 to 9 custodians, or from under a stored KIR or KI.

    Asks for key type (two digits), index (1 to 9999) and source.  Components (C): the length (1 single, 2 double,
    3 triple), how many there are, and each custodian's card, with the component on it or typed, never echoed; for a key of
    type 07 its decimalisation table as well.  A KIS, KIR or KI forms of the components that GS made of a ZMK, too.
    Under a transport key (T): two officers, the KIR or KI by its index, ECB or CBC, and the cryptogram.

    For a transport key asks how it is changed by the type of the keys under it: N not at all, E Eracom's variants, A
    Atalla's, S AS 2805's.  The check value must be confirmed.
    """
    appliance = desk.appliance
    row, index = yield from _place()
    with refusals_told():
        domains.check_free(appliance, row, index)
    held = yield from (_formed if (yield from _source()) == COMPONENTS else _from_under)(desk, row)
    domains.check_storable(appliance, row, held)
    scheme = (yield from _scheme(row)) if row in _TRANSPORT_KEYS else None
    yield Say(f"Key check value: {_kvc(held)}")
    if not (yield from confirmed("Store this key?")):
        raise Abandoned("Not stored.")
    with refusals_told():
        domains.store(appliance, row, index, held, scheme)
    yield Say(f"{row.name} {index} is stored.")


def _source() -> Dialogue[str]:
    return (yield from chosen("From components or under a transport key", (COMPONENTS, TRANSPORT), COMPONENTS))


def _scheme(row: DomainKeyType) -> Dialogue[VariantScheme]:
    usual = next(letter for letter, scheme in _SCHEMES.items() if scheme is usual_scheme(row))
    return _SCHEMES[(yield from chosen("Variants of keys under it", tuple(_SCHEMES), usual))]


def _kvc(held: Held) -> str:
    return check_value(key_in(held)).hex().upper()


def _hsm(desk: Desk) -> Hsm:
    return desk.appliance.view(None, interface=Interface.CONSOLE)


def _formed(desk: Desk, row: DomainKeyType) -> Dialogue[Held]:
    key_bytes = yield from key_length(single=True)
    if row is PVK and key_bytes > 16:
        raise KeyLengthInvalid
    purposes = {purpose_of(row), *([_ALSO_MADE_AS[row]] if row in _ALSO_MADE_AS else [])}
    key: ClearKey = form((yield from components(desk, purposes, key_bytes)), distinct=True)
    if row is not PVK:
        return key
    asked = f"Enter decimalisation table ({2 * TABLE_BYTES} digits): "
    table = yield from matching(asked, f"[0-9]{{{2 * TABLE_BYTES}}}", f"{2 * TABLE_BYTES} digits", secret=True)
    return KeyAndTable(key, admitted_table(_hsm(desk), table))


def _from_under(desk: Desk, row: DomainKeyType) -> Dialogue[Held]:
    yield from two_officers(desk)
    which = yield from chosen("Under a KIR or a KI", (KIR.name, KI.name), KIR.name)
    above = KIR if which == KIR.name else KI
    index = yield from number(f"Enter index of the {above.name}", 1, domains.INDEX_MAX)
    cbc = (yield from chosen("ECB or CBC", ("ECB", "CBC"), "ECB")) == "CBC"
    text = yield from matching("Enter encrypted key: ", "(?:[0-9A-F]{16}){1,3}", "16, 32 or 48 hexadecimal digits")
    hsm = _hsm(desk)
    transport = hsm.domain.transport_key(domainkeys.specifier_of(index), (above,))
    return domainkeys.taken_in(hsm, transport, bytes.fromhex(text), row, cbc=cbc)


_ROW = "{:<5}{:<9}{:<7}{:<8}{:<10}{}"


@console.command("VSK", words="[TYPE]")
def view_stored_keys(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show the table of stored keys, or those of one type: type, index, length, variants, and check value."""
    if len(words) > 1 or not all(word in DOMAIN_KEY_TYPES for word in words):
        raise Abandoned("VSK takes nothing or one key type of two digits behind its name.")
    with refusals_told():
        stored = domains.loaded(desk.appliance).stored
    shown = [(place, key) for place, key in sorted(stored.items()) if not words or place[0] in words]
    rows = [_row(DOMAIN_KEY_TYPES[code], index, key) for (code, index), key in shown]
    head = _ROW.format("Type", "Name", "Index", "Length", "Variants", "Check")
    yield Say("\n".join([head, *rows] if rows else ["No key is stored."]))


def _row(row: DomainKeyType, index: int, key: StoredKey) -> str:
    length = len(key.cryptogram) - (TABLE_BYTES if row is PVK else 0)
    scheme = (key.scheme or usual_scheme(row)).name.lower() if row in _TRANSPORT_KEYS else "-"
    return _ROW.format(row.code, row.name, index, LENGTH_WORDS[length], scheme, key.check_value.hex().upper())


@console.command("DSK", SECURE, ceremony=True)
def delete_stored_key(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Delete a stored key by type and index; takes two officers."""
    appliance = desk.appliance
    row, index = yield from _place()
    with refusals_told():
        found = domains.stored_at(appliance, row, index)
    yield from two_officers(desk)
    yield Say(f"{row.name} {index}, check value: {found.check_value.hex().upper()}")
    if not (yield from confirmed("Delete it?")):
        raise Abandoned("Not deleted.")
    with refusals_told():
        domains.unstore(appliance, row, index)
    yield Say("Deleted.")
