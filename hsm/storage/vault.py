"""LMKs at rest, sealed under a passphrase.

Each LMK is sealed with AES-256-GCM (NIST SP 800-38D) under a key that scrypt (RFC 7914) makes of the passphrase and
the vault's salt.  Name, kind, check value and comment are bound to the seal as associated data.  A sealed phrase in the
vault's header tells a wrong passphrase from damage to one LMK.  Salt and nonces always come from the operating system:
a nonce that a seed repeats would undo the seal.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import sqlite3
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsm.storage.database import Database, StorageError

LMKS_MAX = 100
MATERIAL_BYTES_MAX = 1_024
COMMENT_CHARS_MAX = 60

_VERSION = 1
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_SCRYPT_LOG_N, _SCRYPT_R, _SCRYPT_P = 15, 8, 1  # 32 MiB and a tenth of a second
_HEADER = struct.Struct(f">BBBB{_SALT_BYTES}s")
_PHRASE = b"the passphrase is right"


class VaultError(StorageError):
    """A wrong passphrase, damage, or an LMK that isn't there or already is."""


@dataclass(frozen=True, slots=True)
class LmkLabel:
    """What may be known of a sealed LMK without the passphrase; *check_value* is 16H."""

    name: str
    kind: str
    check_value: str
    comment: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError, saying which part is wrong."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", self.name):
            raise ValueError("an LMK's name is 1 to 32 small letters, digits, - and _")
        if not re.fullmatch(r"[a-z0-9-]{1,16}", self.kind):
            raise ValueError("an LMK's kind is 1 to 16 small letters, digits and -")
        if not re.fullmatch(r"[0-9A-F]{16}", self.check_value):
            raise ValueError("a check value is 16 hex digits")
        if len(self.comment) > COMMENT_CHARS_MAX or not self.comment.isprintable():
            raise ValueError(f"a comment is at most {COMMENT_CHARS_MAX} printable characters")

    def bound(self) -> bytes:
        """The label as associated data; each part is led by its length, so that no two labels are alike."""
        parts = [text.encode() for text in (self.name, self.kind, self.check_value, self.comment)]
        return b"zonekey lmk" + bytes([_VERSION]) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def labels(database: Database) -> tuple[LmkLabel, ...]:
    """The LMKs in the vault of *database*, by name.  Needs no passphrase.  Raises StorageError."""
    rows = database.read("SELECT name, kind, check_value, comment FROM lmk ORDER BY name LIMIT ?", LMKS_MAX)
    try:
        return tuple(LmkLabel(*map(str, row)) for row in rows)
    except ValueError:
        raise VaultError(database.path, "the label of an LMK is damaged; restore it from a backup") from None


def exists(database: Database) -> bool:
    """Has *database* a vault?  Its first LMK's passphrase makes it.  Raises StorageError."""
    return bool(database.read("SELECT 1 FROM vault"))


