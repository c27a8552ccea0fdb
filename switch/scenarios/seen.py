"""The messages of a run, as links carried them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from switch.codec.message import Message
from switch.scenarios.scenario import LINKS

RESPONSE, NETWORK = 39, "8"


@dataclass(frozen=True)
class Seen:
    """A message, or with *event* something else that happened to *sender*, at so many seconds of the scenario.

    *fate*: what became of it, empty when it simply arrived.
    """

    at: float
    sender: str
    receiver: str
    mti: str
    response: str = ""
    fate: str = ""
    event: str = ""

    @property
    def said(self) -> str:
        """As scenarios write it: sender, receiver, MTI, DE 39, what became of it.

        >>> Seen(1.0, "A", "B", "0210", "00", "lost").said
        'A>B 0210 00, lost'
        """
        text = f"{self.sender}>{self.receiver} {self.mti}"
        text += f" {self.response}" if self.response else ""
        return f"{text}, {self.fate}" if self.fate else text


def seen(at: float, sender: str, receiver: str, message: Message, fate: str) -> Seen:
    """What is remembered of *message*."""
    return Seen(at, sender, receiver, message.mti, str(message.fields.get(RESPONSE, "")), fate)


def link_of(sender: str, receiver: str) -> str:
    """The link that joins the two.

    >>> link_of("I", "B")
    'B-I'
    """
    return next(link for link in LINKS if set(link.split("-")) == {sender, receiver})


def on_link(all_seen: Sequence[Seen], link: str) -> tuple[str, ...]:
    """What *link* has carried, without network management."""
    carried = (each for each in all_seen if not each.event and link_of(each.sender, each.receiver) == link)
    return tuple(each.said for each in carried if each.mti[1] != NETWORK)
