"""Terminals that are not there: ATMs and POS terminals that talk ISO 8583 to a real host over TCP.

A terminal is a machine, (state, event) → (state, effects), around a keypad that keeps its secrets.  The cardholder's PIN
goes from the operator's command into the keypad and leaves it as a PIN block only; the terminal's master key comes from a
file of components, as a technician would type them in, and its PIN key under that, from the host.

* ``epp``: the encrypting PIN pad; ``card``: cards with a magnetic stripe, and the reader; ``cassette``: banknotes;
* ``terminal``: who a terminal is; ``wording``: its requests and reversals as its dialect has them;
* ``talk``: one question to the host at a time, and the reversal of what may have been approved in vain;
* ``keying``: the PIN key, given or asked for; ``atm``, ``pos``: the two machines; ``batch``: a POS terminal's sales;
* ``receipt``: what is printed; ``trace``: a message as one masked line;
* ``commands``: what an operator may order, as JSON; ``config``: all of it in TOML.

A terminal's state lives as long as its process: a simulator that is ended forgets a reversal that it owes, which a real
terminal keeps.  So it ends by itself only when nothing is owed.

Nothing here performs I/O but reading the files that the configuration names; ``switch.server.terminals`` drives it.
"""
