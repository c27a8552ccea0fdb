"""How often the appliance of a state directory was started."""

from __future__ import annotations

from hsm.storage.database import Database


def count_start(database: Database) -> int:
    """Count one more start; how many came before it.  Raises StorageError."""
    with database.transaction() as change:
        change.execute(
            "INSERT INTO device VALUES ('starts', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        )
        ((starts,),) = change.execute("SELECT value FROM device WHERE name = 'starts'").fetchall()
    return int(starts) - 1
