"""ISO 8583: a message whose fields a bitmap selects.

Networks share the data elements and differ in everything else: how frames are delimited, what stands before the message
type, whether digits are characters or nibbles, how a length is written, what lies inside the private elements.  So what is
common is code and what differs is data, one file per network in ``switch/specs``.

* ``message``: the canonical form, the same whatever the dialect: an immutable ``Message`` of typed fields;
* ``privacy``: what of it may be shown;
* ``lengths``, ``cell``: how one element lies on the wire;
* ``nested``: what lies inside an element: fixed sub-fields, tags, BER-TLV;
* ``declared``, ``spec``: a network's file, read strictly;
* ``codec``: bytes to message and back, by plans made once per bitmap; ``plan`` makes them;
* ``translate``: what one dialect said, in another;
* ``framing``: frames out of a byte stream;
* ``explain``, ``jsonform``: for people.

The plain walk, field by field, is the definition; the plans are faster and give the same.  Nothing here performs I/O.
"""
