"""The TLS side of a host port: TLS 1.2 or newer, and client certificates where an authority for them is configured."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.protocol import ServerFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from hsm.server.ports import TlsFiles


class TlsFilesUnusable(Exception):
    """A certificate, key or authority file can't be read or they don't belong together."""


@implementer(IOpenSSLContextFactory)
class _Context:
    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def getContext(self) -> SSL.Context:
        return self._context


def server_context(files: TlsFiles) -> SSL.Context:
    """A server's context from PEM *files*; the certificate file may hold the chain.

    Raises TlsFilesUnusable.  Sessions are not resumed: a resumed one would skip the look at the client's certificate.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET | SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    try:
        context.use_certificate_chain_file(files.certificate)
    except (SSL.Error, OSError):
        raise TlsFilesUnusable(f"{files.certificate}: not a readable PEM certificate") from None
    try:
        # OpenSSL reading the file itself would ask for an encrypted key's passphrase on the terminal and wait.
        key = load_pem_private_key(Path(files.key).read_bytes(), None)
        if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey):
            raise TypeError
        context.use_privatekey(key)
        context.check_privatekey()
    except (SSL.Error, OSError, ValueError, TypeError):
        raise TlsFilesUnusable(f"{files.key}: not the readable PEM key of {files.certificate}") from None
    if files.client_ca is not None:
        try:
            context.load_verify_locations(files.client_ca)
        except (SSL.Error, OSError):
            raise TlsFilesUnusable(f"{files.client_ca}: no PEM certificates of an authority") from None
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *seen: bool(seen[-1]))
    return context


def over_tls(factory: ServerFactory, files: TlsFiles) -> ServerFactory:
    """*factory* spoken to over TLS.  Raises TlsFilesUnusable."""
    # To the interface a factory is a factory; Twisted's types derive this one from the client's.
    return cast(ServerFactory, TLSMemoryBIOFactory(_Context(server_context(files)), False, factory))
