"""Several commands in one message: NK."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.refusal import ChainCountInvalid, ChainFlagInvalid, DataLengthInvalid, InputInvalid
from hsm.wire.kinds import Choice, Number
from hsm.wire.message import Message
from hsm.wire.shapes import Prefixed, Repeated

CATEGORY = Category.STATUS

CODE = "NK"
HEADED = "1"
COMMANDS_MAX = 99
REPLY_CHARS_MAX = 32_000
"""What fits into the I/O buffer that NO reports, beside header and trailer."""


class Chain(Message):
    header_flag: Annotated[str, Choice(("0", HEADED), wrong=ChainFlagInvalid)]
    count: Annotated[int, Number(2, 1, COMMANDS_MAX, wrong=ChainCountInvalid)]
    commands: Annotated[tuple[bytes, ...], Repeated("count", Prefixed(4, most=9_999, binary=False, wrong=InputInvalid))]


class Chained(Message):
    count: Annotated[int, Number(2, 1, COMMANDS_MAX)]
    replies: Annotated[tuple[bytes, ...], Repeated("count", Prefixed(4, most=9_999, binary=False))]


@thales.command(CODE, changes_state=True)
def execute_chain(ask: Chain, hsm: Hsm) -> Chained:
    """Execute several commands in order and give all their replies.

    Each command is led by its length in decimal; with header flag 1 each begins with a message header of the port's
    length, which leads its reply.  The layout and the codes 51, 52 and 15 are those of ThalesSim's tests.  A command that
    is refused gives its code in its own reply, as it would outside, and those after it are executed all the same.

    The whole message is read before anything is executed.  A chain within a chain is refused as a whole (52).  An LMK
    named at the end of the chain goes for the commands in it that name none.  Replies that do not fit into the I/O
    buffer together are refused (80), with what was done up to there done.
    """
    skipped = hsm.header_chars if ask.header_flag == HEADED else 0
    texts = [command.decode("latin-1") for command in ask.commands]
    if any(len(text) < skipped for text in texts):
        raise InputInvalid
    if any(text.startswith(CODE, skipped) for text in texts):
        raise ChainCountInvalid
    replies, left = [], REPLY_CHARS_MAX
    for text in texts:
        reply = text[:skipped] + hsm.execute(text[skipped:])
        left -= 4 + len(reply)
        if left < 0 or len(reply) > 9_999:
            raise DataLengthInvalid
        replies.append(reply.encode("latin-1"))
    return Chained(count=ask.count, replies=tuple(replies))
