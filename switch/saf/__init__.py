"""Store-and-forward: what a link must get, however long it takes.

A reversal or an advice is owed from the commit that made it necessary until its receiver has acknowledged it.  It waits as
a row of the store, and one machine for each link sends what waits:

* Each attempt is committed before it is sent, so after a crash whatever the peer may have seen goes as a repeat (0421,
  0221), with the DE 7, 11 and 37 of the first.
* Of one original one message at a time is under way, in the order in which they were owed; of different originals as many
  as the link's window lets.
* 00, 21 and 25 settle it; 91, 96, 68 and silence have it sent again, after a pause that doubles up to a limit.  Any other
  answer would only be repeated, so it ends the matter: the row is ``expired`` and an exception is entered for somebody to
  look at.  A refused reversal is not counted as settled, for the issuer may still hold the money; nor is it asked again.
* What its time has run out for is ``expired`` with an exception too; nothing ever ends silently.

* ``rules``: how one link behaves; ``queue``: what the machine holds; ``events``: what happens, and what is to be done;
* ``machine``: (queue, event) → (queue, effects);
* ``works``: what is changed in the store: the arbiter when several processes or the answer and the expiry race;
* ``watch``: alarms over thresholds.

Nothing here performs I/O or knows what time it is.
"""
