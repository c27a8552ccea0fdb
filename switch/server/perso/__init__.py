"""The parts of personalisation as processes and commands, each with its own credentials (``switch perso``).

* ``hsm``: what is asked of HSMs, in the Eracom dialect; ``importing``: an order becomes an XOF file;
* ``shelving``: files given to and taken from a server over TLS, by peers that their certificates name;
* ``receive_command``: the External Data Receiving Server, which can open no connection;
* ``transfer``: the calling side, by which an issuer pushes and the internal server and the PMP pull;
* ``host_command``, ``pmp_command``, ``issuer_command``, ``audit_command``: the other parts;
* ``cardhsm``: what is asked of HSMs for cards; ``cardink``, ``inkroom``: keys, certificates and profiles; ``preparing``,
  ``producing``: XOF files into prepared files, and those into cards; ``cardink_command``, ``production_command``,
  ``authority_command``: these parts.
"""
