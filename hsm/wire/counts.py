"""Variable-length counts: one to four bytes, the leading ones of the first byte saying how many more follow.

0xxxxxxx counts to 127, 10xxxxxx and a byte to 16 383, 110xxxxx and two to 2 097 151, 1110xxxx and three to 268 435 455.
Shorter forms first: a count is written in the fewest bytes that hold it, and read in any.  This is not BER.
Source: encoder of a public Eracom client; the form 8082 in device traces.
"""

from __future__ import annotations

MOST = 0x0FFF_FFFF
_FORMS = ((0x80, 0x00, 0x7F, 1), (0xC0, 0x80, 0x3F, 2), (0xE0, 0xC0, 0x1F, 3), (0xF0, 0xE0, 0x0F, 4))


def count_at(text: str, at: int) -> tuple[int, int] | None:
    """The count at *at* and where it ends; None when it is cut off or of no form.

    >>> count_at("\\x80\\x82", 0), count_at("\\x80", 0), count_at("\\xff", 0)
    ((130, 2), None, None)
    """
    if at >= len(text):
        return None
    first = ord(text[at])
    for mask, form, bits, size in _FORMS:
        if first & mask == form:
            if at + size > len(text):
                return None
            rest = int.from_bytes(text[at + 1 : at + size].encode("latin-1"), "big")
            return (first & bits) << 8 * (size - 1) | rest, at + size
    return None


def count_text(count: int) -> str:
    """*count* in as few bytes as hold it.  Raises ValueError above MOST.

    >>> count_text(127), count_text(128), count_text(16384)
    ('\\x7f', '\\x80\\x80', 'À@\\x00')
    """
    for _, form, bits, size in _FORMS:
        if count < (bits + 1) << 8 * (size - 1):
            lead = form << 8 * (size - 1)
            return (lead | count).to_bytes(size, "big").decode("latin-1")
    raise ValueError(f"a variable-length count is at most {MOST}")


def counted(content: str) -> str:
    """*content* led by its count."""
    return count_text(len(content)) + content
