"""One transaction on one hop: from whom it came, through our HSM and our books, to whom can answer it, and back.

An interbank network is a chain of like hops.  A terminal's host, a member bank and the switch between them run the same
machine with other partners: it takes a request of one partner, has its MAC and PIN dealt with by the HSM, asks the partner
of the card's issuer, or the issuer's books when those are ours, and answers.  Whatever is promised is kept in the store
first; what must not be forgotten afterwards (a reversal, an advice) is owed, and goes out until it is acknowledged.

* ``partner``: who is at the other end of a link, and what the two have agreed; ``hop``: all of them, and the tables;
* ``taking``: a message recognised as a ``request``; ``answers``: what is said to partners;
* ``ports``: what a flow needs of keys, our own issuer and who stands in for others; ``world``: all that it may ask at once;
* ``books``: what a transaction changes in the store, each change whole or not at all: the arbiter of every race;
* ``original``: which transaction a reversal means, and what becomes of both;
* ``effects``: what a course wants done and is told; ``course`` chooses it: ``financial``, then ``entering`` (answered here)
  or ``onward`` (a ``leg`` to the issuer) and, when that one is not heard, ``without``; ``advising``, ``reversing``;
* ``protection``: MACs and PIN blocks through the HSM; ``issuing``: what an issuer must learn from it.

Nothing here performs I/O or knows what time it is.
"""
