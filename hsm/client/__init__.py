"""Speaking to an HSM, ours or a device, from the same declarations that the appliance answers by.

* ``codec``: typed requests to frames, replies to typed answers;
* ``fieldtext``: a message's fields from what a person types;
* ``explain``: a captured frame field by field, masked;
* ``pool``: connections to appliances that are alike, for hosts: typed calls, fail-over, bounded queues, health checks;
  of it ``station`` is one connection, ``connection`` what Twisted does for it, ``matching`` which reply answers which
  request, ``agreement`` what appliances have in common, ``answers`` what replies come to, ``figures`` what is counted;
* ``thales``: the messages that a switch needs; ``eracom``: those that card personalisation needs;
* ``blocking``: a socket and nothing else, for tools and tests;
* ``process``: an appliance as a process of its own; ``leash``: one that ends when its starter does; ``readyfile``: how a
  server tells that it listens;
* ``monotonic``: a reactor whose time-outs don't depend on the time of the day;
* ``subcommands``: a command line whose subcommands are imported when they are called;
* ``call_command``, ``decode_command``, ``tour``: what ``hsm call``, ``hsm decode`` and ``make run`` show.

Nothing here opens a key or reads a PIN.
"""
