"""Keys shared with partners and terminals: when they change, how both sides come to agree, and which key opens what.

A zone key changes while traffic runs.  Each line of keys (a link, a type, a direction) has two slots, so that the new key
is there before the old one goes:

    EMPTY → PENDING (made and offered, not yet acknowledged) → ACTIVE → RETIRING (decrypts what is still under way) → EMPTY

* The side that takes an offer encrypts with the new key at once and keeps the old one until it has seen the other side
  use the new one, and for the grace after that; the side that made it changes over when the other's answer, or anything
  under the new key, arrives.  So whoever is behind can still be understood, however many messages are lost.
* An offer is repeated, never replaced, until it is answered: the other side may have taken it.  What was refused once stays
  refused, so that of two answers to one offer the later can't contradict the earlier.
* An offer names the version that it follows; one made for a line that has moved on is refused.  When both sides offer at
  once, the switch's offer stands.

* ``slots``: the two slots; ``line``: the state of one line, and its rules; ``words``: what the two sides say to each other;
* ``effects``: what is to be done; ``events``: what happens; ``exchange``: the machine;
* ``link``: a link's lines, of which one at a time exchanges a key;
* ``forms``: the words in DE 48, 53, 70 and 123 as three kinds of network write them;
* ``terminal``: the PIN keys of terminals; ``terminalforms``: how their dialects carry them;
* ``network``: messages about keys by a link's own codes; ``kept``: lines and terminals as rows of the store;
* ``mac``: what a MAC is made over, and where it stands; ``config``: all of it in TOML; ``status``: for operators.

``switch.server.keydesk`` drives the machines.

Everything is a value; the keys are cryptograms under the LMK or the ZMK, which are never shown either.
"""
