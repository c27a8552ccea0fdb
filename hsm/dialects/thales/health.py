"""Loads, volumes and health: J2, J4, J8, JK.

All of it comes from one public client, which shows where each field stands but not what the numbers are counts of.
Dates are YYMMDD and times HHMMSS, both in UTC.  Counting begins when the appliance starts and goes on, so the span that
a reply is about ends at the moment of the reply.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.load import BANDS_COUNT
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.operations import status
from hsm.operations.status import LmkAlgorithm, LmkState, Measured
from hsm.state import TamperCause
from hsm.wire.kinds import Choice, Digits, Number, Pattern, Text
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Group, Repeated, Rest, When

CATEGORY = Category.STATUS

Date = Annotated[str, Digits(6)]
Time = Annotated[str, Digits(6)]
Serial = Annotated[str, Text("L", 12, 12)]
RecordEnd = Annotated[str, Pattern("\\x14", "X'14'")]
ListEnd = Annotated[str, Pattern("\\x15", "X'15'")]
RECORD_END, LIST_END = "\x14", "\x15"

COUNT_MAX, VOLUME_MAX = 10**10 - 1, 10**12 - 1
MINUTE_LIMIT_MAX, HOUR_LIMIT_MAX, ATTACKS_MAX = 10**7 - 1, 10**5 - 1, 10**8 - 1
ALGORITHM_DIGITS = MappingProxyType(
    {LmkAlgorithm.TDES_2KEY: "0", LmkAlgorithm.TDES_3KEY: "1", LmkAlgorithm.AES_256: "2"}
)
RUNNING, NOT_RUNNING, NOT_CONFIGURED = "1", "2", "3"
NOT_TAMPERED, TAMPERED = "1", "2"
CAUSE_DIGITS = MappingProxyType({TamperCause.CONSOLE.value: "01", TamperCause.SIGNAL.value: "02"})
"""Our own numbers: no source tells the devices'."""


class Span(Message):
    """The appliance, the time that its counts are for, and the time of the reply."""

    serial: Serial
    start_date: Date
    start_time: Time
    end_date: Date
    end_time: Time
    current_date: Date
    current_time: Time


class Band(Message):
    percent_from: Annotated[int, Number(3, 0, 100)]
    percent_to: Annotated[int, Number(3, 0, 100)]
    periods: Annotated[int, Number(10, 0, COUNT_MAX)]
    end: RecordEnd


class Loading(Message):
    span: Annotated[Span, Group(Span)]
    seconds: Annotated[int, Number(10, 0, COUNT_MAX)]
    bands: Annotated[tuple[Band, ...], Repeated(BANDS_COUNT, Group(Band))]


@thales.command("J2")
def tell_loading(ask: Empty, hsm: Hsm) -> Loading:
    """Tell how busy the appliance was: in how many seconds it was up to 10 per cent busy, 10 to 20, and so on.

    A period is one second of one process that serves hosts, and its load is the share of it spent on commands; a load
    on the border of two bands counts in the higher.  Every record ends with X'14'.
    """
    measured = status.measured(hsm)
    step = 100 // BANDS_COUNT
    bands = tuple(
        Band(percent_from=step * band, percent_to=step * (band + 1), periods=min(count, COUNT_MAX), end=RECORD_END)
        for band, count in enumerate(status.load_periods(hsm))
    )
    return Loading(
        span=_span(hsm, measured),
        seconds=min(measured.seconds, COUNT_MAX),
        bands=bands,
    )


class Volumes(Message):
    span: Annotated[Span, Group(Span)]
    seconds: Annotated[int, Number(10, 0, COUNT_MAX)]
    volumes: Annotated[bytes, Rest(binary=False)]


@thales.command("J4")
def tell_volumes(ask: Empty, hsm: Hsm) -> Volumes:
    """Tell how often each host command was executed: records of its code (2 A) and its count (12 N).

    Refused commands count as well; commands that were never asked for are left out.
    """
    measured = status.measured(hsm)
    records = "".join(
        f"{code}{min(count, VOLUME_MAX):012d}" for code, count in status.volumes(hsm, sorted(thales.commands))
    )
    return Volumes(
        span=_span(hsm, measured),
        seconds=min(measured.seconds, COUNT_MAX),
        volumes=records.encode("latin-1"),
    )


class HealthCounts(Message):
    span: Annotated[Span, Group(Span)]
    reboots: Annotated[int, Number(10, 0, COUNT_MAX)]
    tampers: Annotated[int, Number(10, 0, COUNT_MAX)]
    over_minute_limit: Annotated[int, Number(7, 0, MINUTE_LIMIT_MAX)]
    over_hour_limit: Annotated[int, Number(5, 0, HOUR_LIMIT_MAX)]
    attacks: Annotated[int, Number(8, 0, ATTACKS_MAX)]


