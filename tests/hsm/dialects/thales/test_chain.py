"""NK: chains of commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker

from hsm.audit.record import MemoryAuditor
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC
from hsm.dialects.thales.session import ThalesSession

Desk = Callable[..., Speaker]


def chain(*commands: str, flag: str = "0") -> str:
    return f"NK{flag}{len(commands):02d}" + "".join(f"{len(each):04d}{each}" for each in commands)


def replies(reply: str) -> list[str]:
    assert reply[:4] == "NL00"
    found, at = [], 6
    while at < len(reply):
        end = at + 4 + int(reply[at : at + 4])
        found.append(reply[at + 4 : end])
        at = end
    assert len(found) == int(reply[4:6])
    return found


def test_replies_come_in_order_whatever_became_of_each(desk: Desk) -> None:
    speak = desk({"enabled-commands": "-NC"}, authorise="")
    told = replies(speak(chain("B20001a", "NC", "QQ", "B20002a", "N0000", "B20001b")))
    assert told == ["B300a", "ND68", "QR15", "B380", "N101", "B300b"]


def test_headers_come_back(desk: Desk) -> None:
    speak = desk()
    assert replies(speak(chain("AAAAB20001a", "BBBBQQ", flag="1"))) == ["AAAAB300a", "BBBBQR15"]
    assert replies(speak(chain("B20001a", flag="1"), header_chars=0)) == ["B300a"]
    assert replies(speak(chain("x" * 20 + "B20001a", flag="1"), header_chars=20)) == ["x" * 20 + "B300a"]
    assert speak(chain("AAA", flag="1")) == "NL15"


@pytest.mark.parametrize("flag", ["0", "1"])
def test_a_chain_in_a_chain_is_refused_before_anything_is_done(desk: Desk, flag: str) -> None:
    speak = desk()
    header = "HEAD" if flag == "1" else ""
    assert speak(chain(header + "RA", header + chain("NC"), flag=flag)) == "NL52"
    assert speak.appliance.gate.permits("export", "00")


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        ("NK", "51"),
        ("NK2010002NC", "51"),
        ("NK0", "52"),
        ("NK000", "52"),
        ("NK0x1", "52"),
        ("NK099" + "0002NC", "15"),
        ("NK0010003NC", "15"),
        ("NK0010001NC", "15"),
        ("NK001000", "15"),
        ("NK00100_2NC", "15"),
        ("NK0010002NC0002NC", "15"),
    ],
)
def test_malformed_chains_do_nothing(desk: Desk, request_text: str, code: str) -> None:
    speak = desk()
    assert speak(request_text) == "NL" + code
    assert speak.appliance.audit.volumes.total("NC") == 0


def test_too_many_replies_are_refused(desk: Desk) -> None:
    speak = desk()
    assert len(replies(speak(chain(*["N0999"] * 31)))) == 31
    assert speak(chain(*["N0999"] * 40)) == "NL80"


def test_commands_within_are_counted_and_entered_with_their_host(desk: Desk) -> None:
    speak = desk()
    speak(chain("NC", "RA"), peer="192.0.2.1:4000")
    assert [speak.appliance.audit.volumes.total(code) for code in ("NK", "NC", "RA")] == [1, 1, 1]
    auditor = speak.appliance.audit._auditor
    assert isinstance(auditor, MemoryAuditor)
    entered = [(each.command, each.peer) for each in auditor.entries]
    assert entered == [("RA", "192.0.2.1:4000")]


def test_commands_within_keep_to_their_port(desk: Desk) -> None:
    lmks = ("00=test-variant", "01=test-3des-block")
    values = [desk(lmks=lmks)("NC" + tail)[4:20] for tail in ("%00", "%01")]
    speak = desk(lmks=lmks)
    assert replies(speak(chain("NC"), port_lmk="01"))[0][4:20] == values[1]
    assert replies(speak(chain("NC", "NC%00") + "%01"))[0][4:20] == values[1]
    assert replies(speak(chain("NC", "NC%00") + "%01"))[1][4:20] == values[0]
    tied = desk({"enforce-host-port-lmk": "yes"}, lmks)
    assert replies(tied(chain("NC%01", "NC"), port_lmk="00")) == ["NDA2", f"ND00{values[0]}0001-0900"]
    assert tied(chain("NC") + "%01", port_lmk="00") == "NLA2"


def test_a_change_within_is_in_force_for_the_next(desk: Desk) -> None:
    told = replies(desk()(chain("LAK000010123456789ABCDEF", "LEK00001", "RA", "JK")))
    assert told[:3] == ["LB00", "LF000123456789ABCDEF", "RB00"]
    assert "00000V0T" in told[3]


def test_a_chain_is_executed_by_the_owner_of_the_state() -> None:
    assert make_speaker().dispatcher.changes_state(chain("NC"))


def test_an_ebcdic_host_chains_bytes(desk: Desk) -> None:
    data = bytes(range(256)).decode("latin-1")
    session = ThalesSession(desk().dispatcher, 0, ebcdic=True)
    text, raw = "B20100", data.encode("latin-1")
    inner = text.encode("latin-1").translate(TO_EBCDIC) + raw
    request = b"NK0010262".translate(TO_EBCDIC) + inner
    reply = session.execute(request)
    assert reply[:14].translate(TO_ASCII) == b"NL00010260B300"
    assert reply[14:] == raw


SPEAK = make_speaker()
WITNESSED = "NK1020010AAAAB200000026BBBBB200090123456789ABCDEF"


@given(st.integers(0, len(WITNESSED) - 1), st.characters(max_codepoint=255))
def test_damage_is_answered_with_a_code(at: int, letter: str) -> None:
    for damaged in (WITNESSED[:at], WITNESSED[:at] + letter + WITNESSED[at + 1 :], WITNESSED + letter):
        reply = SPEAK(damaged)
        assert reply[2:4] in ("00", "15", "51", "52", "13") or damaged[:2] != "NK"
        inner = replies(reply) if reply[:4] == "NL00" and "\x19" not in damaged else ()
        assert "41" not in (reply[2:4], *[each[6:8] for each in inner])
