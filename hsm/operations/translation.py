"""Data moved from one transport key to another inside the appliance.

What lies under a transport key may be a key or a PIN block.  So it goes only to a key for the same kind of content: were
it to go to a data key, the host could decipher it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from hsm.appliance import Hsm
from hsm.keys.domaintypes import DPK, KTK, KTM, PTK
from hsm.keys.secret import ClearKey
from hsm.operations.border import check_strength
from hsm.operations.encipher import CipherMode, translate
from hsm.refusal import CommandDisabled, KeyFunctionForbidden


class Content(Enum):
    """What travels under a key."""

    DATA = "data"
    KEYS = "keys"
    PINS = "PINs"
    CARD = "anything for one card"


CONTENT_OF = MappingProxyType({KTK: Content.KEYS, KTM: Content.KEYS, PTK: Content.PINS, DPK: Content.DATA})
"""The types of transport keys."""


@dataclass(frozen=True)
class Side:
    """One side of a translation: the key, what travels under it, and how; *chaining* is 8 bytes for CBC."""

    key: ClearKey
    content: Content
    mode: CipherMode
    chaining: bytes


def move(hsm: Hsm, source: Side, destination: Side, data: bytes) -> tuple[bytes, bytes]:
    """*data* under the *destination*'s key, and the chaining value for what follows there.

    Raises KeyFunctionForbidden for another kind of content, CommandDisabled for a card's key where the settings do not have
    it, KeyLengthInvalid for a destination weaker than the source, and what ``encipher.translate`` raises.
    """
    if destination.content is Content.CARD and not hsm.settings.translate_to_card_keys:
        raise CommandDisabled
    if source.content is Content.CARD or destination.content not in (source.content, Content.CARD):
        raise KeyFunctionForbidden
    check_strength(hsm, destination.key, source.key)
    moved, following = translate(
        (source.key, source.mode, source.chaining),
        (destination.key, destination.mode, destination.chaining),
        data,
    )
    return moved, destination.chaining if following is None else following
