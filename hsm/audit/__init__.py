"""What happened: counts of every command, and entries of those that matter.

Every host command is counted.  Key management, refusals and console commands are entered one by one as well, unless
the audit options say otherwise.  An entry has no field for free text, so nothing secret can be written by a slip: each
field is checked against the narrow form it may have.  Entries go to an ``Auditor``, which writes them in groups, once
per turn of the reactor.
"""
