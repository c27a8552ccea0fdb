"""What of the switch lives on the reactor.

* ``hsmport``: questions to HSMs become commands of a pool of them.
"""
