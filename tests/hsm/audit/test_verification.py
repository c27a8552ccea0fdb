"""Whatever is done to an audit log's files, to its anchor or its key is found at the next start, and named."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.auditlogs import FakeClock, log_of, made, note

from hsm.audit.anchor import AnchorBook, AuditFileError
from hsm.audit.chain import Chain
from hsm.audit.file import FileAuditor
from hsm.audit.segments import segments
from hsm.audit.verification import AuditDamaged, Finding, check_watched, verified

COUNT = 50


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with a log of COUNT entries."""
    directory = made(tmp_path_factory.mktemp("sound") / "state")
    log_of(directory, COUNT)
    return directory


def lines_of(directory: Path) -> list[bytes]:
    return (directory / "audit.jsonl").read_bytes().splitlines(keepends=True)


def key_of(directory: Path) -> bytes:
    with closing(sqlite3.connect(directory / "hsm.db")) as database:
        ((key,),) = database.execute("SELECT key FROM audit_key").fetchall()
    assert isinstance(key, bytes)
    return key


class Bench:
    """The sound log's chain and anchor, and a file to try damaged logs in: quicker than a start each."""

    def __init__(self, sound: Path, path: Path) -> None:
        self.chain = Chain(key_of(sound))
        with closing(AnchorBook(sound / "hsm.db")) as book:
            self.anchor = book.anchor(self.chain)
        self.lines = lines_of(sound)
        self.path = path

    def finding(self, lines: list[bytes]) -> Finding:
        self.path.write_bytes(b"".join(lines))
        with pytest.raises(AuditDamaged) as caught:
            verified([self.path], self.chain, self.anchor)
        assert str(self.path) in str(caught.value)
        assert f": {caught.value.finding.value}: " in str(caught.value)
        return caught.value.finding


@pytest.fixture
def bench(sound: Path, tmp_path: Path) -> Bench:
    return Bench(sound, tmp_path / "audit.jsonl")


def test_the_chain_by_the_standard_library_alone(sound: Path) -> None:
    key, before = key_of(sound), bytes(32)
    for number, line in enumerate(lines_of(sound), 1):
        fields = json.loads(line)
        mac = fields.pop("mac")
        body = json.dumps(fields, separators=(",", ":")).encode()[:-1]
        before = hmac.new(key, before + body, hashlib.sha256).digest()
        assert (fields["sequence"], mac) == (number, before.hex())


def test_a_sound_log_is_found_sound(sound: Path, bench: Bench) -> None:
    bench.path.write_bytes(b"".join(bench.lines))
    found = verified([bench.path], bench.chain, bench.anchor)
    assert (found.entries_count, found.first_sequence, found.torn_bytes) == (COUNT, 1, 0)


def altered(value: int | str | list[str]) -> int | str | list[str]:
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("2" if value.endswith("1") else "1") if isinstance(value, str) else ["MALLORY"]


def test_each_field_of_each_record_edited(bench: Bench) -> None:
    names = list(json.loads(bench.lines[0]))
    for index, line in enumerate(bench.lines):
        for name in names:
            fields = json.loads(line)
            fields[name] = altered(fields[name])
            edited = json.dumps(fields, separators=(",", ":")).encode() + b"\n"
            assert edited != line
            found = bench.finding([*bench.lines[:index], edited, *bench.lines[index + 1 :]])
            last_renumbered = name == "sequence" and index == COUNT - 1
            assert found is (Finding.MISSING if last_renumbered else Finding.EDITED), (index, name)


def test_each_byte_of_a_record_changed(bench: Bench) -> None:
    line = bench.lines[20]
    for at in range(len(line)):
        changed = line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
        bench.finding([*bench.lines[:20], changed, *bench.lines[21:]])


