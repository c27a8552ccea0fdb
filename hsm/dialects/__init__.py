"""Languages that hosts speak to the appliance.

A dialect is a table of declared commands and a table from refusals to its codes.  It translates words: what commands
mean stands in ``hsm.operations``, which knows no dialect.  ``dialect`` holds what all have in common; ``session`` what a
transport needs of one.
"""
