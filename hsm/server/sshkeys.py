"""SSH keys: the host's own, and those that may log in."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.conch.ssh.keys import FingerprintFormats, Key

from hsm.server.config import ConfigError, ConsoleConfig
from hsm.storage.database import StorageError, check_private

HOST_KEY_NAME = "ssh_host_ed25519"
FILE_BYTES_MAX = 1_048_576
RSA_BITS_MIN = 2048
KEY_KINDS = ("Ed25519", "EC", "RSA")
SIGNATURES = frozenset(
    (
        b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521",
        b"rsa-sha2-512", b"rsa-sha2-256",
    )
)  # fmt: skip
"""Those with which a key may sign (RFC 8032, 5656, 8332); ssh-rsa, with SHA-1, is none of them."""

USER = re.compile("[a-z][a-z0-9_.-]{0,31}")


def host_key(config: ConsoleConfig, state_dir: str | None) -> Key:
    """The host's private key: the file that is configured, else one in *state_dir*, which is made when there is none.

    Without either it is a key for this run, whose fingerprint is told on standard error.  Raises ConfigError.
    """
    if config.host_key is not None:
        return _key_in(Path(config.host_key))
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    if state_dir is None:
        key: Key = Key.fromString(fresh)
        print(f"ssh: host key for this run only: {fingerprint(key)}", file=sys.stderr, flush=True)
        return key
    path = Path(state_dir) / HOST_KEY_NAME
    try:
        _made_once(path, fresh)
    except OSError as fault:
        raise ConfigError(str(path), "host key", f"a file that can be made ({fault.strerror})") from None
    return _key_in(path)


def _made_once(path: Path, content: bytes) -> None:
    """Have *path* hold *content*, whole, unless there is such a file.  Raises OSError."""
    if path.exists():
        return
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(unfinished, path)


def fingerprint(key: Key) -> str:
    """As OpenSSH shows it: ``SHA256:`` and base64 without padding."""
    return f"SHA256:{key.fingerprint(FingerprintFormats.SHA256_BASE64).rstrip('=')}"


def _parsed(content: bytes) -> Key | None:
    try:
        return Key.fromString(content)  # type: ignore[no-any-return]  # Conch has no annotations
    except Exception:
        return None  # no key of any kind; the parser raises what comes


def _key_in(path: Path) -> Key:
    expected = "a private ed25519, ECDSA or RSA key without passphrase"
    try:
        check_private(path, "the host key", 0o600)
        key = _parsed(_content(path))
    except StorageError as fault:
        raise ConfigError(str(path), "host key", f"a file of its owner alone ({fault.reason})") from None
    except OSError as fault:
        raise ConfigError(str(path), "host key", f"a readable file ({fault.strerror})") from None
    except ValueError:
        raise ConfigError(str(path), "host key", expected) from None
    if key is None or key.isPublic() or not _strong(key):
        raise ConfigError(str(path), "host key", expected)
    return key


def _content(path: Path) -> bytes:
    with path.open("rb") as opened:
        content = opened.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ValueError
    return content


def _strong(key: Key) -> bool:
    kind = key.type()
    return kind in KEY_KINDS and (kind != "RSA" or key.size() >= RSA_BITS_MIN)


def user_of(name: bytes) -> str | None:
    """The user called *name*, as the audit log has it; None for what can't be a user's name."""
    text = name.decode("ascii", "replace").lower()
    return text if USER.fullmatch(text) else None


def authorized_keys(path: str) -> dict[str, list[Key]]:
    """The keys in *path* by user: lines as ssh-keygen writes them, the name (up to an @) behind the key being the user's.

    Raises ConfigError, naming the line, for a file that others may write to, a key that is too weak, and options.
    """
    try:
        mode = os.stat(path).st_mode
        lines = _content(Path(path)).decode().splitlines()
    except OSError as fault:
        raise ConfigError(path, "authorized keys", f"a readable file ({fault.strerror})") from None
    except ValueError:
        raise ConfigError(path, "authorized keys", f"UTF-8 text of at most {FILE_BYTES_MAX} bytes") from None
    if mode & 0o022:
        raise ConfigError(path, "authorized keys", "a file to which only its owner may write")
    found: dict[str, list[Key]] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        user = user_of(words[2].partition("@")[0].encode()) if len(words) == 3 else None
        if user is None:
            raise ConfigError(where, "key", "TYPE BASE64 USER, without options")
        key = _parsed(" ".join(words[:2]).encode())
        if key is None or not key.isPublic():
            raise ConfigError(where, "key", "an OpenSSH public key")
        if not _strong(key):
            raise ConfigError(where, "key", f"ed25519, ECDSA, or RSA of {RSA_BITS_MIN} bits or more")
        found.setdefault(user, []).append(key)
    return found
