"""Where a transaction goes: from its PAN to the link of who can answer.

The first digits of a PAN say who issued it (ISO/IEC 7812-1); the table of prefixes is a file that the operator keeps.  The
longest prefix that is in effect on the business date decides; a table with two rows for one prefix and one day is refused
as a whole, as is one with any other mistake, each told by file, line and field.

* ``pan``: the account number, 13 to 19 digits with a check digit;
* ``bins``: the table in memory; ``binfile``: its file, read strictly;
* ``route``: which link, or why none; a new table takes the place of the old one between two transactions.

``illustration.csv`` shows a table for a few members of a Vietnamese scheme, whose prefixes begin with 9704.
"""
