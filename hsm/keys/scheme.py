"""Where a key ends in a message: the forms in which Thales hosts write keys.

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

import re

_HEX = "[0-9A-F]"
_STORED = rf"K{_HEX}{{3}}"
_TAGGED = (
    rf"|[UX](?:{_HEX}{{32}}|{_STORED})|[TY](?:{_HEX}{{48}}|{_STORED})|{_STORED}"
    rf"|[SR](?:[0-9A-E]([0-9]{{4}})|{_STORED})"
)
_TOKEN = {digits: re.compile(rf"{_HEX}{{{digits}}}{_TAGGED}") for digits in (16, 32, 48)}
_BLOCK_TEXT = re.compile("[ -~]+")
BLOCK_HEADER_CHARS = 16
"""Version, length, usage, algorithm, mode, key version, exportability, optional blocks, LMK identifier."""


class SchemeError(ValueError):
    """No key stands there; the message says nothing of what does."""


def split(text: str, at: int, untagged: int = 16) -> tuple[str, int]:
    """The key that starts at *at*, and where it ends; *untagged* is the digits of a key without a tag (16, 32 or 48).

    Raises SchemeError when no complete key stands there.  Only the form is looked at: whether a scheme is allowed in
    that place is for whoever opens the key.

    >>> split("U1EF828AA8F6B80EB83E19FBC373F3A8512", 0)
    ('U1EF828AA8F6B80EB83E19FBC373F3A85', 33)
    >>> split("00K01F", 2)
    ('K01F', 6)
    """
    found = _TOKEN[untagged].match(text, at)
    if found is None:
        raise SchemeError("no key in a known scheme")
    digits = found.group(1)
    if digits is None:
        return found.group(), found.end()
    chars = int(digits)
    block = text[at : at + 1 + chars]
    if chars <= BLOCK_HEADER_CHARS or len(block) != 1 + chars or _BLOCK_TEXT.fullmatch(block) is None:
        raise SchemeError("a key block cut short")
    return block, at + 1 + chars


def is_block(token: str) -> bool:
    """Is this a key block (Thales ``S`` or TR-31 ``R``), whose key carries its own attributes?"""
    return token[:1] in ("S", "R")


def stored_at(token: str) -> str | None:
    """The 3H user-storage index that *token* stands for, None when it is a key itself.

    >>> stored_at("UK01F"), stored_at("K01F"), stored_at("0123456789ABCDEF")
    ('01F', '01F', None)
    """
    return token[-3:] if len(token) in (4, 5) and token[-4] == "K" else None
