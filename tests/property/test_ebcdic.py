"""A host that speaks EBCDIC: text is translated both ways, binary fields pass untouched."""

from __future__ import annotations

import pytest
from support.damage import TRAILING
from support.estate import Estate

from hsm.dialects.thales.session import ThalesSession
from hsm.keys.usage import Usage

BINARY = bytes(range(256))
PAGE = "cp500"


def said(estate: Estate, *parts: str | bytes, ebcdic: bool = True) -> bytes:
    """The reply to a request of text *parts* (in EBCDIC, if so) and binary ones, without frame and header."""
    page = PAGE if ebcdic else "latin-1"
    request = b"".join(part.encode(page) if isinstance(part, str) else part for part in ("HEAD", *parts))
    session = ThalesSession(estate.ask.dispatcher, 4, ebcdic=ebcdic)
    session.feed(len(request).to_bytes(2, "big") + request)
    reply = session.work(1)[2:]
    assert reply[:4] == "HEAD".encode(page)
    return reply[4:]


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_text_is_translated(estate: Estate) -> None:
    assert said(estate, "NC").decode(PAGE) == estate.ask("NC")
    zpk, block = estate.key(Usage.ZPK), estate.block("1234", "01")
    request = f"CC{zpk}{zpk}12{block}0101400000123456"
    assert said(estate, request).decode(PAGE) == estate.ask(request)
    assert said(estate, "NC", "\x19", "Trailer").decode(PAGE) == estate.ask("NC") + "\x19Trailer"


def test_refusals_are_translated(estate: Estate) -> None:
    assert said(estate, "CCx").decode(PAGE) == "CD15"
    assert said(estate, "??").decode(PAGE) == estate.ask("??")


def test_echo_keeps_bytes(estate: Estate) -> None:
    reply = said(estate, f"B2{len(BINARY):04X}", BINARY)
    assert reply == "B300".encode(PAGE) + BINARY


def test_random_bytes_are_not_translated() -> None:
    """The same seed draws the same bytes whatever the character set."""
    ascii_reply, ebcdic_reply = (said(Estate(), "N0032", ebcdic=each) for each in (False, True))
    assert ebcdic_reply == "N100".encode(PAGE) + ascii_reply[4:]


def test_a_hash_of_binary_data(estate: Estate) -> None:
    ascii_reply, ebcdic_reply = (said(estate, "GM0100256", BINARY, ebcdic=each) for each in (False, True))
    assert ascii_reply[:4] == b"GN00"
    assert ebcdic_reply == "GN00".encode(PAGE) + ascii_reply[4:]


def test_a_mac_of_what_the_host_sent(estate: Estate) -> None:
    """The MAC is over the bytes that the host sent, be they text in its own character set or not."""
    tak = estate.key(Usage.TAK)
    ascii_reply, ebcdic_reply = (said(estate, f"MA{tak}", BINARY[:64], ebcdic=each) for each in (False, True))
    assert ascii_reply[:4] == b"MB00"
    assert ebcdic_reply.decode(PAGE) == ascii_reply.decode()


def test_binary_data_is_enciphered_and_comes_back(estate: Estate) -> None:
    zek = estate.key(Usage.ZEK)
    sealed = said(estate, f"M0000000A{zek}0100", BINARY)
    assert sealed[:4].decode(PAGE) == "M100"
    assert sealed[:8].decode(PAGE) == "M1000100"
    assert sealed[8:] == said(estate, f"M0000000A{zek}0100", BINARY, ebcdic=False)[8:]
    assert said(estate, f"M2000000A{zek}0100", sealed[8:])[8:] == BINARY


def test_hexadecimal_data_is_text(estate: Estate) -> None:
    zek = estate.key(Usage.ZEK)
    request = f"M0001100A{zek}0010" + "0123456789ABCDEF"
    assert said(estate, request).decode(PAGE) == estate.ask(request)


def test_the_translation_loses_nothing() -> None:
    """Every byte that may end a request comes through as the one it stands for."""
    estate = Estate()
    for tail in TRAILING:
        assert said(estate, "NC" + tail).decode(PAGE) == estate.ask("NC" + tail)
