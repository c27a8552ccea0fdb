"""TLS with mutual authentication: TLS 1.2 or newer, and a certificate of the named authority on both sides."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLContextFactory
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    TLSVersion,
    optionsForClientTLS,
    trustRootFromCertificates,
)

from switch.link.config import TlsFiles

NAMES_MAX = 64
"""DNS names of a certificate that are looked at."""


class TlsFilesUnusable(Exception):
    """A certificate, key or authority file can't be read, or they don't belong together."""


def _authority(files: TlsFiles) -> list[Certificate]:
    try:
        found = x509.load_pem_x509_certificates(Path(files.authority).read_bytes())
    except (OSError, ValueError):
        raise TlsFilesUnusable(f"{files.authority}: no PEM certificates of an authority") from None
    return [Certificate(crypto.X509.from_cryptography(each)) for each in found]


def _own(files: TlsFiles) -> PrivateCertificate:
    try:
        pem = Path(files.certificate).read_bytes() + b"\n" + Path(files.key).read_bytes()
    except OSError:
        raise TlsFilesUnusable(f"{files.certificate} or {files.key}: not readable") from None
    try:
        own: PrivateCertificate = PrivateCertificate.loadPEM(pem)
        context = own.options().getContext()
        context.check_privatekey()
    except (SSL.Error, crypto.Error, ValueError, TypeError):
        raise TlsFilesUnusable(f"{files.key}: not the PEM key of {files.certificate}") from None
    return own


def called(files: TlsFiles) -> IOpenSSLContextFactory:
    """The side that takes calls.  Raises TlsFilesUnusable.

    Sessions are not resumed: a resumed one would skip the look at the peer's certificate.
    """
    own = _own(files)
    return CertificateOptions(
        privateKey=own.privateKey.original,
        certificate=own.original,
        trustRoot=trustRootFromCertificates(_authority(files)),
        raiseMinimumTo=TLSVersion.TLSv1_2,
        enableSessions=False,
        enableSessionTickets=False,
    )


def calling(files: TlsFiles) -> IOpenSSLClientConnectionCreator:
    """The side that calls: the peer's certificate must name ``peer_name``.  Raises TlsFilesUnusable."""
    creator: IOpenSSLClientConnectionCreator = optionsForClientTLS(
        files.peer_name,
        trustRoot=trustRootFromCertificates(_authority(files)),
        clientCertificate=_own(files),
        extraCertificateOptions={"raiseMinimumTo": TLSVersion.TLSv1_2},
    )
    return creator


def certified_names(certificate: object) -> frozenset[str]:
    """The DNS names of the *certificate* (pyOpenSSL's) that the peer showed."""
    if not isinstance(certificate, crypto.X509):
        return frozenset()
    try:
        alternative = certificate.to_cryptography().extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset()
    names = alternative.value.get_values_for_type(x509.DNSName)[:NAMES_MAX]
    return frozenset(name.lower() for name in names)
