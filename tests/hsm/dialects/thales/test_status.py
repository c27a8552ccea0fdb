"""NC, NO, NI, N0, B2, RA, LG."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker

from hsm.dialects.thales.session import FRAME_BYTES_MAX
from hsm.dialects.thales.status import IO_BUFFER_32K
from hsm.ports import Connection, Traffic

Desk = Callable[..., Speaker]


class Sockets:
    """Host ports that somebody else's hosts are connected to."""

    connections_max = 256

    def __init__(self, *connections: Connection) -> None:
        self._connections = connections

    def connections(self) -> tuple[Connection, ...]:
        return self._connections

    def traffic(self) -> Traffic:
        return Traffic(2**64 + 0xAB, 2, 3, 4, 5, 6, 7, 8, 0xFFFF_FFFF_F)


def connected(desk: Desk, *connections: Connection, **settings: str) -> Speaker:
    speak = desk({name.replace("_", "-"): text for name, text in settings.items()})
    speak.appliance.network = Sockets(*connections)
    return speak


@pytest.mark.parametrize("lmk", ["test-variant", "test-3des-block", "test-aes-block"])
def test_diagnostics_tell_the_lmk(desk: Desk, lmk: str) -> None:
    speak = desk(lmks=(f"00={lmk}",))
    assert speak("NC") == "ND00" + speak.appliance.lmks["00"].check_value + "0001-0900"


def test_status_in_two_digits_of_sockets(desk: Desk) -> None:
    assert connected(desk)("NO00") == "NP00" + "3" + "1" + "99" + "0001-0900" + "0" + "0000"
    assert FRAME_BYTES_MAX == 32_768
    assert IO_BUFFER_32K == "3"


def test_status_in_four_digits_of_sockets(desk: Desk) -> None:
    speak = connected(desk, socket_digits="4", firmware="1500-1929")
    assert speak("NO00") == "NP00" + "3" + "1" + "0256" + "1500-1929" + "0" + "0000"


def test_compliance_of_the_profiles(desk: Desk) -> None:
    assert desk()("NO01") == "NP000"
    assert desk(profile="hardened")("NO01") == "NP001"


@pytest.mark.parametrize("request_text", ["NO", "NO0", "NO02", "NOAA", "NO000", "NO01 "])
def test_status_of_another_mode_is_refused(desk: Desk, request_text: str) -> None:
    assert desk()(request_text) == "NP15"


def test_network_information_without_sockets(desk: Desk) -> None:
    assert desk()("NI11") == "NJ00" + "0000" + "0" * 2 * 16 + "0" * 9 * 8


def test_network_information(desk: Desk) -> None:
    speak = connected(desk, Connection(1500, "192.0.2.7", 50_000, 75), Connection(1501, "::1", 1, 0))
    counters = ("00000000000000AB", "0000000000000002", "00000003", "00000004", "00000000", "00000000")
    faults = ("00000005", "00000006", "00000007", "00000008", "FFFFFFFF")
    first = "0" + "05DC" + "C0000207" + "C350" + "0" + "0000004B"
    second = "0" + "05DD" + "00000000" + "0001" + "0" + "00000000"
    assert speak("NI11") == "NJ00" + "0002" + first + second + "".join(counters) + "".join(faults)


def test_no_more_connections_are_told_than_fit(desk: Desk) -> None:
    speak = connected(desk, *[Connection(1500, "192.0.2.7", 1, 0)] * 1_200)
    reply = speak("NI11")
    assert reply[4:8] == "1000"
    assert len(reply) == 4 + 4 + 1_000 * 26 + 104 < FRAME_BYTES_MAX


@pytest.mark.parametrize(("request_text", "code"), [("NI", "82"), ("NI2", "82"), ("NI1", "15"), ("NI12", "15")])
def test_other_network_information_is_refused(desk: Desk, request_text: str, code: str) -> None:
    assert desk()(request_text) == "NJ" + code


def test_random_values(desk: Desk) -> None:
    speak = desk()
    replies = {speak("N0016") for _ in range(20)}
    assert {reply[:4] for reply in replies} == {"N100"}
    assert {len(reply) for reply in replies} == {20}
    assert len(replies) == 20
    assert len(speak("N0999")) == 4 + 999


@pytest.mark.parametrize("length", ["", "0", "00", "000", "-01", " 1 ", "1_0", "\xb9\xb2\xb3"])
def test_random_values_of_no_length_are_refused(desk: Desk, length: str) -> None:
    assert desk()("N0" + length) == "N101"


def test_random_bytes_pass_an_ebcdic_host_unchanged(desk: Desk) -> None:
    plain, translated = desk()("N0008"), desk()("N0008", ebcdic=True)
    from hsm.dialects.thales.ebcdic import TO_EBCDIC

    assert translated[4:].encode("latin-1").translate(TO_EBCDIC).decode("latin-1") == plain[4:]


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        ("B20000", "B300"),
        ("B20003%01", "B300%01"),
        ("B20002\x19x\x19end", "B300\x19x\x19end"),
        ("B20004\x00\xff\x19%", "B300\x00\xff\x19%"),
        ("B20002x", "B380"),
        ("B2FFFF" + "x" * 100, "B380"),
        ("B20001xy", "B315"),
        ("B2000gx", "B315"),
        ("B200", "B315"),
    ],
)
def test_echo(desk: Desk, request_text: str, reply: str) -> None:
    assert desk()(request_text) == reply


def test_cancelling_authority_reaches_the_lmk_of_the_request_alone(desk: Desk) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-variant"))
    # ThalesSim, CancelAuthState_RA: no fields, no data in the answer.
    assert speak("RA") == "RB00"
    gate = speak.appliance.gate
    assert not gate.permits("export.001", "00")
    assert gate.permits("export.001", "01")
    assert speak("RA%02") == "RB13"
    assert speak("RA1") == "RB15"


@pytest.mark.parametrize(
    ("delay", "code"), [("000", "00"), ("255", "00"), ("256", "15"), ("00", "15"), ("0000", "15"), ("0x1", "15")]
)
def test_the_delay_is_checked(desk: Desk, delay: str, code: str) -> None:
    assert desk()("LG" + delay) == "LH" + code
