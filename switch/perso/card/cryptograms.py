"""A card's application cryptograms (EMV 4.3 Book 2 sections 8.1, 8.2.1 and A1.3.1), by the card's own cryptography."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.perso.card.scp02 import encipher, retail_mac


@dataclass(frozen=True)
class CardKeys:
    """The master keys of one card, 16 bytes each: application cryptogram, script MAC, script enciphering."""

    ac: bytes = field(repr=False)
    smi: bytes = field(repr=False)
    smc: bytes = field(repr=False)


def check_value(key: bytes) -> bytes:
    """3 bytes: a zero block enciphered."""
    return encipher(key, bytes(8))[:3]


def session_key(master_key: bytes, atc: int) -> bytes:
    """The common session key for application cryptograms, 16 bytes; *atc* is the application transaction counter."""
    counter = atc.to_bytes(2, "big")
    return encipher(master_key, counter + b"\xf0" + bytes(5) + counter + b"\x0f" + bytes(5))


def application_cryptogram(key: bytes, data: bytes) -> bytes:
    """The ARQC, TC or AAC, 8 bytes, of *data* under the session *key*, with padding method 2 (Visa CVN 18)."""
    return retail_mac(key, data)


def response_cryptogram(key: bytes, cryptogram: bytes, response_code: bytes) -> bytes:
    """The ARPC, 8 bytes, by method 1; *response_code* is 2 bytes."""
    mixed = bytes(a ^ b for a, b in zip(cryptogram, response_code + bytes(6), strict=True))
    return encipher(key, mixed)
