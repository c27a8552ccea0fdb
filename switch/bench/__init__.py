"""What a bench of the switch says and checks, without a socket.

Both partners of the switch are played by one program that must cost less than what it measures: its messages are made once
by the codec and then cut and put together again at known places.  Nothing is taken on trust for that: each answer is told
by its STAN, and each PIN block that arrives at the issuer is compared with the one that its key must give.

* ``cards``: cards, their PINs, and their PIN blocks under a key;
* ``places``: where the elements of a message lie on the wire;
* ``acquirer``: withdrawals and what becomes of them; ``issuer``: what answers them;
* ``partner``: sign-on, echoes and key exchange, which both do;
* ``times``: quantiles; ``setting``: the configuration of the switch; ``table``: figures for people.
"""
