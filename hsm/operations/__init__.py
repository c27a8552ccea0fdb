"""What commands mean, in no dialect's words: one verb a function.

An operation takes clear keys (objects without text), fields and the ``Hsm`` view; it returns values or raises a reason of
``hsm.refusal``.  It knows no command code, no wire layout and no error number, so every dialect calls the same ones.
"""
