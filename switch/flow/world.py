"""What a course may ask without waiting."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from switch.codec.message import Message
from switch.flow.hop import OWN, Hop, Moment
from switch.flow.ports import Authoriser, Keys, StandsIn
from switch.flow.request import Request
from switch.store.journal import noted
from switch.store.rows import Noted


@dataclass(frozen=True)
class World:
    """*hop* as the files have it; *keys* and *authoriser* (None: no books of ours); *moment* tells when it is, *position*
    the next rising number; *open_links* are those that take transactions now, the issuer of our own among them."""

    hop: Hop
    keys: Keys
    authoriser: Authoriser | None
    moment: Callable[[], Moment]
    position: Callable[[], str]
    open_links: Collection[str] = field(default=frozenset({OWN}))
    connected: Callable[[str], bool] = lambda link: False
    """Is there a connection, whether or not the partner has signed on?"""
    stands_in: StandsIn | None = None

    def note(self, message: Message, link: str, direction: str, asked: Request | None, id: str = "") -> Noted:
        """The journal's row for *message*; *id* is a position taken before, for use within a work of the store."""
        moment = self.moment()
        date, transaction = (asked.business_date, asked.id) if asked else (moment.business_date, "")
        return noted(id or self.position(), moment.now_us, message, link, direction, date, transaction)
