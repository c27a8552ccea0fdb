"""SSH keys in files: what is made, what is refused, whose they are."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hsm.server.config import ConfigError, ConsoleConfig
from hsm.server.sshkeys import HOST_KEY_NAME, SIGNATURES, authorized_keys, fingerprint, host_key, user_of

ED25519 = ed25519.Ed25519PrivateKey.generate()
SHORT_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505  # so that it is refused
DSA = dsa.generate_private_key(1024)  # noqa: S505  # so that it is refused
EC = ec.generate_private_key(ec.SECP256R1())


def public(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def file_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "operators.pub"
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def test_the_host_key_is_made_once_and_is_its_owner_s(tmp_path: Path) -> None:
    (tmp_path / "ssh_host_ed25519.new").write_text("left by a crash")
    made = host_key(ConsoleConfig(), str(tmp_path))
    path = tmp_path / HOST_KEY_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [HOST_KEY_NAME]
    assert host_key(ConsoleConfig(), str(tmp_path)) == made
    told = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    assert told.split()[1] == fingerprint(made)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="a file of its owner alone"):
        host_key(ConsoleConfig(), str(tmp_path))


def test_without_a_state_directory_the_key_is_for_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = host_key(ConsoleConfig(), None), host_key(ConsoleConfig(), None)
    assert one != other
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines()] == [
        fingerprint(one),
        fingerprint(other),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        public(ED25519).encode(),
        SHORT_RSA.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        ed448.Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        DSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        bytes(2_000_000),
    ],
    ids=["empty", "nonsense", "public", "rsa 1024", "ed448", "dsa", "large"],
)
def test_a_host_key_that_wont_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="a private ed25519, ECDSA or RSA key without passphrase"):
        host_key(ConsoleConfig(host_key=str(path)), None)


def test_a_host_key_with_a_passphrase_or_none_at_all(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "passphrase", "-f", path], check=True)
    with pytest.raises(ConfigError, match="without passphrase"):
        host_key(ConsoleConfig(host_key=str(path)), None)
    with pytest.raises(ConfigError, match="No such file"):
        host_key(ConsoleConfig(host_key=str(tmp_path / "none")), None)
    with pytest.raises(ConfigError, match="a file that can be made"):
        host_key(ConsoleConfig(), str(tmp_path / "none"))


def test_keys_by_user(tmp_path: Path) -> None:
    text = f"# operators\n\n{public(ED25519)} alice@laptop\n{public(EC)} Alice\n{public(EC)} bob\n"
    found = authorized_keys(file_of(tmp_path, text))
    assert {user: len(keys) for user, keys in found.items()} == {"alice": 2, "bob": 1}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (public(ED25519), "TYPE BASE64 USER"),
        (f"restrict {public(ED25519)} alice", "without options"),
        (f'command="x" {public(ED25519)} alice', "without options"),
        (f"{public(ED25519)} alice the first", "without options"),
        (f"{public(ED25519)} @laptop", "USER"),
        (f"{public(ED25519)} ../alice", "USER"),
        ("ssh-ed25519 AAAA alice", "an OpenSSH public key"),
        ("nonsense nonsense alice", "an OpenSSH public key"),
        (f"{public(SHORT_RSA)} alice", "RSA of 2048 bits or more"),
    ],
    # The keys are made anew by each process that collects the tests.
    ids=["no user", "restricted", "command", "spaces", "host alone", "path", "short", "nonsense", "weak"],
)
def test_a_line_that_wont_do_is_named(tmp_path: Path, line: str, expected: str) -> None:
    path = file_of(tmp_path, f"{public(EC)} bob\n{line}\n")
    with pytest.raises(ConfigError, match=expected) as told:
        authorized_keys(path)
    assert told.value.where == f"{path}, line 2"


def test_files_that_wont_do(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"{public(EC)} bob\n")
    os.chmod(path, 0o664)
    with pytest.raises(ConfigError, match="only its owner may write"):
        authorized_keys(path)
    with pytest.raises(ConfigError, match="No such file"):
        authorized_keys(str(tmp_path / "none"))
    for content in (b"\xff\xfe", bytes(2_000_000)):
        Path(path).write_bytes(content)
        with pytest.raises(ConfigError, match="UTF-8 text"):
            authorized_keys(path)


@pytest.mark.parametrize("name", [b"", b"\xff", b"a b", b"-a", b"x" * 33, b"a\n", "\u00e4".encode()])
def test_names_that_no_user_has(name: bytes) -> None:
    assert user_of(name) is None


def test_what_keys_may_sign_with() -> None:
    assert b"ssh-rsa" not in SIGNATURES
    assert b"ssh-dss" not in SIGNATURES
