"""Everything that touches sockets, processes and the command line; the only chapter that runs Twisted's reactor.

How bytes travel
    ``listening`` binds sockets and gives them to the reactor.  ``hostport`` makes one ``host`` connection for each
    client, which feeds a sans-I/O session, lets it work for one bounded turn, has the audit log keep what was done, and
    sends the replies of the turn in one write.  ``tls`` wraps the same port; ``udp`` does the like for datagrams.

How operators get in
    ``consoleport`` opens the local socket (``localsocket``), telnet (``telnet``) and SSH (``ssh``, ``sshkeys``), and gives
    each line a ``terminal``, which drives a console of the process that owns the state: keystrokes through a
    ``lineeditor``, and what a command says once it is true everywhere.  ``console_command`` is the other end of the
    local socket.

Who may hold up whom
    Nobody.  A turn has a bound, after which the others get theirs.  A client that does not read its replies is not read
    from either.  Slow requests, slow handshakes, silence and unread replies each have a deadline, kept by one sweep a
    second; numbers of connections and rates of requests have limits (``ports.Limits``).

One process or several
    Alone, the process owns the appliance's state and serves hosts.  With ``--workers`` it owns the state and serves
    nobody: ``workers`` starts processes (``worker``) that share the ports by SO_REUSEPORT, sends each the whole state
    and then every change, before the request that made the change is answered.  A worker sends back the requests that
    change state and its audit entries (``interprocess``).  What both count stands in shared memory (``counters``).
    State passes over a private socket pair only, because LMKs are in it.

Rules
    The appliance is met through ``ports.Household`` alone; only ``founding`` knows how it is made.  Nothing logged
    here quotes a request or the text of an exception (``journal``).  Modules of other subcommands are imported when
    they are called (``main``), so that a server holds only what it needs; those of the console when there is a way in.
"""
