"""``switch demo``: HSMs, switches and two groups of terminals, each a process, on loopback.

* ``processes``: programs of ours, started, waited for and ended;
* ``keying``: what custodians and card issuing do before there can be traffic;
* ``bureau``: cards that a bureau has made come to their issuer; ``ceremony``: custodians of an Eracom appliance;
* ``consoles``: what the nodes' operators are told;
* ``country``: all of them, in order;
* ``showing``: the story on a terminal;
* ``command``: the command.
"""
