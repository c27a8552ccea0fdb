"""What the appliance remembers, in one directory that only its owner may enter.

``database`` is the SQLite file: one transaction a change, on the disk before the change is answered.  ``slots`` is
user storage.  ``vault`` holds LMKs, sealed under a passphrase, ``printer`` pages that officers release.  A fault in any file is told with the file's name, and
nothing half-read is ever used.
"""
