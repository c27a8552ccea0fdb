"""Certificates as terminals recover them; what a terminal would refuse is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest
from support.cardroom import SeededBytes

from hsm.crypto import rsasign
from switch.perso.authority import (
    CertificateError,
    IssuerCertificate,
    PublicKey,
    Subject,
    TestAuthority,
    check_static_data,
    issuer_key,
)

AUTHORITY = TestAuthority.founded(0x92, SeededBytes("authority"), 1152)
PRIVATE = rsasign.generate(1024, 3, os.urandom)
ISSUER = PublicKey(PRIVATE.modulus.to_bytes(128, "big"), 3)
SUBJECT = Subject("476173", "1230", b"\0\0\1")
CERTIFICATE = AUTHORITY.certify(ISSUER, SUBJECT)
PAN = "4761739001010010"


def test_the_way_of_a_terminal() -> None:
    """EMV 4.3 Book 2 sections 5.3 and 5.4."""
    assert issuer_key(AUTHORITY.public, CERTIFICATE, PAN, "1126") == ISSUER
    static = b"static data"
    signature = rsasign.sign_static_data(PRIVATE, b"\xda\xc0", static)
    assert check_static_data(ISSUER, signature, static) == b"\xda\xc0"
    with pytest.raises(CertificateError, match="hash"):
        check_static_data(ISSUER, signature, static + b"!")


def test_the_layout_of_a_certificate() -> None:
    """Book 2 tables 1 and 6, place by place, by RSA written out here."""
    modulus = int.from_bytes(AUTHORITY.public.modulus, "big")
    block = pow(int.from_bytes(CERTIFICATE.certificate, "big"), 3, modulus).to_bytes(144, "big")
    assert block[:15].hex().upper() == "6A02" + "476173FF" + "1230" + "000001" + "01" + "01" + "80" + "01"
    left = ISSUER.modulus[: 144 - 36]
    assert block[15 : 15 + 108] == left
    assert CERTIFICATE.remainder == ISSUER.modulus[108:]
    digest = hashlib.sha1(block[1:-21] + CERTIFICATE.remainder + b"\3", usedforsecurity=False).digest()
    assert block[-21:] == digest + b"\xbc"


def test_a_short_key_is_filled_up() -> None:
    authority = TestAuthority.founded(1, SeededBytes("long"), 1408)
    certificate = authority.certify(ISSUER, SUBJECT)
    assert certificate.remainder == b""
    assert issuer_key(authority.public, certificate, PAN, "1126") == ISSUER


@pytest.mark.parametrize(
    ("given", "pan", "today", "why"),
    [
        (CERTIFICATE, "4999999999999999", "1126", "another issuer"),
        (CERTIFICATE, PAN, "0131", "expired"),
        (replace(CERTIFICATE, remainder=b"\0" * len(CERTIFICATE.remainder)), PAN, "1126", "hash"),
        (replace(CERTIFICATE, exponent=b"\1\0\1"), PAN, "1126", "hash"),
        (replace(CERTIFICATE, certificate=b"\1" * 144), PAN, "1126", "header"),
        (replace(CERTIFICATE, certificate=b"\1"), PAN, "1126", "as long"),
    ],
)
def test_refused(given: IssuerCertificate, pan: str, today: str, why: str) -> None:
    with pytest.raises(CertificateError, match=why):
        issuer_key(AUTHORITY.public, given, pan, today)


def test_another_authority_is_refused() -> None:
    other = TestAuthority.founded(0x92, SeededBytes("other"), 1152)
    with pytest.raises(CertificateError, match="header"):
        issuer_key(other.public, CERTIFICATE, PAN, "1126")


def test_an_issuers_key_longer_than_the_authoritys_is_not_certified() -> None:
    with pytest.raises(CertificateError, match="longer"):
        AUTHORITY.certify(PublicKey(b"\xff" * 176, 3), SUBJECT)


def test_nothing_shows_the_authoritys_key() -> None:
    assert repr(AUTHORITY) == "<test authority, key 92>"
