"""The Thales (Racal) host commands, as HSM 8000, payShield 9000 and payShield 10K hosts speak them.

A frame is a two-byte length and then: a header that is echoed, a two-character command code, fields, optionally ``%`` and
two digits that choose the LMK, optionally X'19' and a trailer of up to 32 characters that is echoed.  The reply's code is
the request's with its second character one higher; two characters follow that say 00 or why not.

* ``fields``: the vocabulary that the messages share;
* ``codes``: the two-character codes of refusals, and the table of commands;
* ``dispatch``: the one door: parse, gate, do, build, audit;
* ``session``: a host connection, with its character set;
* the other modules are one family of commands each.  Adding a command touches one of them, its vectors, and nothing else.
"""
