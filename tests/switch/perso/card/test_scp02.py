"""The secure channel against published traces and other implementations' values."""

from __future__ import annotations

import pytest

from switch.perso.card import scp02

KEY = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
"""The GlobalPlatform test key."""


def check(key: bytes) -> str:
    return scp02.encipher(key, bytes(8))[:3].hex().upper()


def test_card_keys_of_a_kmc() -> None:
    """GlobalPlatformPro, TestPlaintextKeys: EMV diversification of the test key."""
    data = bytes.fromhex("00010203040506070809")
    assert [check(scp02.card_key(KEY, data, number)) for number in (1, 2, 3)] == ["C33013", "6F4CA6", "BB8179"]


@pytest.mark.parametrize(
    ("constant", "expected"), [(scp02.ENC, "F2DCDD"), (scp02.MAC, "5FCC69"), (scp02.DEK, "85272E")]
)
def test_session_keys(constant: bytes, expected: str) -> None:
    """GlobalPlatformPro, TestPlaintextKeys: SCP02, sequence counter 0000."""
    assert check(scp02.session_key(KEY, constant, bytes(2))) == expected


def test_a_key_under_the_data_encryption_key() -> None:
    """GlobalPlatformPro, TestPlaintextKeys: PUT KEY."""
    dek = scp02.session_key(KEY, scp02.DEK, bytes(2))
    session = scp02.Session(b"", dek)
    assert scp02.encipher(dek, KEY).hex().upper() == "EFBEE6C6D99D7B70BDE9D7E927F020AF"
    assert session.deciphered(bytes.fromhex("EFBEE6C6D99D7B70BDE9D7E927F020AF")) == KEY


HOST, CARD, COUNTER = bytes.fromhex("CE410ED7FACD71A1"), bytes.fromhex("884AB6A84A18"), bytes.fromhex("0013")


def test_mutual_authentication_of_a_card_trace() -> None:
    """Gp4Net tests: a trace of GlobalPlatformPro with a card."""
    enc = scp02.session_key(KEY, scp02.ENC, COUNTER)
    card = scp02.cryptogram(enc, scp02.card_text(HOST, COUNTER, CARD))
    host = scp02.cryptogram(enc, scp02.host_text(HOST, COUNTER, CARD))
    assert (card.hex().upper(), host.hex().upper()) == ("19A72830637708FB", "E214362A48999E2A")
    mac_key = scp02.session_key(KEY, scp02.MAC, COUNTER)
    command = scp02.maced(bytes.fromhex("80820300"), host)
    assert command[:5].hex() == "8482030010"
    mac = scp02.retail_mac(mac_key, command)
    assert mac.hex().upper() == "D0C159C17E6D3F9A"
    session = scp02.Session(mac_key, b"")
    assert session.verified(command + mac) == host


def test_the_macs_of_a_session_are_chained() -> None:
    """The second command of that trace."""
    session = scp02.Session(bytes.fromhex("A4C596637EBC545276CDDFB75194B01C"), b"", bytes.fromhex("D0C159C17E6D3F9A"))
    command = scp02.maced(bytes.fromhex("84F28002"), bytes.fromhex("4F00"))
    assert command.hex() == "84f280020a4f00"
    assert session.verified(command + bytes.fromhex("B2037DBFF3A4A091")) == bytes.fromhex("4F00")
    assert session.verified(command + bytes.fromhex("B2037DBFF3A4A091")) is None, "the chain has gone on"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        scp02.maced(bytes(4), bytes(248))
    with pytest.raises(ValueError, match="10 bytes"):
        scp02.card_key_data(bytes(9), 1)


def test_a_session_shows_no_key() -> None:
    session = scp02.Session(KEY, KEY, bytes(8))
    assert KEY.hex() not in repr(session)
    assert "404142" not in repr(session)
    assert str(KEY) not in repr(session)
