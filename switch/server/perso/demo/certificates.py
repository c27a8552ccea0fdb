"""TLS certificates of a test authority, which exists only while it makes them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from switch.perso.whole import whole

AUTHORITY = "authority.pem"
DAYS = 30


def write_certificates(folder: Path, names: tuple[str, ...], now: datetime) -> None:
    """Write to *folder* NAME.pem and NAME.key for each DNS name NAME.example, and last a new authority's certificate.

    So the authority's is there when all are: nobody can add to them, for its key is kept nowhere.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Demonstration authority")])
    authority = _builder(subject, subject, authority_key.public_key(), now)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed = authority.sign(authority_key, hashes.SHA256())
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        own = _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), subject, key.public_key(), now)
        own = own.add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{name}.example")]), critical=False)
        certificate = own.sign(authority_key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with open(folder / f"{name}.key", "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(pem)
    with whole(folder / AUTHORITY) as last:
        last.write(signed.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
    )
