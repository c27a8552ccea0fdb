"""Payment cryptography as functions from bytes to bytes: nothing is remembered, nothing decided.

Only this package and ``hsm.keys`` handle key bytes.  Everything above works with ``blockcipher.Cipher`` objects, which
hold a ready key schedule and have no text.
"""
