"""Whatever a host sends, it gets one reply with a two-character code, and the next request is served."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.dialects.thales.session import ThalesSession
from hsm.spec.derive import ROOT
from hsm.spec.witnessed import exchanges
from hsm.testing import dispatcher, request_bytes

load()
DISPATCHER = dispatcher({"00": "test-variant", "01": "test-3des-block", "02": "test-aes-block"}, authorised=["all"])
WITNESSED = [e.request for e in exchanges(ROOT / "thales" / "vectors") if e.command in thales.commands]
FAULT = "41"


def reply_to(request: bytes) -> str:
    session = ThalesSession(DISPATCHER)
    for frame in (b"HEAD" + request, b"NEXTNC"):
        session.feed(len(frame).to_bytes(2, "big") + frame)
    replies = session.work(2)
    end = 2 + int.from_bytes(replies[:2], "big")
    assert replies[2:6] == b"HEAD"
    assert replies[end + 2 : end + 10] == b"NEXTND00", "the request after it must be served"
    return replies[6:end].decode("latin-1")


def check(request: bytes) -> None:
    reply = reply_to(request)
    assert re.match(r"[\x00-\xff]{2}[0-9A-Z]{2}", reply, re.DOTALL), reply[:8]
    assert reply[2:4] != FAULT, f"{request!r} broke something"


@given(request_bytes())
def test_any_well_formed_request(request: bytes) -> None:
    check(request)


@given(
    request_bytes() | st.sampled_from(WITNESSED),
    st.integers(0, 400),
    st.integers(0, 4),
    st.binary(max_size=4) | st.sampled_from([b";", b"%00", b"%99", b"\x19", b"U", b"S0", b"#", b"K000"]),
)
def test_any_damaged_request(request: bytes, at: int, cut: int, put: bytes) -> None:
    at = min(at, len(request))
    check(request[:at] + put + request[at + cut :])


@given(st.binary(max_size=100))
def test_any_bytes(request: bytes) -> None:
    check(request)


@pytest.mark.parametrize("code", sorted(thales.commands))
def test_every_command_cut_at_each_byte(code: str) -> None:
    for request in [r for r in WITNESSED if r[:2] == code.encode()] or [code.encode()]:
        for end in range(2, len(request)):
            check(request[:end])
        check(request + b"0")
        check(request + b"\x19trailer")


@pytest.mark.parametrize("code", ["ZZ", "00", "ca", "\xff\xff", "C", ""])
def test_an_unknown_command_gets_15(code: str) -> None:
    assert reply_to(code.encode("latin-1"))[2:4] == "15"
