"""The forms in which Thales hosts write keys; ``hsm.wire.shapes.Key`` reads them out of messages.

======================  ==============================================================
``16H`` ``32H`` ``48H``  no tag: the message's place says which length
``U`` ``X`` + 32H        double length: variant method, ANSI X9.17 method
``T`` ``Y`` + 48H        triple length: variant method, ANSI X9.17 method
``S`` ``R`` + block      Thales key block, TR-31 block; its own 4 digits say how long
``K`` + 3H               a place in user storage; a scheme letter may stand before it
======================  ==============================================================

Source: HSM 8000 and payShield 9000 host message layouts; protocol-spec/thales/key-schemes.md has the whole.
"""

from __future__ import annotations

BLOCK_HEADER_CHARS = 16
"""Version, length, usage, algorithm, mode, key version, exportability, optional blocks, LMK identifier."""


def is_block(token: str) -> bool:
    """Is this a key block (Thales ``S`` or TR-31 ``R``), whose key carries its own attributes?"""
    return token[:1] in ("S", "R")


def stored_at(token: str) -> str | None:
    """The 3H user-storage index that *token* stands for, None when it is a key itself.

    >>> stored_at("UK01F"), stored_at("K01F"), stored_at("0123456789ABCDEF")
    ('01F', '01F', None)
    """
    return token[-3:] if len(token) in (4, 5) and token[-4] == "K" else None
