"""No marked key or PIN comes out, whatever is asked and whatever breaks, but in the replies that are defined to carry it.

Under an LMK set that nobody published, every key that the appliance makes or opens is marked the moment it exists, and
all PINs have 12 digits.  Then everything it gives out is searched, in every dress that ``support.canary`` knows.
"""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Iterator
from itertools import islice
from random import Random
from unittest import mock

import pytest
from support import composing
from support.appliances import Speaker, make_speaker
from support.canary import Canary, all_of
from support.corpus import VARIANT, Setup, with_keys_under, witnessed
from support.damage import extended, fields_out_of_range, truncated
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from hsm.audit.record import MemoryAuditor
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.dialects.thales.fields import widths
from hsm.keys.masters import KINDS, lmk_of_material, new_material
from hsm.keys.secret import ClearKey, ClearPin
from hsm.operations import pins
from hsm.wire.codec import codec_of
from hsm.wire.message import WireError

load()
PIN = "592638174055"
LMK_PIN_CHARS = "13"
TELLS_CLEAR_PIN = "NG"
DAMAGED_OF_EACH_KIND = 6


def founded(kind: str, canary: Canary) -> Speaker:
    """An appliance under a new LMK of *kind*, marked."""
    speaker = make_speaker({"encrypted-pin-length": LMK_PIN_CHARS, "key-cache": "off"})
    material = new_material(kind, Random(f"canary {kind}").randbytes)
    canary.material(material)
    lmk = lmk_of_material(kind, "00", material, "canary")
    speaker.appliance.load_lmks({"00": lmk}, {"00": lmk})
    return speaker


def requests_under(speaker: Speaker) -> list[str]:
    """A request of every command whose keys and PIN the appliance opens, and the witnessed ones under its LMK."""
    lmk = speaker.appliance.lmks["00"]
    found = [
        composing.composed_request(code, speaker, full=full)
        for code in sorted(thales.commands)
        for full in (False, True)
    ]
    for case in witnessed():
        if case.setup == Setup(VARIANT, (), case.setup.settings) and case.command != "BW":
            request = with_keys_under(case, lmk)
            if request is not None:
                found.append(request)
    return found


