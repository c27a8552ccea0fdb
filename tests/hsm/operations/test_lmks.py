"""Where LMKs may lie, and what goes with one that is deleted; the rest is in the console's transcripts."""

from __future__ import annotations

import pytest
from support.appliances import make_speaker
from support.resting import live_lmk

from hsm.appliance import Appliance
from hsm.keys.masters import published_lmk
from hsm.operations.lmks import LMKS_LOADED_MAX, LmkRefused, Store, check_comment, delete, load, loaded


@pytest.fixture
def appliance() -> Appliance:
    return make_speaker(lmks=()).appliance


def test_every_store_takes_one_lmk_of_an_identifier(appliance: Appliance) -> None:
    load(appliance, Store.CURRENT, live_lmk("03", "aes-block"))
    load(appliance, Store.CURRENT, live_lmk("04", "aes-block"))
    load(appliance, Store.OLD, live_lmk("03", "variant"))
    load(appliance, Store.NEW, live_lmk("04", "aes-block", "next"))
    assert [sorted(loaded(appliance, store)) for store in Store] == [["03", "04"], ["03"], ["04"]]
    for store, lmk_id, why in (
        (Store.CURRENT, "03", "in use"),
        (Store.OLD, "03", "its old LMK already"),
        (Store.NEW, "03", "its old LMK already"),
        (Store.OLD, "04", "its new LMK already"),
        (Store.NEW, "05", "No LMK 05 is loaded"),
    ):
        with pytest.raises(LmkRefused, match=why):
            load(appliance, store, live_lmk(lmk_id, "aes-block"))
    assert [sorted(loaded(appliance, store)) for store in Store] == [["03", "04"], ["03"], ["04"]]


def test_there_is_a_limit(appliance: Appliance) -> None:
    for place in range(LMKS_LOADED_MAX):
        load(appliance, Store.CURRENT, live_lmk(f"{place:02d}", "aes-block"))
    with pytest.raises(LmkRefused, match="20 LMKs"):
        load(appliance, Store.CURRENT, live_lmk("99", "aes-block"))


@pytest.mark.parametrize("store", Store)
def test_test_lmks_and_live_ones_are_apart_wherever_they_lie(appliance: Appliance, store: Store) -> None:
    load(appliance, Store.CURRENT, live_lmk("03", "aes-block"))
    test = published_lmk("test-aes-block", "04" if store is Store.CURRENT else "03")
    with pytest.raises(LmkRefused, match="LMK 03 is a live LMK: no test LMK"):
        load(appliance, store, test)
    appliance.change_settings(appliance.settings.changed("test-and-live-lmks", "yes"))
    load(appliance, store, test)


def test_what_is_deleted_takes_its_key_change_storage_along(appliance: Appliance) -> None:
    for lmk_id in ("03", "04"):
        load(appliance, Store.CURRENT, live_lmk(lmk_id, "aes-block"))
        load(appliance, Store.OLD, live_lmk(lmk_id, "variant"))
    delete(appliance, Store.OLD, "04")
    delete(appliance, Store.CURRENT, "03")
    assert [sorted(loaded(appliance, store)) for store in Store] == [["04"], [], []]
    for store in Store:
        with pytest.raises(LmkRefused, match="No LMK 03"):
            delete(appliance, store, "03")


def test_comments() -> None:
    for comment in ("", "Ours, made in June", "x" * 40, "test"):
        check_comment(comment)
    for comment in ("x" * 41, "caf\u00e9", "two\nlines"):
        with pytest.raises(LmkRefused):
            check_comment(comment)
