"""LO, LN, DM, DO as transcripts: key change storage, and LMKs deleted."""

from __future__ import annotations

import os

import pytest
from support.ceremony import authorised, cards_of, puts_all_in, with_live
from support.playbook import quick_cards

from hsm.console import lmk as _commands  # noqa: F401  (declares the commands)
from hsm.keys.masters import LmkForm, form_of, lmk_of_material, material_of
from hsm.operations.lmks import Store, load
from hsm.policy.authority import Authority, parse_activities


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


BLOCKS_TO_VARIANT = "Keys do not go from a key block LMK to a variant LMK."


@pytest.mark.parametrize(
    ("name", "current", "stored", "why"),
    [
        ("LO", LmkForm.VARIANT_2KEY, LmkForm.VARIANT_3KEY, ""),
        ("LO", LmkForm.BLOCK_AES, LmkForm.VARIANT_2KEY, ""),
        ("LO", LmkForm.VARIANT_2KEY, LmkForm.BLOCK_AES, BLOCKS_TO_VARIANT),
        ("LO", LmkForm.VARIANT_3KEY, LmkForm.BLOCK_3DES, BLOCKS_TO_VARIANT),
        ("LN", LmkForm.VARIANT_2KEY, LmkForm.BLOCK_AES, ""),
        ("LN", LmkForm.BLOCK_3DES, LmkForm.BLOCK_AES, ""),
        ("LN", LmkForm.BLOCK_AES, LmkForm.VARIANT_2KEY, BLOCKS_TO_VARIANT),
    ],
)
def test_key_change_storage(name: str, current: LmkForm, stored: LmkForm, why: str) -> None:
    operator = with_live(("03", current))
    cards = cards_of(operator, stored, material_of(stored, os.urandom))
    operator.types(name, "03", "other", "C")
    puts_all_in(operator, cards)
    said = operator.types("Y")
    lies = operator.appliance.state.old_lmks if name == "LO" else operator.appliance.state.new_lmks
    if why:
        assert why in said
        assert not lies
        return
    word = "old" if name == "LO" else "new"
    assert said == f"LMK 03 is in key change storage as {word} LMK.\nSecure-AUTH> "
    assert form_of(lies["03"]) is stored
    for again in ("LO", "LN"):
        assert f"Key change storage 03 has its {word} LMK already" in operator.types(again, "03")
    table = operator.types("VT")
    assert f"03  {word.capitalize()}  " in table
    assert lies["03"].check_value[:6] in table
    assert f"No LMK 03 is in key change storage as {'new' if name == 'LO' else 'old'} LMK." in operator.types(
        "DO", "03", "N" if name == "LO" else "O"
    )
    assert operator.types("DO", "03", word[0], "") == (
        f"Enter LMK id [00]: Old or new [O/N] [O]: {word.capitalize()} LMK 03, check value: "
        f"{lies['03'].check_value[:6]}\nDelete it? [Y/N] [N]: Not deleted.\nSecure-AUTH> "
    )
    assert "Deleted." in operator.types("DO", "03", word[0], "Y")
    assert "Key change storage is empty." in operator.types("VT")


def test_key_change_storage_is_of_an_lmk_that_is_loaded() -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES))
    authorised(operator, "04")
    assert "No LMK 04 is loaded." in operator.types("LO", "04")
    assert "No LMK 04 is loaded." in operator.types("DM", "04")


@pytest.mark.parametrize("name", ["LO", "LN", "DM", "DO"])
def test_what_touches_a_loaded_lmk_needs_admin_under_it(name: str) -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES), ("04", LmkForm.BLOCK_AES))
    authorised(operator, "04")
    assert "The activity needs the authorised state." in operator.types(name, "03")
    host_only = Authority().granting(parse_activities("admin.host"), "03", 0.0, limited=False)
    operator.appliance.authorise(host_only)
    assert "The activity needs the authorised state." in operator.types(name, "03")


def test_deleting_takes_storage_and_authority_along() -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES), ("04", LmkForm.BLOCK_AES))
    old = lmk_of_material("aes-block", "03", material_of(LmkForm.BLOCK_AES, os.urandom))
    load(operator.appliance, Store.OLD, old)
    check_value = operator.appliance.lmks["03"].check_value[:6]
    assert operator.types("DM", "03", "N") == (
        f"Enter LMK id [00]: LMK 03, check value: {check_value}\nDelete it? [Y/N] [N]: Not deleted.\nSecure-AUTH> "
    )
    assert "Deleted." in operator.types("DM", "03", "Y")
    state = operator.appliance.state
    assert (list(state.lmks), dict(state.old_lmks), dict(state.new_lmks)) == (["04"], {}, {})
    assert {grant.lmk_id for grant in state.authority.grants} == {"04"}
