"""The payment switch: ISO 8583 between members, with every PIN, MAC and key in the HSM.

* ``codec``: the networks' dialects, and the canonical message between them; ``specs``: the dialects as data;
* ``link``: a link's life, its configuration, and the matching of replies; ``server``: links over TCP and TLS;
* ``store``: what must not be forgotten, in SQLite or PostgreSQL; ``ledger``: double-entry books upon it;
* ``money``: amounts and currencies;
* ``routing``: from a PAN to a link; ``services``: what is offered where, and response codes; ``keys``: key exchange, MACs;
* ``issuer``: our own cards and accounts, and what is said to their requests; ``tablefile``: tables as files;
* ``saf``: what is owed goes out until it is acknowledged; ``standin``: approvals in an absent issuer's place;
* ``asking``: what is asked of HSMs, in the switch's own words; ``server.hsmport``: by which commands; ``hsmdialect``: what
  a configuration must know of these;
* ``perso``: cards personalised from an issuer's enciphered order;
* ``scenarios``: what can go wrong, as files that are played out and judged; ``server.stage`` and others play them;
* ``simulators``: ATMs and POS terminals that talk to a host;
* ``config``: one file for one switch; ``operator``: what operators see of it and may tell it; ``server.serving``: it runs;
* ``storm``: a simulated network under every fault, and what must hold of it;
* ``bench``: what a load says, and checks of what it hears; ``server.bench_command``: the processes that it takes;
* ``demo``: a small country of all this, on one machine (``server.demo``);
* ``cluster``: several processes on one PostgreSQL, and who of them works on which links;
* ``spec``: what is derived for readers;
* ``main``: the ``switch`` command.

It reaches HSMs over TCP through ``hsm.client`` only, never by import of the appliance.
"""
