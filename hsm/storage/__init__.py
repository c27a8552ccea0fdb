"""What the appliance remembers, in one directory that only its owner may enter.

``database`` is the SQLite file: one transaction a change, on the disk before the change is answered; ``schema`` its tables,
whose every row says by a digest whether it is whole.  ``keeper`` writes what differs when the state changes and reads it
when the appliance starts again; ``loaded`` is its part for LMKs, ``device`` for single values.  ``slots`` is user storage,
``cards`` and ``shelf`` are the custodians' cards, ``printer`` holds pages until officers release them.  ``vault`` seals
what is secret under a ``passphrase``, ``secrets`` are the small ones.  ``backup`` and ``check`` are for the directory as
a whole.

A fault in any file is told with the file's name and the record's, and nothing half-read is ever used.
"""
