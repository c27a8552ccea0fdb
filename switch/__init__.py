"""The payment switch: ISO 8583 between members, with every PIN, MAC and key in the HSM.

* ``codec``: the networks' dialects, and the canonical message between them; ``specs``: the dialects as data;
* ``link``: a link's life, its configuration, and the matching of replies; ``server``: links over TCP and TLS;
* ``store``: what must not be forgotten, in SQLite or PostgreSQL; ``ledger``: double-entry books upon it;
* ``money``: amounts and currencies;
* ``routing``: from a PAN to a link; ``services``: what is offered where, and response codes; ``keys``: key exchange, MACs;
* ``issuer``: our own cards and accounts, and what is said to their requests; ``tablefile``: tables as files;
* ``saf``: what is owed goes out until it is acknowledged; ``standin``: approvals in an absent issuer's place;
* ``asking``: what is asked of HSMs, in the switch's own words; ``server.hsmport``: by which commands;
* ``simulators``: ATMs and POS terminals that talk to a host;
* ``config``: one file for one switch; ``operator``: what operators see of it and may tell it; ``server.serving``: it runs;
* ``storm``: a simulated network under every fault, and what must hold of it;
* ``spec``: what is derived for readers;
* ``main``: the ``switch`` command.

The rest is not built yet.  When it is, it reaches the HSM over TCP through ``hsm.client`` only, never by import of the
appliance.
"""
