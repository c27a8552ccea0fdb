from __future__ import annotations

import pytest
from support.ourbank import CONFIG, OFFSETS, PVK, TABLE, VALIDATION, configured, under_lmk

from switch.issuer.config import COUNT_MAX, IssuerConfig, OffsetMethod
from switch.ledger.ledger import AMOUNT_MAX
from switch.link.lines import ConfigError


def test_what_it_says() -> None:
    read = configured(CONFIG.replace('"704"', '"VND"'))
    assert read == configured()
    assert (read.currency, read.accounts_file, read.cards_file, read.pan_key_file) == (
        "704", "accounts.csv", "cards.csv", "pan.key",
    )  # fmt: skip
    assert (read.pvk, read.cvv_at, read.offset, read.pin_tries) == (under_lmk(PVK, "002"), 5, None, 3)
    assert (read.amount_limit, read.count_limit) == (1_000_000, 6)


def test_what_it_need_not_say() -> None:
    lines = [
        line for line in CONFIG.split("[issuer.limits]")[0].splitlines() if not line.startswith(("cvk", "without"))
    ]
    assert configured("\n".join(lines)) == IssuerConfig(
        "704", "accounts.csv", "cards.csv", "pan.key", under_lmk(PVK, "002"), amount_limit=AMOUNT_MAX,
        count_limit=COUNT_MAX,
    )  # fmt: skip


def test_offsets() -> None:
    assert configured(OFFSETS).offset == OffsetMethod(TABLE, VALIDATION, 4)


def test_where_no_pin_is_needed() -> None:
    read = configured()
    assert not read.needs_pin("pos", "purchase")
    assert not read.needs_pin("internet", "transfer")
    assert read.needs_pin("atm", "transfer")
    assert read.needs_pin("atm", "balance")


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ('currency = "704"', 'currency = "XYZ"', 3, "issuer.currency"),
        ('currency = "704"', "", 2, "issuer.currency"),
        ('cards = "cards.csv"', "cards = 1", 5, "issuer.cards"),
        ('accounts = "accounts.csv"', "", 2, "issuer.accounts"),
        ('pan-key = "pan.key"', "", 2, "issuer.pan-key"),
        ('pvk = "', 'pvk = "\\u0000', 7, "issuer.pvk"),
        ('pvk = "', 'pvk = " ', 7, "issuer.pvk"),
        ('cvk = "U', 'cvk = "u', 8, "issuer.cvk"),
        ('pan-key = "pan.key"', 'pan-key = "pan.key"\ncvv-at = 21', 7, "issuer.cvv-at"),
        ('pan-key = "pan.key"', 'pan-key = "pan.key"\npin-tries = 0', 7, "issuer.pin-tries"),
        ('pan-key = "pan.key"', 'pan-key = "pan.key"\npin-method = "guess"', 7, "issuer.pin-method"),
        ('pan-key = "pan.key"', 'pan-key = "pan.key"\npim-tries = 3', 7, "issuer.pim-tries"),
        ('["purchase", ', '["withdrawal", ', 9, "issuer.without-pin"),
        ('["purchase", ', '["atm withdrawal", ', 9, "issuer.without-pin"),
        ('["purchase", ', '["PIN change", ', 9, "issuer.without-pin"),
        ("amount = 1000000", "amount = -1", 11, "issuer.limits.amount"),
        ("count = 6", "count = true", 12, "issuer.limits.count"),
        ("count = 6", "counts = 6", 12, "issuer.limits.counts"),
        ("count = 6", f'count = 6\n[issuer.offset]\ntable = "{TABLE}"', 13, "issuer.offset"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int, field: str) -> None:
    assert old in CONFIG
    with pytest.raises(ConfigError) as caught:
        configured(CONFIG.replace(old, new))
    assert (caught.value.where, caught.value.field) == (f"switch.toml, line {line}", field)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (TABLE, TABLE[:-1], "issuer.offset.table"),
        (TABLE, TABLE[:-1] + "g", "issuer.offset.table"),
        (VALIDATION, "123456789012", "issuer.offset.validation"),
        (VALIDATION, "1234567890NN", "issuer.offset.validation"),
        (VALIDATION, "1234N", "issuer.offset.validation"),
        ("[issuer.offset]", "[issuer.offset]\nlength = 3", "issuer.offset.length"),
        ("[issuer.offset]", "[issuer.offset]\ndigits = 4", "issuer.offset.digits"),
    ],
)
def test_offsets_that_are_none(old: str, new: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(OFFSETS.replace(old, new))
    assert caught.value.field == field
