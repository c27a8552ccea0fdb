"""What an operator types, and what is shown; nothing of it is a secret."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bookkeeping import transaction
from support.operating import NOW_US, PAN, Kepts, Told, link_view

from switch.codec.message import Message
from switch.config.tables import Which
from switch.keys.effects import KeyType
from switch.keys.status import LineStatus, TerminalStatus
from switch.link.events import Order
from switch.operator.command import AtOnce
from switch.operator.commands import COMMANDS, parse
from switch.operator.ports import CommandRefused
from switch.operator.views import LinkView
from switch.store.journal import noted
from switch.store.rows import Card, Irregular


def said(line: str, board: Told | None = None, records: Kepts | None = None) -> list[str]:
    found = parse(line)
    assert found is not None
    command, words = found
    if isinstance(command, AtOnce):
        return list(command.run(board or Told(), words))
    return list(command.run(records or Kepts(), words))


def test_help_lists_every_command() -> None:
    lines = said("help")
    assert [line.split()[0] for line in lines[1:]] == list(COMMANDS)
    assert len(said("help links")) == 2


def test_links_stand_a_line_each() -> None:
    heading, first, second = said("links")
    assert heading.split()[:3] == ["link", "role", "line"]
    assert first.split() == ["bank-a", "server", "CONNECTED", "ON", "ON", "HEARD", "yes", "yes", "3", "1"]
    assert second.split()[2] == "SOUGHT"


def test_one_link_shows_its_counters_and_what_its_peer_waits_for() -> None:
    board = Told(view=[link_view("bank-a", waiting="sign-on")])
    lines = said("link bank-a", board)
    assert "the peer asks sign-on: admit or turn-away" in lines
    assert any(line.split() == ["messages", "sent", "7"] for line in lines)
    assert board.orders == []


@pytest.mark.parametrize("order", list(Order))
def test_every_order_can_be_given(order: Order) -> None:
    board = Told()
    said(f"link bank-i {order.value}", board)
    assert board.orders == [("bank-i", order)]


def test_keys_are_shown_with_their_age_and_never_themselves() -> None:
    _, line = said("keys bank-a")
    assert line.split() == ["bank-a", "ZPK", "both", "4", "08D7B4", "in", "force", "2h", "10s", "12", "5", "A1B2C3"]
    assert said("keys bank-i")[1:] == []


@pytest.mark.parametrize(("line", "changed"), [("key change bank-a", None), ("key change bank-a zpk", KeyType.ZPK)])
def test_a_change_of_keys_is_begun(line: str, changed: KeyType | None) -> None:
    board = Told()
    said(line, board)
    assert board.changed == [("bank-a", changed)]


def test_terminals_are_shown_and_get_new_keys() -> None:
    board = Told()
    assert [line.split()[0] for line in said("terminals", board)[1:]] == ["ATM00001", "POS"]
    assert len(said("terminals bank-a", board)) == 2
    assert said("terminals ATM00001", board)[1].split() == ["ATM00001", "bank-a", "daily", "2", "0D1E2F", "given"]
    said("terminal POS 1 renew", board)
    assert board.renewed == ["POS 1"]
    with pytest.raises(CommandRefused):
        said("terminal POS 2 renew", board)


@pytest.mark.parametrize(
    ("line", "search"),
    [
        ("transactions", (20, "", "", "")),
        ("transactions 5", (5, "", "", "")),
        ("transactions by pan-last4 0007", (20, "0007", "", "")),
        ("transactions 3 by stan 000001", (3, "", "000001", "")),
        ("transactions by terminal ATM00001", (20, "", "", "ATM00001")),
    ],
)
def test_transactions_are_looked_for(line: str, search: tuple[int, str, str, str]) -> None:
    records = Kepts([transaction("000001")])
    assert "970411******0003" in said(line, records=records)[1]
    assert records.searches == [search]


def test_one_transaction_is_shown_field_by_field_and_by_an_id_with_blanks() -> None:
    row = replace(transaction("000001", response_code="00", answer=b"secret"), id="20261122/bank a/x")
    lines = said(f"transaction {row.id}", records=Kepts([row]))
    shown = {line[: line.index("  ")]: line.split("  ")[-1].strip() for line in lines[1:]}
    assert shown["amount"] == "50000 VND"
    assert shown["answer"] == "6 bytes, unknown"
    assert shown["id"] == row.id


def test_a_journal_shows_no_secret() -> None:
    row = transaction("000001")
    message = Message("0200", {2: PAN, 3: "010000", 35: f"{PAN}=29012011000", 39: "00", 52: bytes(range(8)), 103: PAN})
    records = Kepts([row], [noted("1", NOW_US, message, "bank-a", "in", "20261122", row.id)])
    lines = said(f"journal {row.id}", records=records)
    assert lines[0] == "2026-11-22T12:00:00.000Z < bank-a 0200"
    assert [line.split() for line in lines[1:]] == [
        ["2", "970411******0007"],
        ["3", "010000"],
        ["35", "*"],
        ["39", "00"],
        ["52", "*"],
        ["103", "970411******0007"],
    ]


OURS = Card("c", "970411******0007", "a", "active", "2912", 1, "1234", 500, 5, "20261122", 100, 1)


def test_a_card_of_ours_is_shown_and_changed() -> None:
    records = Kepts(cards={PAN: OURS})
    shown = said(f"card {PAN}", records=records)
    assert [line.split("  ")[-1].strip() for line in shown[1:]] == [
        "970411******0007", "active", "2912", "1", "100 in 1, 20261122", "500 in 5",
    ]  # fmt: skip
    assert "lost" in said(f"card {PAN} status lost", records=records)[2]
    assert said(f"card {PAN} tries 3", records=records)[4].split()[-1] == "3"
    assert (records.cards[PAN].status, records.cards[PAN].tries_left) == ("lost", 3)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "usage"), ("x", "usage"), (f"{PAN} status", "usage"), (f"{PAN} status missing", "usage"),
        (f"{PAN} tries 16", "usage"), (f"{PAN} tries -1", "usage"), (f"{PAN} limits 3", "usage"),
        ("9704110000000015", "no such card"), ("9704110000000015 tries 3", "no such card"),
    ],
)  # fmt: skip
def test_a_card_that_is_not_ours_or_a_change_that_is_none(words: str, reason: str) -> None:
    records = Kepts(cards={PAN: OURS})
    with pytest.raises(CommandRefused, match=reason):
        said(f"card {words}".strip(), records=records)
    assert records.cards == {PAN: OURS}


def test_queues_tell_depth_and_age() -> None:
    assert said("queues")[1].split() == ["bank-i", "2", "1m", "30s", "4"]


def test_exceptions_are_shown_masked_and_closed_once() -> None:
    records = Kepts(exceptions=[Irregular("7", NOW_US, "t", "bank-i", "refused advice", f"card {PAN}", "open")])
    [line] = said("exceptions", records=records)[1:]
    assert PAN not in line
    assert "970411******0007" in line
    assert said("exceptions close 7", records=records) == ["closed"]
    with pytest.raises(CommandRefused):
        said("exceptions close 7", records=records)


def test_prefixes_are_found_from_either_side() -> None:
    assert [line.split()[0] for line in said("bins 970411")[1:]] == ["97041188", "970411"]
    assert [line.split()[0] for line in said("bins 97041188123")[1:]] == ["97041188", "970411"]
    assert [line.split()[-1] for line in said("bins 9704")[1:]] == ["no", "yes", "yes"]


def test_a_table_that_is_refused_hinders_no_other() -> None:
    assert said("reload bins") == ["bins: 1 added, 0 removed, 0 changed"]
    with pytest.raises(CommandRefused) as caught:
        said("reload", records=Kepts(refused=frozenset({Which.BINS})))
    assert str(caught.value).splitlines() == [
        "stand-in: 1 added, 0 removed, 0 changed",
        "services: 1 added, 0 removed, 0 changed",
        "responses: 1 added, 0 removed, 0 changed",
        "bins: bins.csv:3: prefix: 6 to 11 digits expected",
        "refused; what was in force there stays",
    ]


def test_figures_tell_services_and_times() -> None:
    board = Told()
    for seconds in [0.004] * 99 + [0.9]:
        board.counted.answered("withdrawal", "00", seconds)
    board.counted.answered("withdrawal", "55", 0.004)
    lines = [line.split() for line in said("figures", board)]
    assert lines[1][:3] == ["withdrawal", "00", "100"]
    assert lines[4] == ["withdrawal", "12.9", "5", "ms", "5", "ms"]
    assert lines[-1] == ["store:", "5", "of", "10000", "works", "wait"]


def test_the_hsms_are_shown_where_there_are_any() -> None:
    assert said("hsm")[1].split() == ["a", "2", "1", "3", "no", "-"]
    with pytest.raises(CommandRefused):
        said("hsm", Told(has_hsm=False))


@pytest.mark.parametrize(("order", "used"), [("drain", False), ("restore", True)])
def test_an_hsm_is_drained_and_used_again(order: str, used: bool) -> None:
    board = Told()
    assert said(f"hsm a {order}", board)[1].split()[0] == "a"
    assert board.used == [("a", used)]


def test_who_works_on_which_links_is_shown_and_changed() -> None:
    board = Told()
    cells = ["a", "switch/a-7", "3", "open", "0.2", "2", "1", "bank-a", "bank-i"]
    assert said("cluster", board)[1].split() == cells
    assert said("cluster a hand-over", board)[1].split() == cells
    assert board.handed_over == ["a"]
    board.shared = [replace(board.shared[0], owner="", ours=False, opened=False)]
    assert said("cluster", board)[1].split()[1:4] == ["-", "3", "no"]
    for line in ("cluster b hand-over", "cluster a", "cluster a b"):
        with pytest.raises(CommandRefused):
            said(line, board)
    board.shared = []
    with pytest.raises(CommandRefused, match="shares its store with no other"):
        said("cluster", board)


def test_alarms_are_told_by_link() -> None:
    assert said("alarms")[1] == "bank-i  more messages are owed than the threshold"


def test_stop_stops() -> None:
    board = Told()
    assert said("stop", board) == ["switch stops"]
    assert board.stops == 1


@pytest.mark.parametrize(
    "line",
    [
        "nothing", "LINKS", "links all", "link", "link nobody", "link bank-a dance", "link bank-a open now", "keys a b",

        "keys nobody", "terminals a b", "terminal", "terminal ATM00001", "key change bank-a ABC", "key", "key change",
        "key change nobody", "key drop bank-a", "transactions 0", "transactions 1001",
        "transactions by", "transactions by pan 1", "transactions by pan-last4 12345", "transactions by pan-last4 12a4",
        "transaction", "transaction 20261122/x", "journal", "queues all", "exceptions close", "exceptions all", "bins",
        "bins 97041100000000", "bins alpha", "reload keys", "reload bins services",
        "hsm a", "hsm b drain", "hsm a stop", "alarms now", "figures all", "stop now",
        "l" * 600, "links\x00", "línks",
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_refused_with_a_reason(line: str) -> None:
    with pytest.raises(CommandRefused) as caught:
        said(line)
    assert str(caught.value)


@given(st.text(max_size=60), st.sampled_from([*COMMANDS, ""]))
def test_nothing_that_is_typed_breaks_a_command(behind: str, command: str) -> None:
    line = f"{command} {behind}"
    with suppress(CommandRefused):
        if parse(line) is not None:
            said(line)


def test_no_view_has_a_place_for_a_cryptogram() -> None:
    for view in (LineStatus, TerminalStatus, LinkView):
        assert not {each.name for each in fields(view)} & {"cryptogram", "under_lmk", "key", "zmk"}
