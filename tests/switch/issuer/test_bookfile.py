from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ourbank import ACCOUNTS, ANNA, BINH, PAN_KEY, cards_text, configured, pvv

from switch.hsmdialect import ERACOM
from switch.issuer.bookfile import BookFileError, read_accounts, read_cards
from switch.issuer.cards import card_id
from switch.store.rows import Account

CONFIG = configured()
ACCOUNTS_READ = read_accounts("accounts.csv", ACCOUNTS, CONFIG)


def test_accounts() -> None:
    assert {id: (each.account.kind, each.account.credit_limit, each.amount) for id, each in ACCOUNTS_READ.items()} == {
        "anna": ("current", 0, 800_000),
        "anna-2": ("savings", 0, 300_000),
        "binh": ("current", 0, 500_000),
        "chi": ("credit", 700_000, 0),
    }
    assert ACCOUNTS_READ["binh"].account == Account("binh", "current", "704", "open", 1, 0)
    assert read_accounts("a", "account,kind,status\nx,savings,blocked\n", CONFIG)["x"].account.status == "blocked"


def test_cards() -> None:
    read = read_cards("cards.csv", cards_text(), CONFIG, ACCOUNTS_READ, PAN_KEY)
    anna = read[card_id(PAN_KEY, ANNA)]
    assert (anna.pan, anna.status, anna.expires, anna.service_code) == ("970436******0016", "active", "3012", "501")
    assert (anna.account_id, anna.current_id, anna.savings_id, anna.credit_id) == ("anna", "anna", "anna-2", "")
    assert (anna.pin_check, anna.pvki, anna.tries_left) == (pvv(ANNA, "1234"), "1", 3)
    assert (anna.amount_limit, anna.count_limit) == (1_000_000, 6)
    columns = "pan,expires,service_code,account,pin_check,pvki,status,amount_limit,count_limit"
    text = f"{columns}\n{ANNA},3012,501,anna,1234,6,lost,5,0\n"
    (lost,) = read_cards("c", text, CONFIG, ACCOUNTS_READ, PAN_KEY).values()
    assert (lost.pvki, lost.status, lost.amount_limit, lost.count_limit) == ("6", "lost", 5, 0)


def problems(text: str, cards: bool) -> list[str]:
    with pytest.raises(BookFileError) as caught:
        read_cards("f", text, CONFIG, ACCOUNTS_READ, PAN_KEY) if cards else read_accounts("f", text, CONFIG)
    return [each.split(": ")[0] + ": " + each.split(": ")[1] for each in caught.value.problems]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",current,,", "account"), ("settlement:x,current,,", "account"), (f"{'9' * 29},current,,", "account"),
        ("x,own,,", "kind"), ("x,debit,,", "kind"), ("x,current,1,", "credit_limit"), ("x,credit,-1,", "credit_limit"),
        ("x,credit,1.5,", "credit_limit"), ("x,current,,9999999999999", "opening"), ("x,current,,x", "opening"),
        ("anna,current,,", "account"),
    ],
)  # fmt: skip
def test_accounts_that_are_wrong(row: str, column: str) -> None:
    text = f"account,kind,credit_limit,opening\nanna,current,,\n\n# more\n{row}\n"
    assert problems(text, cards=False) == [f"f:5: {column}"]


def test_which_numbers_pvv_keys_have_is_the_dialects() -> None:
    """PVKIs are 0 to 6 in the Thales dialect, 1 to 6 in that of Eracom."""
    text = f"pan,expires,service_code,account,pin_check,pvki\n{ANNA},3012,501,anna,1234,0\n"
    assert read_cards("c", text, CONFIG, ACCOUNTS_READ, PAN_KEY)
    with pytest.raises(BookFileError, match="c:2: pvki: a digit from 1 to 6"):
        read_cards("c", text, replace(CONFIG, pvk_indices=ERACOM.pvk_indices), ACCOUNTS_READ, PAN_KEY)


GOOD = [ANNA, "3012", "501", "anna", "", "", "", "1", "1234", "active", "", ""]
COLUMNS = "pan,expires,service_code,account,savings,current,credit,pvki,pin_check,status,amount_limit,count_limit"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("pan", ANNA[:-1] + "7"), ("pan", ""), ("pan", "abc"), ("expires", "3013"), ("expires", ""), ("expires", "30120"),
        ("service_code", "50"), ("service_code", ""), ("account", ""), ("account", "nobody"), ("savings", "binh"),
        ("current", "anna-2"), ("credit", "nobody"), ("pvki", "7"), ("pvki", "12"), ("pin_check", "123"), ("pin_check", ""),
        ("pin_check", "12345"), ("status", "missing"), ("amount_limit", "-5"), ("count_limit", "1000001"),
    ],
)  # fmt: skip
def test_cards_that_are_wrong(column: str, value: str) -> None:
    row = dict(zip(COLUMNS.split(","), GOOD, strict=True)) | {column: value}
    text = f"{COLUMNS}\n{','.join(row.values())}\n"
    assert problems(text, cards=True) == [f"f:2: {column}"]
    with pytest.raises(BookFileError) as caught:
        read_cards("f", text, CONFIG, ACCOUNTS_READ, PAN_KEY)
    assert ANNA[4:] not in str(caught.value)
    assert "1234" not in str(caught.value)


def test_a_card_stands_once() -> None:
    row = ",".join(GOOD)
    assert problems(f"{COLUMNS}\n{row}\n{row}\n", cards=True) == ["f:3: pan"]
    other = ",".join([BINH, *GOOD[1:]])
    assert len(read_cards("f", f"{COLUMNS}\n{row}\n{other}\n", CONFIG, ACCOUNTS_READ, PAN_KEY)) == 2


def test_a_file_without_its_line_of_names_shows_no_card() -> None:
    with pytest.raises(BookFileError) as caught:
        read_cards("f", ",".join(GOOD), CONFIG, ACCOUNTS_READ, PAN_KEY)
    assert "column 1" in str(caught.value)
    assert ANNA not in str(caught.value)
    assert "1234" not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_books_or_an_error(text: str) -> None:
    for read in (
        lambda: read_accounts("f", f"account,kind\n{text}", CONFIG),
        lambda: read_cards("f", f"{COLUMNS}\n{text}", CONFIG, ACCOUNTS_READ, PAN_KEY),
    ):
        with suppress(BookFileError):
            read()
