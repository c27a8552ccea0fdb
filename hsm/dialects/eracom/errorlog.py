"""The error log: FFF000, FFF100.

It is the appliance's own, of both dialects and the console: events, and faults of ours; refusals are in the audit log.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import ERRORS_KEPT_MAX, Category, Entry
from hsm.dialects.eracom.codes import eracom
from hsm.refusal import (
    LogDirectionInvalid,
    LogEmpty,
    LogFileInvalid,
    LogIndexInvalid,
    LogTimeInvalid,
    MessageLengthInvalid,
)
from hsm.wire.kinds import Binary, Text
from hsm.wire.message import Empty, Message
from hsm.wire.packed import PackedChoice, Whole
from hsm.wire.shapes import Group, Repeated, ToEnd, Until

CATEGORY = Category.STATUS
FILE = 1
LINES_TOLD_MAX = 100
LINE_CHARS_MAX = 200
BEFORE, AFTER = "00", "01"
_ANY_TIME = b"0" * 14
_DATE, _TIME = "%d%m%Y", "%H%M%S"

Date = Annotated[str, Text("A", 8, 8)]
"""ddmmyyyy, in ASCII."""
Time = Annotated[str, Text("A", 6, 6)]
"""hhmmss, in ASCII, UTC."""
FileNumber = Annotated[int, Whole(1, 0, 255)]


class LogFile(Message):
    number: FileNumber
    count: Annotated[int, Whole(2, 0, ERRORS_KEPT_MAX)]
    first_date: Date
    first_time: Time
    last_date: Date
    last_time: Time


class LogStatus(Message):
    file_count: Annotated[int, Whole(1, 0, FILE)]
    files: Annotated[tuple[LogFile, ...], Repeated("file_count", Group(LogFile))]


@eracom.command("FFF000", changes_state=True)
def error_log_status(ask: Empty, hsm: Hsm) -> LogStatus:
    """Tell how many errors the error log holds, and from when to when.

    There is one file, number 1, of 1,000 errors at most, or none while there are no errors.  Dates and times are ASCII
    digits, ddmmyyyy and hhmmss, UTC.  Hosts use the function to see whether the appliance is alive.  All three bytes are
    its code; it has no modifier.
    """
    errors = hsm.appliance.audit.errors(ERRORS_KEPT_MAX)
    if not errors:
        return LogStatus(file_count=0, files=())
    (first_date, first_time), (last_date, last_time) = (_told(entry.time) for entry in (errors[0], errors[-1]))
    file = LogFile(
        number=FILE,
        count=len(errors),
        first_date=first_date,
        first_time=first_time,
        last_date=last_date,
        last_time=last_time,
    )
    return LogStatus(file_count=1, files=(file,))


def _told(time: datetime) -> tuple[str, str]:
    utc = time.astimezone(UTC)
    return utc.strftime(_DATE), utc.strftime(_TIME)


class AskErrors(Message):
    file: FileNumber
    index: Annotated[int, Whole(2, 0, 0xFFFF)]
    date: Annotated[bytes, Binary(8)]
    time: Annotated[bytes, Binary(6)]
    direction: Annotated[str, PackedChoice((BEFORE, AFTER), wrong=LogDirectionInvalid)]


class LogLine(Message):
    index: Annotated[int, Whole(2, 1, ERRORS_KEPT_MAX)]
    text: Annotated[str, Until("\r\n", Text("A", 1, LINE_CHARS_MAX))]


class Errors(Message):
    file: FileNumber
    lines: Annotated[tuple[LogLine, ...], ToEnd(Group(LogLine), LINES_TOLD_MAX)]


@eracom.command("FFF100", changes_state=True, refusals={MessageLengthInvalid: "13"})
def error_log(ask: AskErrors, hsm: Hsm) -> Errors:
    """Tell errors from the error log, 100 at most, each as its index and a line of text.

    The layout is what one client reads; what selects is inferred: errors from the index on (1 is the oldest; 0 is as 1)
    that were entered before (00) the date and time, or then and later (01).  Date and time of zeros only mean any.  A
    line has time, command, outcome, and the place of a fault in our source; nothing that a host sent.  Refusals: 11 no
    errors, 13 wrong length, 14 file number, 15 index, 16 date or time, 17 neither before nor after.
    """
    errors = hsm.appliance.audit.errors(ERRORS_KEPT_MAX)
    if not errors:
        raise LogEmpty
    if ask.file != FILE:
        raise LogFileInvalid
    if ask.index > len(errors):
        raise LogIndexInvalid
    bound = _moment(ask.date + ask.time)
    numbered = list(enumerate(errors, start=1))[max(ask.index, 1) - 1 :]
    wanted = [each for each in numbered if bound is None or (each[1].time < bound) is (ask.direction == BEFORE)]
    lines = tuple(LogLine(index=number, text=_line(entry)) for number, entry in wanted[:LINES_TOLD_MAX])
    return Errors(file=FILE, lines=lines)


def _moment(digits: bytes) -> datetime | None:
    """The moment that ddmmyyyyhhmmss is, None for zeros.  Raises LogTimeInvalid."""
    if digits == _ANY_TIME:
        return None
    if not digits.isdigit():
        raise LogTimeInvalid
    try:
        return datetime.strptime(digits.decode("ascii") + "+0000", _DATE + _TIME + "%z")
    except ValueError:
        raise LogTimeInvalid from None


def _line(entry: Entry) -> str:
    date, time = _told(entry.time)
    return " ".join(filter(None, (date, time, entry.command, entry.outcome, entry.place)))
