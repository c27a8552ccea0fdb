"""The storm: a whole network of hops in one process, with every fault that can happen to it drawn by chance.

Acquirers with terminals, the switch and issuers with real books run the program itself on one simulated clock.  Messages
are lost, delayed, doubled and overtaken; connections are cut and stay away; nodes crash at any commit; stores and HSMs go
away; clocks are wrong.  In the end everybody's books must agree.  One seed draws the same storm again.

* ``chance``: what is drawn, from one seed; ``plan``: how much of everything;
* ``asked``: which services, and what of earlier sales is given back;
* ``deal``: one transaction as its acquirer knows it; ``rules``: what must hold of it, each rule with its name;
* ``watch``: what is held against the rules while messages go, and in the end;
* ``switch.server.storm*``: the network itself.
"""
