"""Keys and PINs in the clear, as objects without text.

Neither type can be printed, compared, hashed, pickled or turned into bytes by accident.  The one way to the content is
``reveal``, which only ``hsm.crypto`` and ``hsm.keys`` may call; everything above works with ``ClearKey.cipher``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.keyblock import OptionalBlock


@dataclass(frozen=True)
class BlockAttributes:
    """What a key block binds to its key (ANSI X9.143 clause 6; Thales uses numeric usages besides).

    *usage* is 2 characters, *algorithm* and *mode* 1 each, *key_version* 2, *exportability* 1 (E, N or S);
    *optional* leaves out the padding block.
    """

    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    exportability: str = "N"
    optional: tuple[OptionalBlock, ...] = ()


class Secret:
    """Refuses every way in which Python would copy or show an object without being asked for its content."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a secret is not changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a secret is not changed")

    def __eq__(self, other: object) -> bool:
        raise TypeError("secrets are not compared with ==")

    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        raise TypeError("a secret does not leave the process")

    def __bytes__(self) -> bytes:
        raise TypeError("a secret has no bytes; only crypto may reveal it")


class ClearKey(Secret):
    """A key out of its wrapping.

    *key* is 8, 16 or 24 bytes for DES and TDES, 16, 24 or 32 for AES, and any length for an HMAC key, whose
    *algorithm* is None.  *attributes* are those of the key block it came in, None when it came in no block.
    """

    __slots__ = ("_key", "algorithm", "attributes", "cipher", "key_bytes")

    _key: bytes
    algorithm: Algorithm | None
    attributes: BlockAttributes | None
    cipher: Cipher
    key_bytes: int

    def __init__(
        self, key: bytes, algorithm: Algorithm | None = Algorithm.TDES, attributes: BlockAttributes | None = None
    ) -> None:
        keep = object.__setattr__
        if algorithm is Algorithm.TDES and len(key) == 8:
            algorithm = Algorithm.DES
        keep(self, "_key", key)
        keep(self, "algorithm", algorithm)
        keep(self, "attributes", attributes)
        keep(self, "key_bytes", len(key))

    def __getattr__(self, name: str) -> Cipher:
        # Python comes here only while the slot is empty: the schedule is made at first use, because a key that is
        # only moved from one wrapping to another never needs it, and later uses pay for a plain slot only.
        if name != "cipher":
            raise AttributeError(name)
        if self.algorithm is None:
            raise TypeError("an HMAC key is no block cipher key")
        ready = cipher(self._key, self.algorithm)
        object.__setattr__(self, "cipher", ready)
        return ready

    def reveal(self) -> bytes:
        """The key itself; for ``hsm.crypto`` and ``hsm.keys`` alone."""
        return self._key

    def with_attributes(self, attributes: BlockAttributes | None) -> ClearKey:
        """The same key under other attributes."""
        return ClearKey(self.reveal(), self.algorithm, attributes)

    def __repr__(self) -> str:
        kind = "HMAC" if self.algorithm is None else self.algorithm.value
        return f"<clear {kind}-{self.key_bytes * 8} key>"


class ClearPin(Secret):
    """A PIN of 4 to 12 digits (ISO 9564-1 clause 7.1); the caller has checked the digits."""

    __slots__ = ("_digits", "length")

    _digits: str
    length: int

    def __init__(self, digits: str) -> None:
        object.__setattr__(self, "_digits", digits)
        object.__setattr__(self, "length", len(digits))

    def reveal(self) -> str:
        """The digits; for ``hsm.crypto`` and ``hsm.keys`` alone."""
        return self._digits

    def __repr__(self) -> str:
        return "<clear PIN>"
