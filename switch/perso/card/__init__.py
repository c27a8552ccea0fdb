"""A simulated chip card, which is outside the HSM and has cryptography of its own.

* ``scp02``: the secure channel as the card computes it; ``groups``: data groups as STORE DATA brings them;
* ``card``: a card from blank to issued; ``application``: what an issued card does; ``cryptograms``: its cryptograms;
* ``tlv``: data objects; ``words``: commands and status words.
"""
