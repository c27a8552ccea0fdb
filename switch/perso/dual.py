"""Two officers for what concerns keys: names with passphrases, of which the file keeps scrypt hashes (RFC 7914)."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from switch.perso.terms import NAME
from switch.perso.whole import write_text

PASSPHRASE_CHARS_MIN, PASSPHRASE_CHARS_MAX = 10, 200
SALT_BYTES = 16
OFFICERS_MAX = 100
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 1


class NotAllowed(Exception):
    """Who acts is not known, gave a wrong passphrase, or is one person twice."""


@dataclass(frozen=True)
class Officers:
    """The officers in the file *path*."""

    path: Path

    def names(self) -> list[str]:
        """Who there is.  Raises NotAllowed for a file that is none of this kind."""
        return sorted(self._read())

    def add(self, name: str, passphrase: str) -> None:
        """Add an officer; one who is there with this passphrase stays, so that an addition can be repeated.

        Raises NotAllowed for one who is there with another passphrase, and for a passphrase that is too short.
        """
        known = self._read()
        if name in known:
            self.check(name, passphrase)
            return
        if not NAME.fullmatch(name) or len(known) >= OFFICERS_MAX:
            raise NotAllowed(f"an officer has a new name, and there are {OFFICERS_MAX} at most")
        if not PASSPHRASE_CHARS_MIN <= len(passphrase) <= PASSPHRASE_CHARS_MAX:
            raise NotAllowed(f"a passphrase has {PASSPHRASE_CHARS_MIN} to {PASSPHRASE_CHARS_MAX} characters")
        salt = secrets.token_bytes(SALT_BYTES)
        known[name] = {"salt": salt.hex(), "hash": _hash(passphrase, salt).hex()}
        write_text(self.path, json.dumps(known, indent=1))

    def check(self, name: str, passphrase: str) -> None:
        """Raises NotAllowed; whether the name or the passphrase is wrong is not said."""
        entry = self._read().get(name)
        salt = bytes.fromhex(entry["salt"]) if entry else bytes(SALT_BYTES)
        found = _hash(passphrase[:PASSPHRASE_CHARS_MAX], salt)
        if not compare_digest(found, bytes.fromhex(entry["hash"]) if entry else bytes(len(found))) or entry is None:
            raise NotAllowed(f"{name[:32]}: not known, or another passphrase")

    def two(self, names: tuple[str, ...], passphrase_of: Callable[[str], str]) -> tuple[str, str]:
        """Two different officers who each gave their passphrase.  Raises NotAllowed."""
        if len(names) != 2 or names[0] == names[1]:
            raise NotAllowed("two different officers must act together")
        for name in names:
            self.check(name, passphrase_of(name))
        return names[0], names[1]

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.exists():
            return {}
        try:
            found = json.loads(self.path.read_text())
            assert all(bytes.fromhex(each["salt"]) and bytes.fromhex(each["hash"]) for each in found.values())
        except (ValueError, AssertionError, AttributeError, KeyError, TypeError):
            raise NotAllowed(f"{self.path.name}: no file of officers") from None
        return dict(found)


def _hash(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32)
