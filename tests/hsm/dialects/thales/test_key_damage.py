"""Key-management requests cut short, lengthened and damaged: a code of two characters, never 41, and never a key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker

from hsm.spec.witnessed import Exchange, exchanges

VECTORS = Path(__file__).parents[4] / "protocol-spec" / "thales" / "vectors"
FAMILY = frozenset(("A0", "A4", "A6", "A8", "B0", "AA", "AC", "BS", "BU", "BW", "GE", "KA"))
WITNESSED = [
    each
    for each in exchanges(VECTORS)
    if each.command in FAMILY and not each.refused and ("zmk-length", "single") not in each.settings
]


def speaker_for(exchange: Exchange) -> Speaker:
    return make_speaker(
        dict(exchange.settings),
        tuple(f"{lmk_id}={name}" for lmk_id, name in exchange.lmks),
        exchange.authorise,
        tuple(f"{lmk_id}={name}" for lmk_id, name in exchange.old_lmks),
    )


def sound(request: str, reply: str) -> None:
    assert re.match(r"[0-9A-Z]{2}[0-9A-F]{2}", reply), reply
    assert reply[2:4] != "41", request
    if reply[2:4] not in ("00", "01"):
        assert len(reply) == 4 or reply[4] == "\x19"


@pytest.mark.parametrize("exchange", WITNESSED, ids=lambda exchange: exchange.id)
def test_cut_short_at_each_byte_and_lengthened(exchange: Exchange) -> None:
    speak, whole = speaker_for(exchange), exchange.request.decode("latin-1")
    for end in range(2, len(whole)):
        sound(whole[:end], speak(whole[:end]))
    for more in ("0", "!", "%", "%0", ";", "#", "&", "\x00", "\xff", "%00%00"):
        sound(whole + more, speak(whole + more))


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_anywhere(data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(WITNESSED))
    whole = exchange.request.decode("latin-1")
    speak = SPEAKERS.setdefault(exchange.id, speaker_for(exchange))
    at = data.draw(st.integers(2, max(2, len(whole) - 1)))
    instead = data.draw(st.text(st.sampled_from("0123456789ABCDEFSRUTXYKZ;%#&!\x00\xff c"), max_size=3))
    request = whole[:at] + instead + whole[at + data.draw(st.integers(0, 3)) :]
    sound(request, speak(request))


SPEAKERS: dict[str, Speaker] = {}
