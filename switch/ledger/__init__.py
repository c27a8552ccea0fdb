"""Double-entry books upon the store: accounts, and amounts that go from one to another, at once or in two steps.

* ``ledger``: opening accounts; a transfer posted at once, or pending and then posted or voided; several, all or none.

The model is TigerBeetle's: an account has four sums (debits and credits, pending and posted), a transfer adds one amount
to one account's debits and the same to another's credits, so all sums agree at all times; nothing is ever taken back: what
was posted in error is posted the other way round.  All functions act on a :class:`~switch.store.view.View`, so that a
transfer is committed together with the transaction that asked for it.  Amounts are integers in minor units.
"""
