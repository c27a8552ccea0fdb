"""Audit logs in a state directory, for tests that damage them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsm.audit.file import FileAuditor
from hsm.audit.record import Category, Entry
from hsm.audit.segments import segments
from hsm.policy.authority import Interface
from hsm.storage.database import Database

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class FakeClock:
    """Noon, and as many seconds as a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON


class FakeVault:
    """Seals as the vault does, under a key of its own."""

    def __init__(self, key: bytes = bytes(32)) -> None:
        self._cipher = AESGCM(key)

    def seal(self, purpose: str, content: bytes) -> bytes:
        return self._cipher.encrypt(bytes(12), content, purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        return self._cipher.decrypt(bytes(12), sealed, purpose.encode())


def made(directory: Path) -> Path:
    """*directory* with an empty database."""
    Database(directory).close()
    return directory


def entry(sequence: int, command: str = "A0", outcome: str = "00", category: Category = Category.KEY) -> Entry:
    return Entry(sequence, NOON, Interface.HOST, "192.0.2.1:5", command, outcome, category, 5, "", ("ALICE",))


def note(auditor: FileAuditor, count: int = 1) -> None:
    for _ in range(count):
        auditor.note(entry(auditor.last_sequence + 1))


def log_of(directory: Path, count: int) -> Path:
    """The log of *directory*, with *count* entries more, each in a group of its own."""
    auditor = FileAuditor(directory, FakeClock())
    for _ in range(count):
        note(auditor)
        auditor.flush()
    auditor.close()
    return directory / "audit.jsonl"


def sequences(directory: Path) -> list[int]:
    return [json.loads(line)["sequence"] for path in segments(directory) for line in path.read_text().splitlines()]


def commands_entered(directory: Path) -> list[dict[str, str]]:
    """The entries of the log in *directory* that are about commands; what befell the appliance is left out."""
    entries = [json.loads(line) for line in (directory / "audit.jsonl").read_text().splitlines()]
    return [entry for entry in entries if entry["category"] != "event"]
