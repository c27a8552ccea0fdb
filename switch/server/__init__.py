"""The switch at its edge: the only place of it that knows sockets, clocks and Twisted.

* ``drive``: performs what a link's machine wants done, and keeps what is outstanding on it;
* ``stream``: one connection: bytes to frames, fairly and within limits;
* ``tls``: mutual authentication from PEM files;
* ``links``: all links: who is called, where calls are taken, and whose call it is;
* ``queued``, ``forwarding``, ``owing``: what links are owed goes out until it is acknowledged;
* ``hsmline``: lines to HSMs, by TLS or in the clear;
* ``hsmport``: questions to HSMs become commands of a pool of them, by ``hsmthales`` or ``hsmeracom``;
* ``keydesk``: working keys between links, HSMs and store: ``keylink`` of zones, ``keyterminal`` of terminals,
  ``keysaving``: nothing is said of a key that is not kept, ``keyworld``: what these share;
* ``storage``: the store of one run; ``assembly``: all parts put together; ``serving``: the process, ``serve_command``;
* ``board``: the switch as operators reach it; ``consoleport``, ``console_command``: by lines; ``metricsport``: by HTTP;
* ``aside``: work in threads; ``logfile``: events as JSON lines;
* ``terminals``, ``terminal``, ``tellers``: simulated terminals at work; ``leasedline``: a slow line before a host;
  ``commandport``, ``simulate_command``: what they are ordered, and their process;
* ``skewed``: the process, with a clock that scenarios set ahead.
"""
