"""``hsm`` with a few console commands of its own, for tests of the ways into the console."""

from __future__ import annotations

import sys

from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Ask, Dialogue, Say, confirmed
from hsm.policy.position import Position


@console.command("XQUIZ")
def quiz(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Ask something."""
    answer = yield Ask("Name: ")
    yield Say(f"Hello {answer}.")


@console.command("XRITE", ceremony=True)
def rite(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """A ceremony with a secret."""
    component = yield Ask("Component: ", secret=True, chars_max=64)
    yield Say(f"It has {len(component)} digits.")
    sure = yield from confirmed("Continue?")
    yield Say(f"Done: {sure}.")


@console.command("XAWAY")
def away(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Leave the hosts alone."""
    yield from ()
    desk.appliance.move(Position.OFFLINE)


@console.command("XBACK")
def back(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Serve hosts again."""
    yield from ()
    desk.appliance.move(Position.ONLINE)


@console.command("XLONG", words="LINES")
def long(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Say much."""
    yield Say("\n".join(["x" * 79] * int(words[0])))


if __name__ == "__main__":
    from hsm.server import main

    sys.argv[0] = "hsm"
    main.main()
