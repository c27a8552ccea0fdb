"""Hashes: GM."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker
from support.witnessed import Exchange, exchanges, is_answered

from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC

EXCHANGES = exchanges("GM")
speak = make_speaker()


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_witnessed(each: Exchange) -> None:
    assert each.speaker()(each.request) == each.reply


@given(data=st.binary(max_size=300), which=st.sampled_from([("01", "sha1"), ("05", "sha224"), ("08", "sha512")]))
def test_every_byte_counts(data: bytes, which: tuple[str, str]) -> None:
    code, name = which
    digest = hashlib.new(name, data).digest().decode("latin-1")
    assert speak(f"GM{code}{len(data):05d}{data.decode('latin-1')}") == f"GN00{digest}"
    assert speak(f"GM{code}{len(data):05d}{data.decode('latin-1')}%00\x19t") == f"GN00{digest}\x19t"


def test_refusals() -> None:
    assert speak("GM0300003abc") == "GN05"
    assert speak("GM0100004abc") == "GN80"
    assert speak("GM0100002abc") == "GN15"
    assert speak("GM01") == "GN15"


def test_an_ebcdic_host_gets_the_digest_of_its_bytes_untranslated() -> None:
    sent = b"\xc1\xc2\xc3"
    reply = speak("GM0600003" + sent.translate(TO_ASCII).decode("latin-1"), ebcdic=True)
    assert reply[4:].encode("latin-1").translate(TO_EBCDIC) == hashlib.sha256(sent).digest()


@pytest.mark.parametrize("each", EXCHANGES, ids=lambda e: e.id)
def test_every_truncation_is_answered(each: Exchange) -> None:
    for end in range(2, len(each.request)):
        assert is_answered(each.request, speak(each.request[:end]))
