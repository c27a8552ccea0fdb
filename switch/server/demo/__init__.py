"""``switch demo``: three HSMs, six switches and two groups of terminals, each a process, on loopback.

* ``processes``: programs of ours, started, waited for and ended;
* ``keying``: what custodians and card issuing do before there can be traffic;
* ``consoles``: what the nodes' operators are told;
* ``country``: all of them, in order;
* ``showing``: the story on a terminal;
* ``command``: the command.
"""
