"""Several processes that share one PostgreSQL, and the links among them.

Links are leased in *shares*: what a request needs, from the link that it comes by to the links of those who can answer it,
is one process's at any time, so no request passes between processes.  A partner that has a link in each share has its load
shared; when a process dies, another takes over its share, with its links, what they are owed, and what was half done.

* ``config``: which links make a share, and whose it is at first;
* ``watch``: when a share is to be taken, and until when it is certainly ours.

The leases are rows (``switch.store.leases``); who acts by this is ``switch.server.cluster``.
"""
