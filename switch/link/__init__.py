"""A link to a member or another switch: its life, its answers, and which reply belongs to which request.

A link has four aspects, each a small machine of its own as in h11, and their tables are the definition; the drawing in
``protocol-spec/switch/link.md`` is made from them.  The *line* is the connection; *ours* tells whether we have signed on
with the peer, *theirs* whether it has with us; *echo* tells whether the peer still lives.  Nothing here performs I/O:
``step`` takes a state and an event and gives a state and effects; numbers, clock and jitter come as parameters.

* ``terms``: the states, the signals between them and what a move does; ``table``: the tables;
* ``profile``: how one link is to behave: codes, timers, and a control over every message that is sent by itself;
* ``events``: what can happen to a link, and what it wants done;
* ``answers``: replies, refusals and rejections made from what came;
* ``machine``: one step; ``incoming``: what a received message means to it;
* ``matching``: outstanding requests by key, with their time-outs; late, duplicate and unmatched replies;
* ``config``: links in TOML; ``lines``: on which line of the file a field stands;
* ``drawing``: the page for readers.
"""