class Vault:
    """The vault of *database*, opened with *passphrase*; if there is none yet it is made when *make* says so.

    Raises VaultError when there is none, for a wrong passphrase and for a damaged header, StorageError when nothing can
    be read or written.
    """

    def __init__(self, database: Database, passphrase: bytes, *, make: bool = False) -> None:
        self._database = database
        if not exists(database):
            if not make:
                raise VaultError(database.path, "holds no LMKs; `hsm lmk new` makes one")
            self._create(passphrase)
        self._passphrase = passphrase
        self._key = self._opened(passphrase)

    def __repr__(self) -> str:
        return f"<vault in {self._database.path}>"

    def _create(self, passphrase: bytes) -> None:
        header, _ = _new_header(passphrase)
        with self._database.transaction() as change:
            # Two processes may find no vault; the header that came first stays, and _opened reads that one.
            change.execute("INSERT OR IGNORE INTO vault (id, header) VALUES (1, ?)", (header,))

    def _opened(self, passphrase: bytes) -> AESGCM:
        header = self._database.read("SELECT header FROM vault")[0][0]
        damaged = VaultError(self._database.path, "the vault's header is damaged; restore it from a backup")
        if not isinstance(header, bytes) or len(header) != _HEADER.size + _NONCE_BYTES + len(_PHRASE) + 16:
            raise damaged
        parameters, phrase = header[: _HEADER.size], header[_HEADER.size :]
        version, log_n, r, p, salt = _HEADER.unpack(parameters)
        # The bounds keep a damaged header from asking for all memory there is.
        if version != _VERSION or not (14 <= log_n <= 20 and 1 <= r <= 8 and 1 <= p <= 4):
            raise damaged
        key = AESGCM(_derived(passphrase, salt, log_n, r, p))
        try:
            key.decrypt(phrase[:_NONCE_BYTES], phrase[_NONCE_BYTES:], parameters)
        except InvalidTag:
            raise VaultError(
                self._database.path, "the passphrase is wrong (or the vault's header is damaged)"
            ) from None
        return key

    def seal(self, purpose: str, content: bytes) -> bytes:
        """*content* sealed for *purpose*: it opens for no other."""
        return _sealed(self._key, content, _bound(purpose))

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """What was sealed for *purpose*.  Raises VaultError when it was not, or is damaged."""
        try:
            return self._key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(purpose))
        except (ValueError, InvalidTag):
            raise VaultError(self._database.path, f"{purpose} is damaged; restore it from a backup") from None

    def renewed(self, change: sqlite3.Connection, passphrase: bytes | None = None) -> Vault:
        """The vault under a new salt and so a new key, for *passphrase* or the one there was, written by *change*.

        What this one sealed does not open there.  When the transaction is over, let this one ``become`` it.
        """
        other = copy.copy(self)
        other._passphrase = passphrase or self._passphrase
        header, other._key = _new_header(other._passphrase)
        change.execute("INSERT OR REPLACE INTO vault (id, header) VALUES (1, ?)", (header,))
        return other

    def become(self, renewed: Vault) -> None:
        """Seal and open as *renewed* does."""
        self._key, self._passphrase = renewed._key, renewed._passphrase

    def resealed_lmk(self, label: LmkLabel, sealed: bytes, other: Vault) -> bytes:
        """The LMK *label* that this vault *sealed*, as the *other* seals it.  Raises VaultError."""
        return _sealed(other._key, self._lmk(label, sealed), label.bound())

    def add(self, label: LmkLabel, material: bytes) -> None:
        """Seal *material* (at most 1,024 bytes) as the LMK *label*; it is on the disk when this returns.

        Raises VaultError when there is an LMK of that name or no room, StorageError when it can't be written.
        """
        if not 0 < len(material) <= MATERIAL_BYTES_MAX:
            raise ValueError("LMK material is 1 to 1,024 bytes")
        sealed = _sealed(self._key, material, label.bound())
        with self._database.transaction() as change:
            count, same = change.execute("SELECT count(*), sum(name = ?) FROM lmk", (label.name,)).fetchone()
            if same:
                raise VaultError(self._database.path, f"there is an LMK {label.name} already")
            if count >= LMKS_MAX:
                raise VaultError(self._database.path, f"there are {LMKS_MAX} LMKs already")
            values = (label.name, label.kind, label.check_value, label.comment, sealed)
            change.execute("INSERT INTO lmk (name, kind, check_value, comment, sealed) VALUES (?, ?, ?, ?, ?)", values)

    def load(self, name: str) -> tuple[LmkLabel, bytes]:
        """The LMK *name* and its material.  Raises VaultError when there is none or it is damaged."""
        rows = self._database.read("SELECT kind, check_value, comment, sealed FROM lmk WHERE name = ?", name)
        if not rows:
            raise VaultError(self._database.path, f"there is no LMK {name[:40]!r}")
        *parts, sealed = rows[0]
        try:
            label = LmkLabel(name, *map(str, parts))
        except ValueError:
            raise VaultError(self._database.path, f"the LMK {name} is damaged; restore it from a backup") from None
        return label, self._lmk(label, sealed)

    def _lmk(self, label: LmkLabel, sealed: object) -> bytes:
        try:
            if not isinstance(sealed, bytes):
                raise ValueError
            return self._key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], label.bound())
        except (ValueError, InvalidTag):
            raise VaultError(
                self._database.path, f"the LMK {label.name} is damaged; restore it from a backup"
            ) from None

    def remove(self, name: str) -> None:
        """Forget the LMK *name* and overwrite its sealed form.  Raises VaultError when there is none."""
        with self._database.transaction() as change:
            if not change.execute("DELETE FROM lmk WHERE name = ?", (name,)).rowcount:
                raise VaultError(self._database.path, f"there is no LMK {name[:40]!r}")
        self._database.fold()


def _derived(passphrase: bytes, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    memory_bytes_max = 128 * r * (2**log_n + p + 2) + 2**20
    return hashlib.scrypt(passphrase, salt=salt, n=2**log_n, r=r, p=p, maxmem=memory_bytes_max, dklen=_KEY_BYTES)


def _new_header(passphrase: bytes) -> tuple[bytes, AESGCM]:
    parameters = _HEADER.pack(_VERSION, _SCRYPT_LOG_N, _SCRYPT_R, _SCRYPT_P, os.urandom(_SALT_BYTES))
    key = AESGCM(_derived(passphrase, parameters[-_SALT_BYTES:], _SCRYPT_LOG_N, _SCRYPT_R, _SCRYPT_P))
    return parameters + _sealed(key, _PHRASE, parameters), key


def _sealed(key: AESGCM, clear: bytes, bound: bytes) -> bytes:
    # A random nonce of 96 bits is safe for 2^32 seals under one key; LMKs are sealed a few times a year.
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, clear, bound)


def _bound(purpose: str) -> bytes:
    return b"zonekey secret" + bytes([_VERSION]) + purpose.encode()