def damaged(request: str, speaker: Speaker) -> Iterator[str]:
    """A few damaged copies of *request*, spread over it."""
    for copies in (truncated(request), extended(request), fields_out_of_range(request, speaker)):
        listed = list(copies)
        yield from islice(listed, 0, None, max(1, len(listed) // DAMAGED_OF_EACH_KIND))


def shown_messages(text: str, reply: str, speaker: Speaker) -> Iterator[str]:
    """What a log would show of both messages, and of the error if one is none."""
    command = thales.commands.get(text[:2])
    if command is not None:
        sizes = widths(speaker.appliance.settings)
        for cls, body in ((command.asks, text[2:]), (command.answers, reply[4:])):
            try:
                yield repr(codec_of(cls, sizes).take(body)[0])
            except WireError as error:
                yield f"{error!r} {error}"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_leaks(kind: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "SAMPLE_PIN", PIN)
    caplog.set_level(logging.DEBUG)
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)  # type: ignore[arg-type]  # an observer is any callable
    canary = Canary()
    canary.pin(PIN)
    speaker = founded(kind, canary)
    succeeded = asked = 0
    try:
        with canary.marking():
            for request in requests_under(speaker):
                for text in (request, *damaged(request, speaker)):
                    reply = speaker(text)
                    asked += 1
                    succeeded += reply[2:4] == "00"
                    allowed = text + (PIN if text[:2] == TELLS_CLEAR_PIN and reply[2:4] == "00" else "")
                    assert canary.found_in(reply, allowed) == set(), text[:2]
                    shown = all_of(shown_messages(text, reply, speaker))
                    # A published key may stand in a request as data; a PIN is masked even where the host sent it.
                    assert canary.found_in(shown, text) == set(), text[:2]
                    assert not any(name.startswith("PIN") for name in canary.found_in(shown)), text[:2]
    finally:
        globalLogPublisher.removeObserver(events.append)  # type: ignore[arg-type]
    auditor = speaker.appliance.audit._auditor
    assert isinstance(auditor, MemoryAuditor)
    entries = [entry.fields() for entry in auditor.entries]
    assert len(entries) > 1000
    for output in (all_of(entries), all_of(map(repr, auditor.entries)), caplog.text, all_of(events)):
        assert canary.found_in(output) == set()
    assert asked > 2000
    assert succeeded > 150
    assert canary.count > 1000


def test_internal_faults_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks inside, with secrets in its hands and in its message, ends as 41 and a place in the audit log."""
    monkeypatch.setattr(composing, "SAMPLE_PIN", PIN)
    canary = Canary()
    canary.pin(PIN)
    speaker = founded("variant", canary)
    with canary.marking():
        request = composing.composed_request("JE", speaker, full=False)
        assert speaker(request)[2:4] == "00"

        def broken(fmt: object, under: object, block: bytes, account: str) -> str:
            raise ValueError(f"{PIN} {speaker.appliance.lmks['00'].material().hex()}")

        with mock.patch.object(pins, "read", broken):
            reply = speaker(request)
    assert reply == "JF41"
    auditor = speaker.appliance.audit._auditor
    assert isinstance(auditor, MemoryAuditor)
    assert canary.found_in(all_of(entry.fields() for entry in auditor.entries)) == set()
    assert "ValueError at" in auditor.entries[-1].place


@pytest.mark.parametrize("secret", [ClearKey(bytes(range(1, 17))), ClearPin(PIN)], ids=["key", "PIN"])
def test_secrets_have_no_text(secret: ClearKey | ClearPin) -> None:
    canary = Canary()
    canary.key(bytes(range(1, 17)), "key")
    canary.pin(PIN)
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        failure = Failure()
    shown = (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        failure.getTraceback(),
        failure.getBriefTraceback(),
    )
    assert canary.found_in(all_of(shown)) == set()
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy, bytes, hash, lambda each: each == each):
        with pytest.raises(TypeError):
            attempt(secret)


def test_lmks_show_nothing() -> None:
    for kind in KINDS:
        canary = Canary()
        material = new_material(kind, Random(kind).randbytes)
        canary.material(material)
        lmk = lmk_of_material(kind, "00", material, "canary")
        assert canary.found_in(f"{lmk} {lmk!r} {lmk.check_value} {lmk.cipher_for.__name__}") == set()


@pytest.mark.parametrize(
    "dress",
    [
        lambda key: key,
        lambda key: key.hex().encode(),
        lambda key: key.hex().upper().encode(),
        lambda key: b"x" + key[8:],
        lambda key: key[8:] + key[:8],
        lambda key: b"in the middle " + key[:8].hex().encode() + b" of it",
        lambda key: __import__("base64").b64encode(key),
    ],
)
def test_the_canary_sings(dress: object) -> None:
    """A leak planted in any of these dresses is found; so is one in a log, and a PIN."""
    canary = Canary()
    key = bytes(range(0x21, 0x31))
    canary.key(key, "planted")
    assert callable(dress)
    assert canary.found_in(b"some output: " + dress(key) + b".") == {"planted"}
    assert canary.found_in(dress(key), dress(key)) == set()
    canary.pin(PIN)
    assert canary.found_in(f"PIN block 0C{PIN}F") == {"PIN"}


def test_a_planted_leak_is_found_in_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the appliance told a PIN in place of the PIN under the LMK, the sweep above would say so."""
    monkeypatch.setattr(composing, "SAMPLE_PIN", PIN)
    canary = Canary()
    canary.pin(PIN)
    speaker = founded("variant", canary)
    request = composing.composed_request("JE", speaker, full=False)
    assert canary.found_in(speaker(request), request) == set()
    monkeypatch.setattr(pins, "seal_pin", lambda hsm, pin, account, beside="": pin)
    assert canary.found_in(speaker(request), request) == {"PIN"}
