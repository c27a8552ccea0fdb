"""A MAC under a stored KTM: 73."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.mac import algorithm_3
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import StoredIndex, stored
from hsm.keys.domaintypes import KTM
from hsm.refusal import DigitsInvalid, MessageLengthInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import Whole
from hsm.wire.shapes import Rest

CATEGORY = Category.MAC
MAC_BYTES = 4
BLOCK_BYTES, BLOCKS_MAX = 8, 255


class TerminalMac(Message):
    block_count: Annotated[int, Whole(1, 1, BLOCKS_MAX, wrong=DigitsInvalid)]
    terminal_key_index: StoredIndex
    blocks: Annotated[bytes, Rest(BLOCKS_MAX * BLOCK_BYTES, hidden=True)]


class TerminalMacMade(Message):
    mac: Annotated[bytes, Binary(MAC_BYTES)]


@eracom.command("73")
def terminal_mac(ask: TerminalMac, hsm: Hsm) -> TerminalMacMade:
    """Make a MAC of whole blocks under a stored KTM: the left half of a block.

    The algorithm is that of ANSI X9.9 for a KTM of single length and of ANSI X9.19 for a longer one (inferred).
    """
    if len(ask.blocks) != ask.block_count * BLOCK_BYTES:
        raise MessageLengthInvalid
    key = hsm.domain_key(stored(ask.terminal_key_index), KTM)
    return TerminalMacMade(mac=algorithm_3(key.cipher, ask.blocks)[:MAC_BYTES])
