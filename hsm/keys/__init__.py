"""What a key is for and what it lies under.

A host never holds a clear key: it keeps tokens, keys enciphered under a local master key (LMK), and hands them in with
every command.  This package turns tokens into keys and back, and lets a key be used only as what it is.

=================  =====================================================================================
``secret``         clear keys and PINs, which have no text
``usage``          key type codes, key-block usages and modes, and what commands ask for: one table
``scheme``         where a token ends in a message
``variant``        part-by-part encipherment with key and length variants
``lmk``            variant LMKs; ``blocklmk`` those of key blocks; ``published`` the test sets; ``masters`` LMKs by name
``transport``      keys between zones, under a ZMK or TMK
``ring``           token and use → key, through a bounded cache
``generate``       new keys and keys from components; ``checkvalue``, ``strength``
=================  =====================================================================================

Rules of the folder: it knows no command and no dialect, and says no by the reasons of ``hsm.refusal``.  Only it and
``hsm.crypto`` reveal a secret.  A key is checked in a fixed order: the form of its token, its authenticator, its
attributes, its length, its parity.
"""