@thales.command("J8")
def tell_health_counts(ask: Empty, hsm: Hsm) -> HealthCounts:
    """Tell how often the appliance was started again, and how often a limit of fraud detection was reached.

    Starts and tamper events are those since the state directory was made; without one the first start is all there is.
    Everything else counts from the start date.
    """
    measured, counts = status.measured(hsm), hsm.fraud.counts
    return HealthCounts(
        span=_span(hsm, measured),
        reboots=min(hsm.appliance.reboots, COUNT_MAX),
        tampers=min(hsm.appliance.state.tampers_count, COUNT_MAX),
        over_minute_limit=min(counts.over_minute_limit, MINUTE_LIMIT_MAX),
        over_hour_limit=min(counts.over_hour_limit, HOUR_LIMIT_MAX),
        attacks=min(counts.attacks, ATTACKS_MAX),
    )


class LmkTold(Message):
    lmk_id: Annotated[str, Digits(2)]
    authorised: Annotated[str, Choice(("0", "1"))]
    activities: Annotated[int, Number(2, 0, 99)]
    scheme: Annotated[str, Choice(("V", "K"))]
    algorithm: Annotated[str, Choice(("0", "1", "2"))]
    status: Annotated[str, Choice(("T", "L"))]
    comment: Annotated[str, Text("A", 0, status.COMMENT_CHARS_MAX)]
    end: RecordEnd


class TamperTold(Message):
    cause: Annotated[str, Digits(2)]
    date: Date
    time: Time


class Health(Message):
    serial: Serial
    date: Date
    time: Time
    console: Annotated[str, Choice(("0", "1", "2", "3"))]
    manager: Annotated[str, Choice(("0", "1", "2", "3"))]
    host_1: Annotated[str, Choice(("0", "1", "2", "3"))]
    host_2: Annotated[str, Choice(("0", "1", "2", "3"))]
    reserved: Annotated[str, Digits(2)]
    tamper: Annotated[str, Choice((NOT_TAMPERED, TAMPERED))]
    tampered: Annotated[TamperTold | None, When("tamper", (TAMPERED,), Group(TamperTold))]
    lmk_count: Annotated[int, Number(2, 0, 99)]
    test_lmk_count: Annotated[int, Number(2, 0, 99)]
    old_lmk_count: Annotated[int, Number(2, 0, 99)]
    lmks: Annotated[tuple[LmkTold, ...], Repeated("lmk_count", Group(LmkTold))]
    list_end: ListEnd
    failures_exceeded: Annotated[str, Choice(("0", "1"))]
    attacks_exceeded: Annotated[str, Choice(("0", "1"))]


@thales.command("JK")
def tell_health(ask: Empty, hsm: Hsm) -> Health:
    """Tell the state of the appliance: its interfaces, its LMKs with what is authorised, and whether PINs are verified.

    Every LMK record ends with X'14' and the list with X'15'.  Console and manager are reported as not running, the one
    host interface as running.  After a tamper event, until it is cleared, tamper is 2, and its cause (01: at the
    console, 02: by a signal) and time follow.  The first 99 LMKs are told.  The last two digits say whether PIN
    verification is stopped because too many failed, and because of too many signs of an attack.
    """
    lmks, counts, tampered = status.lmk_states(hsm)[:99], hsm.fraud.counts, _tampered(hsm)
    date, time = _moment(hsm.appliance.clock.now())
    return Health(
        serial=hsm.settings.serial,
        date=date,
        time=time,
        console=NOT_RUNNING,
        manager=NOT_RUNNING,
        host_1=RUNNING,
        host_2=NOT_CONFIGURED,
        reserved="00",
        tamper=NOT_TAMPERED if tampered is None else TAMPERED,
        tampered=tampered,
        lmk_count=len(lmks),
        test_lmk_count=sum(lmk.is_test for lmk in lmks),
        old_lmk_count=min(len(hsm.appliance.old_lmks), 99),
        lmks=tuple(_told(lmk) for lmk in lmks),
        list_end=LIST_END,
        failures_exceeded=str(int(counts.stopped_by_failures)),
        attacks_exceeded=str(int(counts.stopped_by_attacks)),
    )


def _tampered(hsm: Hsm) -> TamperTold | None:
    state = hsm.appliance.state
    if not state.tampered:
        return None
    date, time = _moment(datetime.fromisoformat(state.tampered_at))
    return TamperTold(cause=CAUSE_DIGITS[state.tampered], date=date, time=time)


def _told(lmk: LmkState) -> LmkTold:
    return LmkTold(
        lmk_id=lmk.lmk_id,
        authorised="1" if lmk.activities_count else "0",
        activities=min(lmk.activities_count, 99),
        scheme="V" if lmk.is_variant else "K",
        algorithm=ALGORITHM_DIGITS[lmk.algorithm],
        status="T" if lmk.is_test else "L",
        comment=lmk.comment,
        end=RECORD_END,
    )


def _span(hsm: Hsm, measured: Measured) -> Span:
    (start_date, start_time), (date, time) = _moment(measured.began), _moment(measured.now)
    return Span(
        serial=hsm.settings.serial,
        start_date=start_date,
        start_time=start_time,
        end_date=date,
        end_time=time,
        current_date=date,
        current_time=time,
    )


def _moment(moment: datetime) -> tuple[str, str]:
    """Date and time as two fields."""
    return f"{moment:%y%m%d}", f"{moment:%H%M%S}"
