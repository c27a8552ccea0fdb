"""What can go wrong between a terminal, its host, the switch and the issuer, each case played out and judged at its end.

A scenario is a file in TOML: what terminals, hosts and connections do and when, which message is lost or late, and what
every party must hold when all is over: what the cardholder saw and has, each host's transactions, what it still owes, what
somebody must look at, the customer's account, and the messages that each link has carried.  The same file is played in a
simulation, on a clock that is wound by hand, and by real processes over sockets, until all are at rest.  Timers are as long
as they must be for nothing to end otherwise when the machine stands still for two seconds.

The network is always the same: terminals ``ATM`` and ``POS``, host ``A``, switch ``B``, issuer ``I``.  Each host is
``switch serve`` with another configuration, so failures are dealt with by one machine everywhere.

* ``scenario``: what a file says; ``scenariofile``: reading it; ``faults``: what becomes of each message;
* ``network``: the configurations of the three hosts and of the terminals;
* ``seen``: the messages, as links carried them; ``judged``: what everybody holds, and what of it is not as it must be;
* ``drawing``: the sequence chart of a run.

Nothing here performs I/O but reading the files that come with it; ``switch.server.stage`` and those beside it play them.
"""
