"""The story tells of each service on each channel that offers it, and the files are in order."""

from __future__ import annotations

import re

import pytest

from switch.demo.nodes import BUREAU_HOLDERS, CARDHOLDERS, COUNTRY, WITH_BUREAU, Cast, Known
from switch.demo.story import BUREAU_STORY, STORY, Step
from switch.routing.pan import Pan
from switch.services.servicefile import packaged
from switch.simulators.commands import ordered_as
from switch.simulators.terminal import OFFERS, Channel

KIND = {"atms": Channel.ATM, "pos": Channel.POS}


@pytest.mark.parametrize("at", KIND)
def test_each_service_of_each_channel_is_used(at: str) -> None:
    done = {step.order["do"] for step in STORY if step.at == at and step.expected.get("response", "00") == "00"}
    offered = {row.name.lower().replace(" ", "-") for row in packaged().rows if row.channel == KIND[at].value}
    # A reversal at an ATM is what the machine itself does when it can't dispense.
    assert offered - done == ({"reversal"} if at == "atms" else set())
    assert {ordered_as(offer) for offer in OFFERS[KIND[at]]} <= done


def test_an_atm_reverses_of_its_own_accord() -> None:
    assert any(step.expected.get("outcome") == "unable" for step in STORY)


@pytest.mark.parametrize(
    ("cast", "story", "cards"),
    [
        (COUNTRY, STORY, {holder.name for holder in CARDHOLDERS}),
        (WITH_BUREAU, BUREAU_STORY, {*BUREAU_HOLDERS, "forger"}),
    ],
)
def test_steps_name_what_there_is(cast: Cast, story: tuple[Step, ...], cards: set[str]) -> None:
    for step in story:
        assert step.order["terminal"] in cast.terminals[step.at]
        assert step.order.get("card", min(cards)) in cards
        assert not step.of or any(before.named == step.of for before in story[: story.index(step)])


def test_cards_have_right_numbers() -> None:
    assert len({Pan(holder.pan).digits for holder in CARDHOLDERS}) == len(CARDHOLDERS)


def test_a_file_is_filled_in_with_what_is_known_and_no_less() -> None:
    known = Known()
    with pytest.raises(KeyError):
        known.filled("nac.toml")
    known.ports("bank-a", {"nac": 5001})
    known.ports("cardpro", {"nac": 5002})
    assert '"127.0.0.1:5001"' in known.filled("nac.toml")
    assert "5001" not in repr(known)


@pytest.mark.parametrize("cast", [COUNTRY, WITH_BUREAU], ids=["country", "bureau"])
def test_each_file_says_what_it_is(cast: Cast) -> None:
    for node in cast.nodes:
        text = cast.text(f"{node.name}.toml")
        assert text.startswith("# ")
        assert re.search(rf'^name = "{node.name}"$', text, re.MULTILINE)
        assert cast.text(f"{node.name}.bins.csv").startswith("prefix,")
    with pytest.raises(FileNotFoundError):
        cast.text("bank-z.toml")


def test_with_a_bureau_files_say_more_and_nothing_else() -> None:
    for name in ("switch.toml", "switch.bins.csv", "atms.toml", "bank-a.toml"):
        assert WITH_BUREAU.text(name).startswith(COUNTRY.text(name))
    assert "bank-c1" in WITH_BUREAU.text("switch.toml")
    assert "bank-c1" not in COUNTRY.text("switch.toml")
