"""What an operator sees of a running switch, and may tell it.

A line of words comes in, lines of text go out; the words are looked up in a table, and each command is one function that
asks through one of two narrow ports: the *switchboard*, which is what runs and answers at once, or the *records*, which
are in the store or in files and take their time.  Nothing that goes out holds a key, a PIN or a whole PAN.

* ``views``: what is shown, as frozen values; ``ports``: the switchboard and the records;
* ``figures``: what is counted of transactions;
* ``command``: a line becomes a command; ``commands``: all of them, from ``linkcommands``, ``keycommands``,
  ``recordcommands``, ``cardcommands``, ``tablecommands`` and ``runcommands``;
* ``words``: columns, times and durations as people read them;
* ``events``: the log's words;
* ``exposition``: the same views for Prometheus.

A new command is a function and its row, in one of those modules.
"""
