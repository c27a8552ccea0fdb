"""The error log, as hosts are told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.eracom import EracomSpeaker, make_eracom

from hsm.audit.record import ERRORS_KEPT_MAX, Audit, Category, Entry, MemoryAuditor
from hsm.audit.relay import RelayAuditor
from hsm.policy.authority import Interface
from hsm.ports import SystemClock

BEGAN = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)
ANY = "30" * 14


def asker(errors: int) -> EracomSpeaker:
    """An appliance whose log has *errors* errors, a second apart, and as many refusals, which are none."""
    ask, auditor = make_eracom(), MemoryAuditor()
    for number in range(1, errors + 1):
        place = "KeyError at pins.py:41" if number == 2 else ""
        category = Category.PIN if number == 2 else Category.EVENT
        when = BEGAN + timedelta(seconds=number - 1)
        auditor.note(Entry(2 * number - 1, when, Interface.HOST, "", "TAMPER", "00", category, 0, place))
        auditor.note(Entry(2 * number, when, Interface.HOST, "", "EE0602", "07", Category.PIN, 0))
    ask.appliance.audit = Audit(auditor, SystemClock())
    return ask


def ascii_of(text: str) -> str:
    return text.encode().hex().upper()


def asked(file: int = 1, index: int = 0, when: str = ANY, direction: str = "01") -> str:
    return f"FFF100 {file:02X} {index:04X} {when} {direction}"


def lines(reply: str) -> list[tuple[int, str]]:
    raw = bytes.fromhex(reply)
    assert raw[:5].hex().upper() == "FFF1000001"
    found, rest = [], raw[5:]
    while rest:
        text, _, after = rest[2:].partition(b"\r\n")
        found.append((int.from_bytes(rest[:2], "big"), text.decode()))
        rest = after
    return found


def test_no_errors_no_file() -> None:
    ask = asker(0)
    assert ask("FFF000") == "FFF00000" + "00"
    assert ask(asked()) == "FFF10011"


def test_one_file_from_the_first_to_the_last() -> None:
    first, last = ascii_of("28022026235958"), ascii_of("01032026000001")
    assert asker(4)("FFF000") == "FFF00000" + "01" + "01" + "0004" + first + last
    assert asker(1)("FFF000") == "FFF00000" + "01" + "01" + "0001" + first + first
    assert asker(ERRORS_KEPT_MAX + 5)("FFF000")[8:16] == f"0101{ERRORS_KEPT_MAX:04X}"


def test_errors_by_index_and_time() -> None:
    ask = asker(4)
    assert lines(ask(asked())) == [
        (1, "28022026 235958 TAMPER 00"),
        (2, "28022026 235959 TAMPER 00 KeyError at pins.py:41"),
        (3, "01032026 000000 TAMPER 00"),
        (4, "01032026 000001 TAMPER 00"),
    ]
    assert [number for number, _ in lines(ask(asked(index=3)))] == [3, 4]
    midnight = ascii_of("01032026000000")
    assert [number for number, _ in lines(ask(asked(when=midnight)))] == [3, 4]
    assert [number for number, _ in lines(ask(asked(when=midnight, direction="00")))] == [1, 2]
    assert lines(ask(asked(index=3, when=midnight, direction="00"))) == []


def test_a_reply_is_bounded() -> None:
    ask = asker(250)
    assert [number for number, _ in lines(ask(asked(index=150)))] == list(range(150, 250))
    assert len(lines(ask(asked()))) == 100


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (asked(file=2), "14"),
        (asked(file=0), "14"),
        (asked(index=4), "15"),
        (asked(when=ascii_of("30022026000000")), "16"),
        (asked(when=ascii_of("0103202600000A")), "16"),
        (asked(when="FF" * 14), "16"),
        (asked(direction="02"), "17"),
        (asked()[:-3], "13"),
        (asked()[:-9], "13"),
        ("FFF100", "13"),
        (asked() + "00", "13"),
        ("FFF00000", "03"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    assert asker(3)(request_hex) == request_hex[:6] + code


def test_the_process_that_keeps_the_log_is_asked() -> None:
    ask = make_eracom()
    for code in ("FFF000", "FFF100"):
        assert ask.dispatcher.changes_state(bytes.fromhex(code).decode("latin-1"))
    assert Audit(RelayAuditor(), SystemClock()).errors(5) == ()
