"""Secrets looked for in files and traffic, however they are written: as bytes, hexadecimal, digits, BCD or base64.

All writings come to bytes: what reads as hexadecimal (digits do, as BCD) or base64 is deciphered to them, at each nibble
and each character that it could begin with, with what separates groups taken out before.  Of every secret one word of 4
bytes, the rarest, is looked up in a set, so that the time hardly grows with how many secrets there are.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedIOBase

CHUNK_BYTES, OVERLAP_BYTES = 1 << 20, 512
WORD_BYTES, SECRET_BYTES_MAX = 4, 32
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{12,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{10,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SEPARATORS = b"\0 \t\r\n-.,:;|/=^'\"[]"
"""What may stand between groups of digits, in one writing or another."""


class Wanted:
    """*secrets* by kind: each 5 to 32 bytes, digits as BCD."""

    def __init__(self, secrets: Mapping[str, Iterable[bytes]]) -> None:
        """Raises ValueError for a secret of another length."""
        self.kinds = {kind: frozenset(each) for kind, each in secrets.items()}
        every = frozenset[bytes]().union(*self.kinds.values())
        if not all(WORD_BYTES < len(each) <= SECRET_BYTES_MAX for each in every):
            raise ValueError(f"a secret has more than {WORD_BYTES} and at most {SECRET_BYTES_MAX} bytes")
        common = Counter(word for each in every for word in set(_words(each)))
        self._by_word: dict[int, list[bytes]] = defaultdict(list)
        for each in every:
            rarest = min(_words(each), key=lambda word: (common[word], -len(set(word))))
            self._by_word[memoryview(rarest).cast("I")[0]].append(each)
        self._looked_up = frozenset(self._by_word)

    def found_in(self, source: BufferedIOBase) -> dict[str, frozenset[bytes]]:
        """By kind, the secrets that *source* has."""
        found: set[bytes] = set()
        rest = b""
        while chunk := source.read(CHUNK_BYTES):
            for view in _views(rest + chunk):
                found.update(self._in_view(view))
            rest = (rest + chunk)[-OVERLAP_BYTES:]
        return {kind: secrets & found for kind, secrets in self.kinds.items()}

    def _in_view(self, view: bytes) -> Iterator[bytes]:
        for at in range(WORD_BYTES):
            whole = (len(view) - at) // WORD_BYTES * WORD_BYTES
            if whole > 0:
                words = memoryview(view)[at : at + whole].cast("I")
                for word in self._looked_up.intersection(words):
                    yield from (each for each in self._by_word[word] if each in view)


def _words(secret: bytes) -> list[bytes]:
    return [secret[at : at + WORD_BYTES] for at in range(len(secret) - WORD_BYTES + 1)]


def _views(chunk: bytes) -> Iterator[bytes]:
    """What the *chunk* can be read as; every digit of BCD may begin a byte or end one."""
    in_base64 = _from_base64(chunk)
    for bare in (chunk, in_base64):
        for view in (bare, _from_hexadecimal(bare)):
            yield view
            yield _half_a_byte_on(view)


def _half_a_byte_on(view: bytes) -> bytes:
    return (int.from_bytes(view, "big") << 4).to_bytes(len(view) + 1, "big")


def _from_hexadecimal(chunk: bytes) -> bytes:
    """Groups with and without what separates them: what is binary in between must not be taken for a part of either."""
    told = chunk.translate(None, _SEPARATORS)
    runs = (run for text in (chunk, told) for run in _HEXADECIMAL.findall(text))
    return b"\0".join(bytes.fromhex(run[: len(run) // 2 * 2].decode()) for run in runs)


def _from_base64(chunk: bytes) -> bytes:
    # A last group that is not full is filled: what it has is wanted, too.
    runs = [run.translate(_URL_SAFE) + b"AAA" for run in _BASE64.findall(chunk)]
    wholes = (run[at : at + (len(run) - at) // 4 * 4] for run in runs for at in range(4))
    return b"\0".join(b64decode(whole) for whole in wholes)