def test_fields_added_and_blanks(bench: Bench) -> None:
    for index, line in enumerate(bench.lines):
        added = line.replace(b',"mac"', b',"place":"x","mac"')
        assert bench.finding([*bench.lines[:index], added, *bench.lines[index + 1 :]]) is Finding.EDITED
        blank = line.replace(b"}\n", b"} \n")
        assert bench.finding([*bench.lines[:index], blank, *bench.lines[index + 1 :]]) is Finding.EDITED


def test_each_record_deleted(bench: Bench) -> None:
    for index in range(COUNT):
        kind = Finding.TRUNCATED if index == COUNT - 1 else Finding.MISSING
        assert bench.finding(bench.lines[:index] + bench.lines[index + 1 :]) is kind


def test_runs_of_records_deleted(bench: Bench) -> None:
    for first in range(1, COUNT, 7):
        for last in range(first + 1, COUNT, 5):
            assert bench.finding(bench.lines[:first] + bench.lines[last:]) is Finding.MISSING


def test_each_record_put_in_once_more_everywhere(bench: Bench) -> None:
    for index, line in enumerate(bench.lines):
        for at in range(1, COUNT + 1):
            assert bench.finding([*bench.lines[:at], line, *bench.lines[at:]]) is Finding.INSERTED, (index, at)


def test_a_forged_record_put_in_anywhere(bench: Bench) -> None:
    for at in range(1, COUNT):
        forged = re.sub(rb'"sequence":[0-9]+', b'"sequence":%d' % (at + 1), bench.lines[0])
        assert bench.finding([*bench.lines[:at], forged, *bench.lines[at:]]) is Finding.INSERTED
    for forged in (b"\n", b"{}\n", b"not a log\n"):
        assert bench.finding([*bench.lines[:9], forged, *bench.lines[9:]]) is Finding.INSERTED


def test_each_pair_of_records_swapped(bench: Bench) -> None:
    for first in range(COUNT):
        for second in range(first + 1, COUNT):
            lines = list(bench.lines)
            lines[first], lines[second] = lines[second], lines[first]
            assert bench.finding(lines) is Finding.SWAPPED


def test_truncated_at_each_record_and_at_each_byte_of_the_last(bench: Bench) -> None:
    for index in range(COUNT):
        assert bench.finding(bench.lines[:index]) is Finding.TRUNCATED
    for length in range(1, len(bench.lines[-1])):
        assert bench.finding([*bench.lines[:-1], bench.lines[-1][:length]]) is Finding.TRUNCATED
    bench.path.unlink()
    with pytest.raises(AuditDamaged) as caught:
        verified([], bench.chain, bench.anchor)
    assert caught.value.finding is Finding.TRUNCATED


def test_another_log_and_another_key(bench: Bench, tmp_path: Path) -> None:
    other = made(tmp_path / "other")
    log_of(other, COUNT)
    assert bench.finding(lines_of(other)) is Finding.NOT_OURS
    assert bench.finding([b"something else\n", b"altogether\n"]) is Finding.NOT_OURS
    # The tail of another log behind the head of this one.
    assert bench.finding(bench.lines[:30] + lines_of(other)[30:]) is Finding.EDITED


# --- a whole state directory ------------------------------------------------------------------------------------------
def damaged_start(directory: Path) -> Finding:
    with pytest.raises(AuditDamaged) as caught:
        FileAuditor(directory, FakeClock())
    assert "`hsm audit archive`" in str(caught.value)
    return caught.value.finding


