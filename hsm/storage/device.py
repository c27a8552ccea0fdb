"""Single values about the appliance: how often it was started, its profile, the position of its keys, and the like."""

from __future__ import annotations

import sqlite3

from hsm.storage.database import Database
from hsm.storage.schema import SqlValue

PROFILE, POSITION, AUDIT_OPTIONS, CLOCK_OFFSET = "profile", "position", "audit-options", "clock-offset-seconds"
TAMPERED, TAMPERED_AT, TAMPERS = "tampered", "tampered-at", "tampers"
FRAUD_STOPPED, FRAUD_ATTACKS = "fraud-stopped", "fraud-attacks"
RESTORED = "restored"
"""When the backup was made from which this state was restored; until the audit log has it."""


def count_start(database: Database) -> int:
    """Count one more start; how many came before it.  Raises StorageError."""
    with database.transaction() as change:
        change.execute(
            "INSERT INTO device (name, value) VALUES ('starts', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        )
        ((starts,),) = change.execute("SELECT value FROM device WHERE name = 'starts'").fetchall()
    return int(starts) - 1


def noted(database: Database, name: str) -> SqlValue:
    """The value called *name*; None when there is none.  Raises StorageError."""
    rows = database.read("SELECT value FROM device WHERE name = ?", name)
    return rows[0][0] if rows else None


def number(database: Database, name: str) -> int:
    """The number called *name*; 0 when there is none.  Raises StorageError."""
    value = noted(database, name)
    return value if isinstance(value, int) else 0


def note(change: sqlite3.Connection, name: str, value: SqlValue) -> None:
    """Have *value* as what is called *name*, within a transaction; None: have nothing."""
    if value is None:
        change.execute("DELETE FROM device WHERE name = ?", (name,))
    else:
        change.execute("INSERT OR REPLACE INTO device (name, value) VALUES (?, ?)", (name, value))
