"""The words for events in the log."""

from __future__ import annotations

from types import MappingProxyType

EVENTS = MappingProxyType(
    {
        "started": "everything listens; `era` is how often the store was opened, which begins all new ids",
        "stopping": "an order to stop came; what is under way is finished",
        "stopped": "the links are closed; `under_way` transactions could not be finished in time",
        "recovery": "`count` transactions that an earlier run or another process left half done were given up: see queues",
        "share-taken": "this process has taken over a share of the links; `before`: whose it was",
        "share-open": "what was left of it is seen to, and its links are opened",
        "share-lost": "this process has it no more",
        "share-released": "another may have it",
        "link": "a link stands elsewhere, or the peer said or refused something that an operator should know",
        "key": "a working key changed, or could not",
        "alarm": "somebody should look now",
        "alarm-over": "what an alarm was about is over",
        "settled": "a message that a link was owed was acknowledged, after so many `attempts`",
        "exception": "such a message was refused, or its time is over; somebody must look at it",
        "drained": "all that a link was owed when it opened was answered once; transactions pass",
        "operator": "a command that was typed at the console",
        "reload": "a table was read again, and what that changed",
        "fault": "a mistake of ours: its type and place, never its text",
        "info": "what a part of the program says besides",
        "warn": "likewise, and it may matter",
        "error": "likewise, and it does matter",
        "critical": "likewise, and the switch can't go on as it should",
    }
)
"""Word → when it is said."""
