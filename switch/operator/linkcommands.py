"""Links: how they stand, and orders to them."""

from __future__ import annotations

from collections.abc import Sequence

from switch.link.events import Order
from switch.operator.command import AtOnce, Lines, misused
from switch.operator.ports import CommandRefused, Switchboard
from switch.operator.views import LinkView
from switch.operator.words import columns

HEADING = ("link", "role", "line", "ours", "theirs", "echo", "sends", "takes", "outstanding", "owed")
ORDERS = {order.value: order for order in Order}
USAGE = f"NAME [{'|'.join(ORDERS)}]"


def links(board: Switchboard, words: Sequence[str]) -> Lines:
    """All links, a line each."""
    if words:
        raise misused("links", "")
    return columns(HEADING, [_cells(each) for each in board.links()])


def link(board: Switchboard, words: Sequence[str]) -> Lines:
    """One link with its counters; or an order to it."""
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1] not in ORDERS):
        raise misused("link", USAGE)
    if len(words) == 2:
        board.order(words[0], ORDERS[words[1]])
    return _shown(found(board, words[0]))


def found(board: Switchboard, name: str) -> LinkView:
    """The link *name*.  Raises CommandRefused."""
    for each in board.links():
        if each.name == name:
            return each
    raise CommandRefused("there is no link of that name; see links")


def _cells(view: LinkView) -> tuple[object, ...]:
    return (
        view.name, view.role, view.line, view.ours, view.theirs, view.echo,
        "yes" if view.sends else "no", "yes" if view.takes else "no", view.outstanding, view.owed,
    )  # fmt: skip


def _shown(view: LinkView) -> Lines:
    yield from columns(HEADING, [_cells(view)])
    if view.waiting:
        yield f"the peer asks {view.waiting}: admit or turn-away"
    yield from columns(("counted", ""), sorted(view.counts.items()))


def retry(board: Switchboard, words: Sequence[str]) -> Lines:
    """Send at once what a link is owed and would be sent later."""
    if len(words) != 1:
        raise misused("retry", "NAME")
    board.hurry(words[0])
    return (f"what {words[0]} is owed is sent now",)


COMMANDS = (
    AtOnce("links", "", "all links and their states", links),
    AtOnce("retry", "NAME", "send at once what a link is owed", retry),
    AtOnce("link", USAGE, "one link with its counters, or an order to it", link),
)
