"""LK, LO, LN, V, VT, DM, DO: local master keys loaded, shown and deleted.

Test LMKs, which are those published for tests, and live ones are not loaded together unless a setting allows it.
Nothing is changed before the last question is answered, and an LMK is at rest before it is in force.  What touches an LMK
that is loaded needs the activity ``admin`` authorised under that LMK.
"""

from __future__ import annotations

from hsm.console.declaration import SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, chosen, confirmed, lmk_id
from hsm.console.lmkcomponents import SCHEME_WORDS, TEST_WORDS, lmk_from_cards, lmk_typed, refusals_told
from hsm.keys.components import CHECK_DIGITS
from hsm.keys.masters import Lmk, form_of
from hsm.operations import lmks
from hsm.operations.lmks import Store
from hsm.policy.authority import Interface


def _authorised_id(desk: Desk) -> Dialogue[str]:
    """An LMK identifier under which ``admin`` is authorised.  Raises NotAuthorised."""
    place = yield from lmk_id()
    desk.appliance.gate.authorise("admin", place, Interface.CONSOLE)
    return place


def _load(desk: Desk, store: Store) -> Dialogue[None]:
    place = yield from (lmk_id() if store is Store.CURRENT else _authorised_id(desk))
    with refusals_told():
        lmks.check_place(desk.appliance, store, place)
    comment = (yield Ask("Enter comments: ")).strip()
    with refusals_told():
        lmks.check_comment(comment)
    source = yield from chosen("Components from cards or keyboard", ("C", "K"), "C")
    lmk = yield from (lmk_from_cards if source == "C" else lmk_typed)(desk, place, comment)
    with refusals_told():
        lmks.check_status(desk.appliance, lmk.is_test)
    yield Say(f"LMK check value: {lmk.check_value[:CHECK_DIGITS]}")
    if not (yield from confirmed("Load this LMK?")):
        raise Abandoned("Not loaded.")
    with refusals_told():
        lmks.load(desk.appliance, store, lmk)
    where = "loaded" if store is Store.CURRENT else f"in key change storage as {store.value} LMK"
    yield Say(f"LMK {place} is {where}.")


@console.command("LK", SECURE, ceremony=True)
def load_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Load an LMK from the components of its custodians, on cards or typed.

    Components on cards must be one whole set of GK, each on the card of another custodian.  Each component's check value
    is shown, and the LMK's before it is loaded.  Typed components are never echoed.
    """
    yield from _load(desk, Store.CURRENT)


@console.command("LO", SECURE, ceremony=True)
def load_old_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Load an old LMK into key change storage, for keys that come from under it to the LMK in force.

    An LMK of that identifier must be loaded, and ``admin`` authorised under it.  From a key block LMK no key goes to a
    variant LMK.
    """
    yield from _load(desk, Store.OLD)


@console.command("LN", SECURE, ceremony=True)
def load_new_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Load a new LMK into key change storage, for keys that go from under the LMK in force to it.

    An LMK of that identifier must be loaded, and ``admin`` authorised under it.  From a key block LMK no key goes to a
    variant LMK.
    """
    yield from _load(desk, Store.NEW)


@console.command("V")
def verify_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show the check value of an LMK, as NC answers it."""
    place = yield from lmk_id()
    yield Say(f"Check: {desk.hsm(place).lmk_for().check_value}")


_ROW = "{:<4}{:<12}{:<11}{:<12}{:<8}{:<8}{}"
_STORED_ROW = "{:<4}{:<5}{:<11}{:<12}{:<8}{:<8}{}"


@console.command("VT")
def view_lmk_table(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show all LMKs and the key change storage: scheme, algorithm, status, check value and comments."""
    appliance = desk.appliance
    active = appliance.authority.active(appliance.clock.monotonic())
    rows = []
    for place, lmk in sorted(appliance.state.lmks.items()):
        activities = sum(grant.lmk_id == place for grant in active)
        rows.append(_ROW.format(place, f"Yes({activities})" if activities else "No", *_row(lmk)).rstrip())
    head = _ROW.format("ID", "Authorised", "Scheme", "Algorithm", "Status", "Check", "Comments")
    yield Say("\n".join(["LMK table:", head, *rows] if rows else ["No LMK is loaded."]))
    rows = [
        _STORED_ROW.format(place, store.value.capitalize(), *_row(lmk)).rstrip()
        for store in (Store.OLD, Store.NEW)
        for place, lmk in sorted(lmks.loaded(appliance, store).items())
    ]
    head = _STORED_ROW.format("ID", "As", "Scheme", "Algorithm", "Status", "Check", "Comments")
    yield Say("\n".join(["Key change storage:", head, *rows] if rows else ["Key change storage is empty."]))


def _row(lmk: Lmk) -> tuple[str, str, str, str, str]:
    scheme, algorithm = SCHEME_WORDS[form_of(lmk)]
    return scheme, algorithm, TEST_WORDS[lmk.is_test], lmk.check_value[:CHECK_DIGITS], lmk.name


def _delete(desk: Desk, store: Store, place: str) -> Dialogue[None]:
    found = lmks.loaded(desk.appliance, store).get(place)
    if found is not None:
        what = "LMK" if store is Store.CURRENT else f"{store.value.capitalize()} LMK"
        yield Say(f"{what} {place}, check value: {found.check_value[:CHECK_DIGITS]}")
        if not (yield from confirmed("Delete it?")):
            raise Abandoned("Not deleted.")
    with refusals_told():
        lmks.delete(desk.appliance, store, place)
    yield Say("Deleted.")


@console.command("DM", SECURE, ceremony=True)
def delete_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Delete an LMK, with its key change storage and all that is authorised under it; needs ``admin`` under it."""
    place = yield from _authorised_id(desk)
    yield from _delete(desk, Store.CURRENT, place)


@console.command("DO", SECURE, ceremony=True)
def delete_stored_lmk(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Delete an old or new LMK from key change storage; needs ``admin`` authorised under its identifier."""
    place = yield from _authorised_id(desk)
    which = yield from chosen("Old or new", ("O", "N"), "O")
    yield from _delete(desk, Store.OLD if which == "O" else Store.NEW, place)
