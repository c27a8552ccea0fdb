"""Products: read strictly, and complete only with all their keys and applications."""

from __future__ import annotations

import pytest
from support.perso import DKEPS, PROFILE

from switch.perso.product import read_product, resolve
from switch.perso.terms import Attribute, HeldKey, KeyName, Refused

KEYS = {name: HeldKey(KeyName(name, content, "000000"), b"") for name, content in DKEPS.items()}


def test_a_product_with_all_its_keys() -> None:
    product = read_product(PROFILE, "debit.toml")
    assert product.required == {Attribute.HOLDER, Attribute.APPLICATION}
    resolved = resolve(product, KEYS.get, frozenset({"VSDC"}))
    assert {each: key.named.name for each, key in resolved.dkeps.items()} == dict(product.dkeps)
    assert resolved.mac is KEYS["DKEP-MAC"]


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_a_key_that_is_not_there(missing: str) -> None:
    with pytest.raises(Refused, match=f"product DEBIT: field .*: no key {missing}$"):
        resolve(read_product(PROFILE, "a"), {name: key for name, key in KEYS.items() if name != missing}.get)


def test_an_application_that_is_not_there() -> None:
    with pytest.raises(Refused, match="no application profile VSDC"):
        resolve(read_product(PROFILE, "a"), KEYS.get, frozenset({"MCHIP"}))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "DEBIT"', 'name = "A B"', "field name: a name"),
        ('issuer = "970499"', 'issuer = "97-0499"', "field issuer: a name"),
        ('"holder", "application"', '"application"', "field attributes: a card has a holder"),
        ('"holder", "application"', '"holder", "photo"', "no attribute 'photo'"),
        ('["pin"', '["holder", "pin"', "field optional: an attribute is required or optional"),
        ('pin = "DKEP-PIN"\n', "", "field dkep: names a key for each attribute"),
        ('pin = "DKEP-PIN"', 'pin = "DKEP-HOLDER"', "field dkep: each attribute has a key of its own"),
        ('mac = "DKEP-MAC"', 'mac = "DKEP-MAC"\nmask = 1', "field mask: no such field"),
        ('mac = "DKEP-MAC"', "mac = 1", "field mac: a name"),
        ("[dkep]", "[dkep", "a.toml: "),
    ],
)
def test_refused_by_field(old: str, new: str, told: str) -> None:
    assert old in PROFILE
    with pytest.raises(Refused) as refused:
        read_product(PROFILE.replace(old, new, 1), "a.toml")
    assert told in str(refused.value)