def in_database(statement: str, *values: bytes | int) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        with closing(sqlite3.connect(directory / "hsm.db", isolation_level=None)) as database:
            database.execute(statement, values)

    return change


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (in_database("UPDATE audit_anchor SET sequence = sequence - 1"), Finding.UNANCHORED),
        (in_database("UPDATE audit_anchor SET chain = ?", bytes(32)), Finding.UNANCHORED),
        (in_database("UPDATE audit_anchor SET seal = ?", bytes(32)), Finding.UNANCHORED),
        (in_database("DELETE FROM audit_anchor"), Finding.UNANCHORED),
        (in_database("UPDATE audit_key SET key = ?", bytes(32)), Finding.NOT_OURS),
        (in_database("DELETE FROM audit_key"), Finding.NOT_OURS),
        (lambda directory: (directory / "audit.jsonl").unlink(), Finding.TRUNCATED),
    ],
)
def test_the_database_changed(sound: Path, tmp_path: Path, change: Callable[[Path], None], kind: Finding) -> None:
    directory = tmp_path / "state"
    shutil.copytree(sound, directory)
    change(directory)
    assert damaged_start(directory) is kind


def test_a_log_rolled_back_alone(sound: Path, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    shutil.copytree(sound, directory)
    old = (directory / "audit.jsonl").read_bytes()
    log_of(directory, 3)
    (directory / "audit.jsonl").write_bytes(old)
    assert damaged_start(directory) is Finding.TRUNCATED


def test_a_log_rolled_back_and_written_on(sound: Path, tmp_path: Path) -> None:
    directory, branch = tmp_path / "state", tmp_path / "branch"
    shutil.copytree(sound, directory)
    shutil.copytree(sound, branch)
    log_of(directory, 3)
    auditor = FileAuditor(branch, FakeClock())
    note(auditor, 2)
    auditor.note(
        auditor.latest(1)[0].__class__.of({**auditor.latest(1)[0].fields(), "sequence": COUNT + 3, "peer": ""})
    )
    auditor.close()
    shutil.copy(branch / "audit.jsonl", directory / "audit.jsonl")
    assert damaged_start(directory) is Finding.ROLLED_BACK


def test_a_database_older_than_a_log_that_was_cleared(sound: Path, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    shutil.copytree(sound, directory)
    auditor = FileAuditor(directory, FakeClock())
    note(auditor, 3)
    auditor.clear(("ALICE", "BOB"))
    auditor.close()
    shutil.copy(sound / "hsm.db", directory / "hsm.db")
    assert damaged_start(directory) is Finding.ROLLED_BACK


def test_only_a_checkpoint_shows_that_everything_was_rolled_back(sound: Path, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    shutil.copytree(sound, directory)
    log_of(directory, 3)
    latest = json.loads(lines_of(directory)[-1])
    watched = {latest["sequence"]: bytes.fromhex(latest["mac"])[:8]}
    for where, rolled_back in ((directory, False), (sound, True)):
        chain = Chain(key_of(where))
        with closing(AnchorBook(where / "hsm.db")) as book:
            found = verified(segments(where), chain, book.anchor(chain), tuple(watched))
        if rolled_back:
            with pytest.raises(AuditDamaged, match="rolled back: entry 53 is missing"):
                check_watched(where / "audit.jsonl", watched, found)
        else:
            check_watched(where / "audit.jsonl", watched, found)


def test_segments_chain_to_each_other(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.audit.file.SEGMENT_BYTES_MAX", 2_000)
    directory = made(tmp_path / "state")
    log_of(directory, COUNT)
    log_of(directory, 1)
    paths = segments(directory)
    assert len(paths) > 4
    assert [path.name for path in paths[:2]] == ["audit.jsonl", "audit-000001.jsonl"]
    FileAuditor(directory, FakeClock()).close()
    for number, path in enumerate(paths):
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(AuditFileError, match=r"missing|truncated"):
            FileAuditor(directory, FakeClock())
        if number:
            path.write_bytes(paths[number - 1].read_bytes())
            path.chmod(0o600)
            assert damaged_start(directory) is not Finding.NOT_OURS
        path.write_bytes(content[:-1])
        path.chmod(0o600)
        damaged_start(directory)
        path.write_bytes(content)
    paths[1].rename(directory / "kept")
    paths[2].rename(paths[1])
    (directory / "kept").rename(paths[2])
    assert damaged_start(directory) is Finding.MISSING
