"""What a received message is to its link, by its type."""

from __future__ import annotations

from enum import Enum

from switch.link.answers import ADMINISTRATIVE, FUNCTIONS_ANSWERED, REPLIES
from switch.link.profile import Profile

NETWORK, REVERSAL = "8", "4"
CLASSES = "12345678"
"""The second digit: authorisation, financial, file actions, reversal, reconciliation, administrative, fees, network."""
NOTIFICATION = "4"
ORIGINS = "012345"
"""The fourth digit: acquirer, issuer, other; each odd one is a repeat."""
REJECTION = "62"


class Kind(Enum):
    """What is done with a message depends on this."""

    NETWORK_REQUEST = "network management, to be answered"
    NETWORK_REPLY = "an answer to network management"
    REQUEST = "a request or advice for the layer above"
    REPLY = "an answer for the layer above"
    NOTICE = "for the layer above, never answered"
    REJECTION = "the peer could not understand something of ours"
    REJECTION_NOTED = "the answer to a rejection of ours"
    UNKNOWN = "no type of message on this link"


def kind(mti: str, profile: Profile) -> Kind:
    """What a message of type *mti* (four digits) is on a link of this *profile*.

    >>> [kind(mti, Profile()).name for mti in ("0200", "0430", "0801", "0620", "0400", "1200", "0244")]
    ['REQUEST', 'REPLY', 'NETWORK_REQUEST', 'REJECTION', 'UNKNOWN', 'UNKNOWN', 'NOTICE']
    """
    edition, message_class, function, origin = tuple(mti)
    if edition != profile.network_mti[0] or message_class not in CLASSES or origin not in ORIGINS:
        return Kind.UNKNOWN
    if message_class == REVERSAL and function in "01" and not profile.reversal_requests:
        return Kind.UNKNOWN
    asks, replies = function in FUNCTIONS_ANSWERED, function in REPLIES
    if message_class == NETWORK and (asks or replies):
        return Kind.NETWORK_REQUEST if asks else Kind.NETWORK_REPLY
    if message_class == ADMINISTRATIVE and function in "23":
        return Kind.REJECTION if function == "2" else Kind.REJECTION_NOTED
    if asks or replies:
        return Kind.REQUEST if asks else Kind.REPLY
    return Kind.NOTICE if function == NOTIFICATION else Kind.UNKNOWN
