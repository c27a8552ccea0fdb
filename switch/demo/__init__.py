"""A small country's payments, to look at and to learn from: what ``switch demo`` starts, and what happens there.

* ``files``: the configuration of each node, as a user would write it, with ``$names`` for ports and keys that are only
  known when they exist;
* ``bureau``: those of the nodes that there are besides where cards of a bureau are used, and what other files say more;
* ``nodes``: who there is, whom it needs, which keys it has in common with whom;
* ``story``: what cardholders do, step by step, and what must come of it;
* ``told``: the messages of a step, as people read them, from the nodes' own journals;
* ``books``: do everybody's books agree at the end?

The processes themselves are in ``switch.server.demo``.
"""
