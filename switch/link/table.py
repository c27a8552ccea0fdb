"""A link's life: (state, signal) → state and acts, one table for each aspect.

A pair that is not in a table is a signal out of place: nothing moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from switch.link.terms import Act, Echo, Line, Ours, Signal, Theirs

S = TypeVar("S", Line, Ours, Theirs, Echo)
Table = Mapping[tuple[S, Signal], tuple[S, tuple[Act, ...]]]

LINE: Table[Line] = MappingProxyType(
    {
        (Line.CLOSED, Signal.OPEN): (Line.SOUGHT, (Act.SEEK,)),
        (Line.SOUGHT, Signal.CONNECTED): (Line.CONNECTED, (Act.BEGIN,)),
        (Line.SOUGHT, Signal.CUT_CALLS): (Line.PAUSED, (Act.PAUSE,)),
        (Line.SOUGHT, Signal.CUT_AWAITS): (Line.SOUGHT, (Act.SEEK,)),
        (Line.SOUGHT, Signal.CUT_STAYS): (Line.CLOSED, (Act.CEASE,)),
        (Line.SOUGHT, Signal.CLOSE): (Line.CLOSED, (Act.CEASE,)),
        (Line.PAUSED, Signal.PAUSE_OVER): (Line.SOUGHT, (Act.SEEK,)),
        (Line.PAUSED, Signal.OPEN): (Line.SOUGHT, (Act.END_PAUSE, Act.SEEK)),
        (Line.PAUSED, Signal.CLOSE): (Line.CLOSED, (Act.END_PAUSE,)),
        (Line.CONNECTED, Signal.FAILED): (Line.DROPPING, (Act.LOSE, Act.HANG_UP)),
        (Line.CONNECTED, Signal.CLOSE): (Line.LEAVING, (Act.LEAVE,)),
        (Line.CONNECTED, Signal.CUT_CALLS): (Line.PAUSED, (Act.LOSE, Act.PAUSE)),
        (Line.CONNECTED, Signal.CUT_AWAITS): (Line.SOUGHT, (Act.LOSE, Act.SEEK)),
        (Line.CONNECTED, Signal.CUT_STAYS): (Line.CLOSED, (Act.LOSE, Act.CEASE)),
        (Line.LEAVING, Signal.PARTED): (Line.CLOSING, (Act.LOSE, Act.HANG_UP)),
        (Line.LEAVING, Signal.FAILED): (Line.CLOSING, (Act.LOSE, Act.HANG_UP)),
        (Line.LEAVING, Signal.CUT_CALLS): (Line.CLOSED, (Act.LOSE, Act.CEASE)),
        (Line.LEAVING, Signal.CUT_AWAITS): (Line.CLOSED, (Act.LOSE, Act.CEASE)),
        (Line.LEAVING, Signal.CUT_STAYS): (Line.CLOSED, (Act.LOSE, Act.CEASE)),
        (Line.DROPPING, Signal.CLOSE): (Line.CLOSING, ()),
        (Line.DROPPING, Signal.CUT_CALLS): (Line.PAUSED, (Act.PAUSE,)),
        (Line.DROPPING, Signal.CUT_AWAITS): (Line.SOUGHT, (Act.SEEK,)),
        (Line.DROPPING, Signal.CUT_STAYS): (Line.CLOSED, (Act.CEASE,)),
        (Line.CLOSING, Signal.OPEN): (Line.DROPPING, ()),
        (Line.CLOSING, Signal.CUT_CALLS): (Line.CLOSED, (Act.CEASE,)),
        (Line.CLOSING, Signal.CUT_AWAITS): (Line.CLOSED, (Act.CEASE,)),
        (Line.CLOSING, Signal.CUT_STAYS): (Line.CLOSED, (Act.CEASE,)),
    }
)

OURS: Table[Ours] = MappingProxyType(
    {
        (Ours.OFF, Signal.SIGN_ON): (Ours.ASKING_ON, (Act.ASK_ON,)),
        (Ours.ASKING_ON, Signal.APPROVED): (Ours.ON, (Act.SETTLE,)),
        (Ours.ASKING_ON, Signal.REFUSED): (Ours.RESTING, (Act.SETTLE, Act.REST)),
        (Ours.ASKING_ON, Signal.OVERDUE): (Ours.ASKING_ON, (Act.ASK_ON,)),
        (Ours.ASKING_ON, Signal.SPENT): (Ours.OFF, (Act.FAIL,)),
        (Ours.ASKING_ON, Signal.SIGN_OFF): (Ours.ASKING_OFF, (Act.ASK_OFF,)),
        (Ours.RESTING, Signal.OVERDUE): (Ours.ASKING_ON, (Act.ASK_ON,)),
        (Ours.RESTING, Signal.SIGN_ON): (Ours.ASKING_ON, (Act.ASK_ON,)),
        (Ours.RESTING, Signal.SIGN_OFF): (Ours.OFF, (Act.PART,)),
        (Ours.ON, Signal.SIGN_OFF): (Ours.ASKING_OFF, (Act.ASK_OFF,)),
        (Ours.ON, Signal.SHARED_OFF): (Ours.OFF, ()),
        (Ours.ASKING_OFF, Signal.APPROVED): (Ours.OFF, (Act.PART,)),
        (Ours.ASKING_OFF, Signal.REFUSED): (Ours.OFF, (Act.PART,)),
        (Ours.ASKING_OFF, Signal.OVERDUE): (Ours.OFF, (Act.PART,)),
        (Ours.ASKING_ON, Signal.GONE): (Ours.OFF, ()),
        (Ours.RESTING, Signal.GONE): (Ours.OFF, ()),
        (Ours.ON, Signal.GONE): (Ours.OFF, ()),
        (Ours.ASKING_OFF, Signal.GONE): (Ours.OFF, ()),
    }
)

THEIRS: Table[Theirs] = MappingProxyType(
    {
        (Theirs.OFF, Signal.PEER_SIGNS_ON): (Theirs.ON, ()),
        (Theirs.ON, Signal.PEER_SIGNS_OFF): (Theirs.OFF, ()),
        (Theirs.ON, Signal.GONE): (Theirs.OFF, ()),
    }
)

ECHO: Table[Echo] = MappingProxyType(
    {
        (Echo.HEARD, Signal.ASK_ECHO): (Echo.AWAITED, (Act.ECHO,)),
        (Echo.AWAITED, Signal.ANSWERED): (Echo.HEARD, (Act.WATCH,)),
        (Echo.AWAITED, Signal.MISSED): (Echo.DOUBTED, (Act.ECHO,)),
        (Echo.DOUBTED, Signal.ANSWERED): (Echo.HEARD, (Act.WATCH,)),
        (Echo.DOUBTED, Signal.MISSED): (Echo.HEARD, (Act.FAIL,)),
        (Echo.AWAITED, Signal.GONE): (Echo.HEARD, ()),
        (Echo.DOUBTED, Signal.GONE): (Echo.HEARD, ()),
    }
)
