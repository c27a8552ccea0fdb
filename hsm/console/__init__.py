"""The console: where people, not programs, speak to the appliance.

A console command is a *dialogue*: a generator that yields what it asks and what it says, and is sent what was typed.  It
knows no terminal, so a transcript is a test; what was typed in secret lives in its frame alone, and a dropped line closes
the generator, which ends the ceremony with nothing half formed.

* ``dialogue``: what a dialogue is made of, and the questions that many share;
* ``declaration``: a command declared once, with the positions of the key switches in which it may run and the activity
  that must be authorised; ``HELP`` prints the declarations;
* ``desk``: what commands may reach: the appliance, the cards, the one ceremony that may be in progress;
* ``shell``: one operator's line: prompt, commands, refusals in words, audit;
* ``people``, ``keyquestions``: questions that several families share;
* the other modules are one family of commands each.

The console passes the same gate as the host commands and calls the same operations.  It imports no Twisted; ``hsm.server``
brings the lines here from telnet, SSH and the local socket.
"""
