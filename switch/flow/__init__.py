"""One transaction on one hop: from whom it came, through our HSM and our books, to whom can answer it, and back.

An interbank network is a chain of like hops.  A terminal's host, a member bank and the switch between them run the same
machine with other partners: it takes a request of one partner, has its MAC and PIN dealt with by the HSM, asks the partner
of the card's issuer, or the issuer's books when those are ours, and answers.  Whatever is promised is kept in the store
first; what must not be forgotten afterwards (a reversal, an advice) is owed, and goes out until it is acknowledged.

* ``partner``: who is at the other end of a link, and what the two have agreed;
* ``request``: what was asked, once it is recognised; ``answers``: what is said to it;
* ``learning``: what an issuer asks the HSM; ``standing``: when the switch answers in an issuer's place;
* ``ports``: what a flow needs of keys, issuer and clock;
* ``books``: what a transaction changes in the store, each change whole or not at all: the arbiter of every race;
* ``original``: which transaction a reversal means, and what becomes of both;
* ``machine``: (state, event) → (state, effects).

Nothing here performs I/O or knows what time it is.
"""
