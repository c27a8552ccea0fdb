"""LMKs into the appliance and out of it, and into its key change storage.

Test LMKs and live ones are not in one appliance together (PCI PIN Security requirement 19-3), wherever they lie, unless a
setting allows it.  An identifier's key change storage holds one LMK, old or new, so that the direction in which keys
change is never in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from hsm.appliance import Appliance
from hsm.keys.masters import Lmk
from hsm.operations.status import COMMENT_CHARS_MAX

LMKS_LOADED_MAX = 20
"""As many as a payShield takes."""


class LmkRefused(Exception):
    """An LMK can't be loaded or deleted; the message says why."""


class Store(Enum):
    """Where an LMK lies: in force, or in key change storage as the one keys come from or go to."""

    CURRENT = "current"
    OLD = "old"
    NEW = "new"


def loaded(appliance: Appliance, store: Store) -> Mapping[str, Lmk]:
    """The LMKs in *store*, by identifier."""
    state = appliance.state
    return {Store.CURRENT: state.lmks, Store.OLD: state.old_lmks, Store.NEW: state.new_lmks}[store]


def check_place(appliance: Appliance, store: Store, lmk_id: str) -> None:
    """Nothing, if an LMK may go to *store* as *lmk_id*.  Raises LmkRefused when none may."""
    if appliance.state.tampered:
        raise LmkRefused("There was a tamper event, which must be cleared first (CLEARTAMPER).")
    current = appliance.state.lmks
    if store is Store.CURRENT:
        if lmk_id in current:
            raise LmkRefused(f"LMK {lmk_id} is in use: delete it first (DM).")
        if len(current) >= LMKS_LOADED_MAX:
            raise LmkRefused(f"{LMKS_LOADED_MAX} LMKs are loaded, which is the limit.")
        return
    if lmk_id not in current:
        raise LmkRefused(f"No LMK {lmk_id} is loaded.")
    for each in (Store.OLD, Store.NEW):
        if lmk_id in loaded(appliance, each):
            raise LmkRefused(f"Key change storage {lmk_id} has its {each.value} LMK already: delete that first (DO).")


def check_status(appliance: Appliance, is_test: bool) -> None:
    """Nothing, if an LMK of that status would lie among its like, or need not.  Raises LmkRefused."""
    if appliance.settings.test_and_live_lmks:
        return
    for store in Store:
        for lmk_id, lmk in sorted(loaded(appliance, store).items()):
            if lmk.is_test is not is_test:
                mine, its = ("test", "live") if is_test else ("live", "test")
                raise LmkRefused(f"LMK {lmk_id} is a {its} LMK: no {mine} LMK is loaded beside it.")
    domain = appliance.state.domain
    if domain is not None and domain.km.is_test is not is_test:
        mine, its = ("test", "live") if is_test else ("live", "test")
        raise LmkRefused(f"The KM is a {its} key: no {mine} LMK is loaded beside it.")


def check_comment(comment: str) -> None:
    """Nothing, if an LMK may be called *comment*.  Raises LmkRefused."""
    if len(comment) > COMMENT_CHARS_MAX or not (comment.isascii() and comment.isprintable()):
        raise LmkRefused(f"Comments are at most {COMMENT_CHARS_MAX} printable characters.")


def load(appliance: Appliance, store: Store, lmk: Lmk) -> None:
    """Put *lmk* in *store* under its own identifier.

    Raises LmkRefused as the checks above, and for a key-block LMK that keys would leave for a variant LMK; StorageError.
    """
    check_comment(lmk.name)
    check_place(appliance, store, lmk.lmk_id)
    check_status(appliance, lmk.is_test)
    stores = {each: dict(loaded(appliance, each)) for each in Store}
    current = stores[Store.CURRENT].get(lmk.lmk_id)
    if current is not None:
        source, target = (lmk, current) if store is Store.OLD else (current, lmk)
        if source.kind != "variant" and target.kind == "variant":
            raise LmkRefused("Keys do not go from a key block LMK to a variant LMK.")
    stores[store][lmk.lmk_id] = lmk
    appliance.load_lmks(stores[Store.CURRENT], stores[Store.OLD], stores[Store.NEW])


def delete(appliance: Appliance, store: Store, lmk_id: str) -> None:
    """Delete the LMK *lmk_id* from *store*; a current one takes along its key change storage and what it authorised.

    Raises LmkRefused when there is none, StorageError.
    """
    if lmk_id not in loaded(appliance, store):
        where = "loaded" if store is Store.CURRENT else f"in key change storage as {store.value} LMK"
        raise LmkRefused(f"No LMK {lmk_id} is {where}.")
    if store is Store.CURRENT:
        # First, so that whatever is loaded under this identifier next never finds it authorised.
        appliance.authorise(appliance.authority.without(lmk_id))
    left = {each: dict(loaded(appliance, each)) for each in Store}
    for each in Store if store is Store.CURRENT else (store,):
        left[each].pop(lmk_id, None)
    appliance.load_lmks(left[Store.CURRENT], left[Store.OLD], left[Store.NEW])
