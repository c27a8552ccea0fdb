"""The payment switch: ISO 8583 between members, with every PIN, MAC and key in the HSM.

* ``codec``: the networks' dialects, and the canonical message between them; ``specs``: the dialects as data;
* ``spec``: what is derived from them for readers;
* ``routing``: from a PAN to a link; ``services``: what is offered where, and response codes; ``keys``: key exchange;
* ``asking``: what is asked of HSMs, in the switch's own words; ``server.hsmport``: by which commands;
* ``main``: the ``switch`` command.

The rest is not built yet.  When it is, it reaches the HSM over TCP through ``hsm.client`` only, never by import of the
appliance.
"""
