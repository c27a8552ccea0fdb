"""What happened: counts of every command, and entries of those that matter, in a log that shows what was done to it.

Every host command is counted.  Key management, refusals and console commands are entered one by one as well, unless
the audit options say otherwise.  An entry has no field for free text, so nothing secret can be written by a slip: each
field is checked against the narrow form it may have.  Entries go to an ``Auditor``, which writes them in groups, once
per turn of the reactor.

* ``record``: an entry, and ``Audit``, by which all commands pass; ``relay`` carries the entries of worker processes;
* ``chain``: each line of the log ends with a MAC of itself and the MAC before it, under a key of the appliance;
* ``anchor``: that key, and the latest entry that was written, in ``hsm.db``, where the end of the log can't be cut off
  unnoticed.  The key is sealed once there is a passphrase; without one the log is proof against everybody who can't read
  ``hsm.db``.  Who can put back the whole state directory is found out by a checkpoint kept elsewhere alone;
* ``segments``: the log's files; ``file`` writes them, ``verification`` checks them before any port opens, and
  ``archive`` is the way out when they are not as they were written.

Nothing is answered before its entry is written, which a killed process can't undo.  Entries of changes are on the disk
before the answer, all others within a second: so long, at most, is what a power failure may take.
"""
