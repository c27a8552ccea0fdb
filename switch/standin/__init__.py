"""Stand-in: the switch answers in the place of an issuer that can't, within what the issuer has agreed to.

Three things can call for it: the issuer has signed off, contact to it is lost, or it did not answer in time.  What the
switch may then approve is a policy, which the table of prefixes names: withdrawals and purchases only, so much and so often
for a card and a day, so much in all for a prefix until the issuer has been told, no card of the negative file, and a PIN
only where it can be verified.  Whatever it can't judge it declines with 91, as if nobody stood in.

Each approval is owed to the issuer as an advice (0220) from the commit that makes it, and store-and-forward uploads them in
their order when the issuer signs on.  After a time-out the advice stands in the place of the reversal: the request's STAN
and reference are in it, so an issuer that has seen the request after all knows it for the same transaction.

* ``policy``: what is agreed; ``policyfile``, ``cardfile``: the operator's files;
* ``counting``: what has been used of a day and a prefix;
* ``advice``: the message; ``standin``: the issuer's part, as :class:`~switch.flow.ports.Authoriser` has it.
"""
