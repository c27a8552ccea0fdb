"""Messages as declarations.

A message is a frozen class whose fields are annotated with a *kind*: a small frozen description of what the field looks
like on the wire.  From that one declaration follow:

* ``codec.Codec.parse`` and ``take``: bytes to message.  A message of plain fields is read with one regular expression; when
  that does not match, and for messages with conditions, a walk reads field by field and can say which field is wrong;
* ``codec.Codec.build``: the inverse;
* ``codec.Codec.spans``: where each field stood, for people who look at captured frames;
* ``repr`` with sensitive fields masked, because their kinds say so;
* ``export``: the declaration as plain data, for specifications, foreign clients and test strategies.

Text is handled as ``str`` whose characters are the bytes 00-FF (latin-1), so a digit field costs no decoding; a kind turns
its slice into a value.  Conditions are data (a field's name and values), never code, so they export.

Nothing here performs I/O, touches a key or knows an HSM.
"""
