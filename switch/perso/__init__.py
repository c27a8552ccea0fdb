"""Personalisation of cards: from an issuer's enciphered order to cards, with every key and PIN in the HSM.

* ``terms``: what all parts speak of: a card's attributes, the keys they lie under, and refusals that name the place;
* ``sealing``: contents made whole blocks, and many cards' values as one chain for one call of the HSM;
* ``orderfile``, ``xof``: the two files, read and written card by card (protocol-spec/perso);
* ``whole``: files that are there whole or not at all; ``partfile``: those gone on with after a kill;
* ``profile``, ``cardkeys``, ``authority``: how a product's cards are made, its keys, and its issuer's certificate;
* ``preparing``, ``preparedfile``: from an order's values to what stands on a card; ``tracks``, ``emboss``: stripe, plastic;
* ``personalising``: a chip's secure channel, whose keys stay in the HSM; ``card``: simulated chip cards; ``machine``,
  ``cardbox``: what they go through and fall into;
* ``chain``, ``orderaudit``: each part's audit, and one of a whole order; ``wanted``: secrets looked for in files;
* ``journal``, ``returnfile``: what production must not forget, and what the issuer is told; ``handout``: cards for
  simulated terminals.

Outside stands the issuer (``issuing``, ``issuersvalues``), with keys of its own; within, nothing here holds a key or a PIN
in the clear.
"""
