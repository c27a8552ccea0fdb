"""Whatever is asked, the reply is well-formed, no code is 41, and the connection goes on.

Every witnessed and every composed request of every command is damaged in every way that ``support.damage`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.appliances import Speaker
from support.corpus import Case, Setup, composed, everything
from support.damage import (
    assert_well_formed,
    conversed,
    extended,
    fields_out_of_range,
    replaced,
    truncated,
)

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.dialects.thales.fields import widths
from hsm.refusal import PinFormatInvalid
from hsm.testing import request_bytes
from hsm.wire.codec import codec_of
from hsm.wire.kinds import Digits, Mismatch
from hsm.wire.message import WireError
from hsm.wire.shapes import Key

load()
CASES = everything()
CODES = sorted(thales.commands)
EXAMPLES_MAX = 300


class Hosts:
    """Appliances by setup, made anew after a request that may have changed their state."""

    def __init__(self) -> None:
        self._speakers: dict[Setup, Speaker] = {}

    def of(self, case: Case) -> Speaker:
        if case.setup not in self._speakers:
            self._speakers[case.setup] = case.setup.speaker()
        return self._speakers[case.setup]

    def ask(self, case: Case, request: str) -> str:
        speaker = self.of(case)
        reply = conversed(speaker.dispatcher, request)
        assert_well_formed(request, reply, speaker)
        if speaker.dispatcher.changes_state(request):
            del self._speakers[case.setup]
        return reply


@pytest.fixture(scope="module")
def hosts() -> Hosts:
    return Hosts()


def of_command(code: str) -> list[Case]:
    return [case for case in CASES if case.command == code]


def swept(hosts: Hosts, code: str, damage: Callable[[str], Iterator[str]]) -> int:
    asked = 0
    for case in of_command(code):
        for request in damage(case.request):
            hosts.ask(case, request)
            asked += 1
    return asked


@pytest.mark.parametrize("code", CODES)
def test_undamaged(hosts: Hosts, code: str) -> None:
    cases = of_command(code)
    assert {case.setup.lmks[0][1] for case in cases} >= {"test-variant", "test-aes-block", "test-3des-block"}
    for case in cases:
        hosts.ask(case, case.request)


@pytest.mark.parametrize("code", CODES)
def test_truncated_at_each_byte(hosts: Hosts, code: str) -> None:
    assert swept(hosts, code, truncated)


@pytest.mark.parametrize("code", CODES)
def test_trailing_bytes(hosts: Hosts, code: str) -> None:
    assert swept(hosts, code, extended)


@pytest.mark.parametrize("code", CODES)
def test_each_byte_of_another_class(hosts: Hosts, code: str) -> None:
    assert swept(hosts, code, replaced) or not thales.commands[code].asks.FIELDS


@pytest.mark.parametrize("code", CODES)
def test_each_field_out_of_range(hosts: Hosts, code: str) -> None:
    for case in of_command(code):
        for request in fields_out_of_range(case.request, hosts.of(case)):
            hosts.ask(case, request)


@pytest.mark.parametrize("request_text", ["", "Z", "ZZ", "zz", "A", "\x00\x00", "\xff\xff", "%00", "NC%", "NC%1", "nc"])
def test_no_such_command(hosts: Hosts, request_text: str) -> None:
    reply = hosts.ask(Case("none", request_text, Setup()), request_text)
    assert reply[2:4] == "15"


def pin_format_cases() -> list[tuple[Case, int]]:
    """Composed requests that carry a PIN block format, and where it stands."""
    found = []
    for case in composed():
        if case.id.endswith("full"):
            continue
        if case.setup.speaker()(case.request)[2:4] not in ("00", "01", "02"):
            continue  # another fault would be told first
        cls = thales.commands[case.command].asks
        spans = codec_of(cls, widths(case.setup.speaker().appliance.settings)).spans(case.request[2:])
        for name, start, end in spans:
            kind = cls.FIELDS[name]
            if isinstance(kind, Digits) and kind.wrong is PinFormatInvalid and end - start == 2:
                found.append((case, start + 2))
    return found


def test_unknown_pin_block_format_is_23(hosts: Hosts) -> None:
    cases = pin_format_cases()
    assert cases
    for case, at in cases:
        for code in ("00", "06", "99"):
            reply = hosts.ask(case, case.request[:at] + code + case.request[at + 2 :])
            assert reply[2:4] == "23", (case.id, code, reply)


@settings(max_examples=EXAMPLES_MAX, deadline=None)
@given(request=request_bytes(), data=st.data())
def test_drawn_messages_damaged(request: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(request)))
    until = data.draw(st.integers(at, min(len(request), at + 8)))
    text = (request[:at] + data.draw(st.binary(max_size=8)) + request[until:]).decode("latin-1")
    Hosts().ask(Case("drawn", text, Setup()), text)


@settings(max_examples=EXAMPLES_MAX, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    Hosts().ask(Case("drawn", "", Setup()), data.decode("latin-1"))


@pytest.mark.parametrize("code", CODES)
def test_both_codec_walks_agree_on_damaged_input(code: str) -> None:
    """The compiled expression and the field-by-field walk read the same, and refuse the same at the same place."""
    cls = thales.commands[code].asks
    codec = codec_of(cls, widths(Setup().speaker().appliance.settings))
    for case in of_command(code):
        for damage in (truncated, extended, replaced):
            for request in damage(case.request):
                text = request[2:]
                try:
                    walked: object = codec.walk(text, 0)
                except Mismatch as refused:
                    walked = (refused.name, refused.offset, refused.wrong)
                try:
                    taken: object = codec.take(text)
                except WireError as error:
                    taken = (error.field, error.offset, error.wrong)
                assert taken == walked, request


def test_cases_reach_every_command_and_key() -> None:
    """The corpus is worth its name: most composed requests get past parsing, and all keys in them open."""
    past = {case.command for case in composed() if case.setup.speaker()(case.request)[2:4] not in ("15", "10", "11")}
    assert len(past) >= 0.9 * len(CODES), set(CODES) - past
    assert any(isinstance(kind, Key) for code in past for kind in thales.commands[code].asks.FIELDS.values())
