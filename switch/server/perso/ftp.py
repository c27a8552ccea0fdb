"""The internal server's files by FTP (RFC 959), as an alternative to TLS within the bureau: listed, taken, removed.

Only passive transfers, and the server calls nobody; users and passphrases are in a file as officers are.  What travels is
enciphered and has a MAC as it came; passwords travel in the clear, so this is for a network that is the bureau's own.
"""

from __future__ import annotations

import ftplib
import hashlib
from collections.abc import Callable
from hmac import compare_digest
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.protocols import ftp
from twisted.python.filepath import FilePath
from zope.interface import Interface, implementer

from switch.perso.chain import Chain
from switch.perso.dual import NotAllowed, Officers
from switch.perso.shelf import FILE_NAME, NotKept, Shelf, TransferFailed
from switch.server.perso.transfer import Came

CALL_SECONDS = 60.0
IDLE_SECONDS = 300
FAULTS: tuple[type[Exception], ...] = (*ftplib.all_errors, NotKept)


class OrderShell(ftp.FTPAnonymousShell):
    """What a user may do: see, take and remove files of the shelf's folder; nothing is put and nothing lies deeper."""

    def __init__(self, shelf: Shelf, chain: Chain, user: str) -> None:
        super().__init__(FilePath(str(shelf.folder)))  # type: ignore[no-untyped-call]  # Twisted's FTP has no annotations
        self._shelf, self._chain, self._user = shelf, chain, user

    def openForReading(self, path: list[str]) -> Deferred[object]:
        """A file to take."""
        try:
            self._shelf.file("/".join(path))
        except NotKept:
            return fail(ftp.FileNotFoundError("/".join(path)))
        self._chain.write(self._user, "given by FTP", {"file": path[0]})
        return super().openForReading(path)  # type: ignore[no-untyped-call, no-any-return]  # as above

    def removeFile(self, path: list[str]) -> Deferred[None]:
        """A file that was taken."""
        try:
            kept = self._shelf.file("/".join(path))
            self._shelf.drop(kept.name, kept.digest)
        except NotKept:
            return fail(ftp.FileNotFoundError("/".join(path)))
        self._chain.write(self._user, "removed by FTP", {"file": path[0]})
        return succeed(None)


@implementer(ICredentialsChecker)
class _Users:
    """Says who a caller is."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, users: Officers) -> None:
        self._users = users

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes | tuple[()]]:
        name, phrase = (
            text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
            for text in (credentials.username, credentials.password)
        )
        try:
            self._users.check(name, phrase)
        except NotAllowed:
            return fail(UnauthorizedLogin())
        return succeed(name.encode())


@implementer(IRealm)
class _Realm:
    """Gives each user a shell."""

    def __init__(self, shelf: Shelf, chain: Chain) -> None:
        self._shelf, self._chain = shelf, chain

    def requestAvatar(
        self, user: bytes | tuple[()], mind: object, *interfaces: object
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        assert isinstance(user, bytes)  # nobody is anonymous here
        return ftp.IFTPShell, OrderShell(self._shelf, self._chain, user.decode()), lambda: None


class PassiveFtp(ftp.FTP):
    """FTP without active transfers, for which a server would call."""

    def ftp_PORT(self, address: str) -> Deferred[object]:
        return fail(ftp.CmdNotImplementedError("PORT"))


def ftp_factory(shelf: Shelf, chain: Chain, users: Officers) -> ftp.FTPFactory:
    """FTP connections to the *shelf*."""
    factory = ftp.FTPFactory(Portal(_Realm(shelf, chain), [_Users(users)]))
    factory.protocol = PassiveFtp
    factory.allowAnonymous = False
    factory.timeOut = IDLE_SECONDS
    return factory


def pull_by_ftp(where: tuple[str, int], user: str, passphrase: str, shelf: Shelf, kept: Came) -> list[str]:
    """Take everything from there to *shelf* and remove it there; blocks.

    Before that *kept* is told of each, with no head, for which FTP has no place.  Raises TransferFailed.
    """
    pulled = []
    try:
        with ftplib.FTP(timeout=CALL_SECONDS) as line:  # noqa: S321  # the bureau's own network; see above
            line.connect(*where)
            line.login(user, passphrase)
            line.voidcmd("TYPE I")
            for name in sorted(each for each in line.nlst(".") if FILE_NAME.fullmatch(each)):
                _take(line, name, shelf)
                kept(name, shelf.file(name).digest, "")
                line.delete(name)
                pulled.append(name)
    except FAULTS as e:
        raise TransferFailed(f"FTP: {e}") from None
    return pulled


def _take(line: ftplib.FTP, name: str, shelf: Shelf) -> None:
    size = line.size(name) or 0
    if any(each.name == name for each in shelf.files()):
        # A pull that broke off before the file was removed there: only the very same file is removed now.
        digest = hashlib.sha256()
        line.retrbinary(f"RETR {name}", digest.update)
        if not compare_digest(digest.hexdigest(), shelf.file(name).digest):
            raise NotKept(f"{name} is here already, and another file")
        return
    arrival = shelf.put(name, size, None)
    try:
        line.retrbinary(f"RETR {name}", arrival.write)
    except BaseException:
        arrival.abandon()
        raise
    arrival.settle()
