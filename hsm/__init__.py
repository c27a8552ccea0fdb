"""A payment HSM as software: the appliance banks' developers can have on their own machine.

Layers point down, and only down::

    server  ->  dialects, console  ->  operations  ->  appliance  ->  policy, keys  ->  crypto
                        |
                      wire

* ``hsm.wire`` knows messages as declarations and no HSM.
* ``hsm.crypto`` turns bytes into bytes and remembers nothing.
* ``hsm.keys`` knows what a key is for and what it lies under, and no command.
* ``hsm.operations`` is what commands mean, in no dialect's words.
* ``hsm.dialects`` translates a host's words into operations and refusals into codes.
* ``hsm.server`` alone (with the client's connection) touches sockets, through Twisted.

``hsm.refusal`` is a leaf that everything may import.  It is an emulator: it must never be trusted with live keys.
"""
