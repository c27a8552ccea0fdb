"""The words in which a link's tables are written."""

from __future__ import annotations

from enum import Enum


class Line(Enum):
    """The connection."""

    CLOSED = "nobody wants it"
    SOUGHT = "being dialled, or the peer's call is awaited"
    PAUSED = "a pause before the next call"
    CONNECTED = "frames can pass"
    LEAVING = "to be closed once we have signed off"
    DROPPING = "hung up because it failed; the end of the connection has not come yet"
    CLOSING = "hung up by order; the end of the connection has not come yet"


class Ours(Enum):
    """Our sign-on with the peer."""

    OFF = "not signed on"
    ASKING_ON = "a sign-on is unanswered"
    RESTING = "the peer refused; a pause before the next sign-on"
    ON = "signed on"
    ASKING_OFF = "a sign-off is unanswered"


class Theirs(Enum):
    """The peer's sign-on with us."""

    OFF = "not signed on"
    ON = "signed on"


class Echo(Enum):
    """Whether the peer lives."""

    HEARD = "something came lately"
    AWAITED = "an echo is unanswered"
    DOUBTED = "one echo was missed, another is unanswered"


class Signal(Enum):
    """What moves a table.  One event is one signal or several; a move can give a signal to the other tables."""

    OPEN = "order to open"
    CLOSE = "order to close"
    SIGN_ON = "sign on"
    SIGN_OFF = "sign off"
    ASK_ECHO = "order to send an echo, or quiet for too long"
    CONNECTED = "the connection stands"
    CUT_CALLS = "no connection (any more); we call again"
    CUT_AWAITS = "no connection (any more); the peer calls again"
    CUT_STAYS = "no connection (any more); nobody calls again"
    PAUSE_OVER = "the pause is over"
    PARTED = "nothing is left to say"
    FAILED = "the peer does not answer"
    GONE = "there is no connection any more"
    PEER_SIGNS_ON = "the peer's sign-on is approved"
    PEER_SIGNS_OFF = "the peer signs off"
    SHARED_OFF = "the peer's sign-off holds for both"
    APPROVED = "approved"
    REFUSED = "refused"
    OVERDUE = "unanswered for too long, or rested"
    SPENT = "unanswered too often"
    ANSWERED = "the echo is answered, or something else was heard"
    MISSED = "the echo is unanswered, and nothing else was heard"


class Act(Enum):
    """What a move does besides moving."""

    SEEK = "call, or await the call"
    CEASE = "call or await no more"
    PAUSE = "start the pause"
    END_PAUSE = "end the pause"
    BEGIN = "sign on if that is automatic; watch for quiet"
    LEAVE = "sign off if that is automatic, else hang up"
    HANG_UP = "hang up"
    LOSE = "forget what was asked; stop its timers"
    ASK_ON = "send a sign-on"
    ASK_OFF = "send a sign-off"
    REST = "start the pause before the next sign-on"
    SETTLE = "the question is answered"
    PART = "the question is answered; if we are leaving, hang up"
    FAIL = "give the line up"
    ECHO = "send an echo"
    WATCH = "watch for quiet"


class Timer(Enum):
    """A link has at most one of each running; starting it again restarts it."""

    PAUSE = "before the next call"
    SIGN = "until a sign-on or sign-off is answered, or asked again"
    IDLE = "until quiet is too long"
    ECHO = "until an echo is answered"


class Purpose(Enum):
    """What a network management message is for; which code says so is a matter of the link."""

    SIGN_ON = "sign-on"
    SIGN_OFF = "sign-off"
    ECHO = "echo"
    KEY_REQUEST = "key-request"
    KEY_CHANGE = "key-change"
    NEW_KEY = "new-key"
    CUTOVER = "cutover"
