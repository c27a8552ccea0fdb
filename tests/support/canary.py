"""Finds marked keys and PINs in whatever an appliance gives out, in every dress that a leak might wear."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest import mock

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey

PART_BYTES = 8
DISTINCT_BYTES_LEAST = 5
"""A part with fewer different bytes is no mark: zeros and fillings stand in many places rightly."""
START_BYTES = 8
"""No mark is shorter; what begins like none is passed over quickly."""
PIN_DIGITS_LEAST = 12
"""Shorter PINs occur by chance."""


class Canary:
    """The marks: keys as bytes, PINs as digits."""

    def __init__(self) -> None:
        self._by_start: dict[bytes, dict[bytes, str]] = {}

    def key(self, key: bytes, name: str) -> None:
        """Mark *key*: whole, in 8-byte parts, halves exchanged, bytes reversed; each raw, in hexadecimal and in base 64."""
        parts = [key[at : at + PART_BYTES] for at in range(0, len(key) - PART_BYTES + 1, PART_BYTES)]
        half = len(key) // 2
        for each in {key, *parts, key[half:] + key[:half], key[::-1], *(part[::-1] for part in parts)}:
            if len(set(each)) >= DISTINCT_BYTES_LEAST and len(each) >= PART_BYTES:
                bare64 = base64.b64encode(each).rstrip(b"=")[:-1]  # the last character depends on what follows
                for dressed in (each, each.hex().encode(), each.hex().upper().encode(), bare64):
                    self._mark(dressed, name)

    def pin(self, pin: str) -> None:
        if len(pin) >= PIN_DIGITS_LEAST:
            self._mark(pin.encode(), "PIN")
            self._mark(pin[::-1].encode(), "PIN reversed")

    def card_pin(self, pin: str) -> None:
        """Mark the PIN of a card, of 8 digits: shorter ones would be found by chance."""
        assert len(pin) == START_BYTES
        self._mark(pin.encode(), "card PIN")

    def _mark(self, text: bytes, name: str) -> None:
        self._by_start.setdefault(text[:START_BYTES], {}).setdefault(text, name)

    @property
    def count(self) -> int:
        return sum(map(len, self._by_start.values()))

    def found_in(self, output: bytes | str, allowed: bytes | str = b"") -> set[str]:
        """Names of the marks in *output*, other than those that *allowed* (what the host itself sent) holds."""
        content, known = (each if isinstance(each, bytes) else each.encode("utf-8") for each in (output, allowed))
        return {
            name
            for at in range(len(content) - START_BYTES + 1)
            for mark, name in self._by_start.get(content[at : at + START_BYTES], {}).items()
            if content.startswith(mark, at) and mark not in known
        }

    @contextmanager
    def marking(self) -> Iterator[None]:
        """Marks every key that is made while this lasts."""
        made = ClearKey.__init__

        def noting(
            secret: ClearKey,
            key: bytes,
            algorithm: Algorithm | None = Algorithm.TDES,
            attributes: BlockAttributes | None = None,
        ) -> None:
            made(secret, key, algorithm, attributes)
            if len(key) >= PART_BYTES:
                self.key(key, f"key of {len(key)} bytes")

        with mock.patch.object(ClearKey, "__init__", noting):
            yield

    def material(self, material: bytes) -> None:
        """Mark the parts of an LMK."""
        for at in range(0, len(material), 16):
            self.key(material[at : at + 16], "LMK")


def all_of(texts: Iterable[object]) -> str:
    """Everything in one text, for one scan."""
    return "\n".join(map(str, texts))
