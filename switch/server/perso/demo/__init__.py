"""``switch perso demo``: an order of test cards through all parts, as processes, with two HSMs.

* ``certificates``: a test authority for the parts' TLS; ``layout``: a folder for each part, and its configuration;
* ``commands``: the parts' commands, on a leash;
* ``steps``: what is done, in order, each step once; ``doubts``: what two officers decide of PIN mailers after a kill;
* ``search``: what can be read in each part's files, and in what ``tap`` heard: all that went between parts and HSMs.
"""
