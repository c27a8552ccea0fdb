"""LMKs by name and kind, and back from what the vault keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hsm.crypto.parity import is_odd
from hsm.keys.masters import KINDS, PUBLISHED_NAMES, lmk_of_material, new_material, published_lmk

Random = Callable[[int], bytes]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_lmk_comes_back_from_its_material(kind: str, random: Random) -> None:
    material = new_material(kind, random)
    lmk = lmk_of_material(kind, "05", material, "live")
    assert (lmk.kind, lmk.lmk_id, lmk.name, lmk.is_test) == (kind, "05", "live", False)
    assert lmk.material() == material
    assert lmk.check_value == lmk_of_material(kind, "09", material).check_value
    assert len({new_material(kind, random) for _ in range(5)}) == 5
    if kind != "aes-block":
        assert is_odd(material)


def test_published_lmks(random: Random) -> None:
    for name, kind in zip(PUBLISHED_NAMES, KINDS, strict=True):
        lmk = published_lmk(name, "00")
        assert (lmk.name, lmk.kind, lmk.is_test) == (name, kind, True)
        assert lmk_of_material(kind, "01", lmk.material()).is_test


@pytest.mark.parametrize("name", ["", "test", "live", "TEST-VARIANT"])
def test_other_names(name: str, random: Random) -> None:
    with pytest.raises(ValueError, match="no published LMK"):
        published_lmk(name, "00")
    with pytest.raises(ValueError, match="no LMK kind"):
        new_material(name, random)
    with pytest.raises(ValueError, match="no LMK kind"):
        lmk_of_material(name, "00", bytes(24))


@pytest.mark.parametrize("lmk_id", ["", "0", "000", "A0", "\u0660\u0660", "-1"])
def test_other_identifiers(lmk_id: str) -> None:
    with pytest.raises(ValueError, match="2 digits"):
        published_lmk("test-variant", lmk_id)


@pytest.mark.parametrize(("kind", "length"), [("variant", 0), ("variant", 321), ("variant", 160), ("3des-block", 16)])
def test_other_lengths(kind: str, length: int) -> None:
    with pytest.raises(ValueError, match=r"is 20 pairs|key-block LMK"):
        lmk_of_material(kind, "00", bytes(length))
