"""Local master keys of the variant kind: 20 pairs, 00-01 to 38-39, each for its own sort of key.

Both kinds of LMK, this one and ``blocklmk.KeyBlockLmk``, have the same face:

``unwrap(token, wanted)``
    the key in *token*, if it is what is wanted.  Wrong parity raises ``ParityWrong``, which says nothing of the role
    the key has in the command: the ring turns it into the refusal for a source or a destination key.
``wrap(key, row, scheme, attributes, random)``
    the token of *key* as a key of the type *row*.
``cipher_for(use)``
    the LMK as a cipher for what is no key: PINs, decimalisation tables and the like.

An old LMK in key-change storage is an LMK like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from hmac import compare_digest
from typing import ClassVar

from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.parity import is_odd, with_odd
from hsm.keys.published import PUBLISHED_CHECK_VALUE, PUBLISHED_PAIRS
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import PAIRS_COUNT, KeyType, Wanted
from hsm.keys.variant import KEY_VARIANTS, decipher, encipher, key_bytes_of, varied
from hsm.refusal import KeyLengthInvalid, KeySchemeInvalid, KeyTypeInvalid, LmkSchemesIncompatible

Random = Callable[[int], bytes]


class ParityWrong(Exception):
    """A token does not decrypt to a key of odd parity; the ring says which key of the command it was."""


class LmkUse(Enum):
    """What an LMK enciphers besides keys: pair and variant of a variant LMK, one letter for a key-block LMK.

    Pairs: 02-03 PINs, 18-19 variant 1 decimalisation tables, 18-19 reference numbers, 34-35 RSA private keys and, with
    variant 1, HMAC keys, 36-37 the MAC over RSA public keys (HSM 8000 help; payShield client sources).  Which pair is for
    Diebold tables is not published: 18-19 variant 2 is Zonekey's own.  The letter T is witnessed by two captures under
    the 3DES key-block LMK; the other letters are Zonekey's own.  Under 3DES a letter must differ from every other, and
    from the E and M of key blocks, in more than its lowest bit, which is parity.
    """

    PIN = (1, 0, "P")
    DECIMALISATION_TABLE = (9, 1, "T")
    REFERENCE_NUMBER = (9, 0, "N")
    RSA_PRIVATE_KEY = (17, 0, "R")
    HMAC_KEY = (17, 1, "H")
    RSA_PUBLIC_KEY_MAC = (18, 0, "A")
    DIEBOLD_TABLE = (9, 2, "B")

    # As in usage.Usage: asked for at every PIN command, so not hashed by name.
    __hash__ = object.__hash__


class VariantLmk:
    """A variant LMK: *pairs* are 20 keys of 16 bytes, or 24 for a 3-key LMK, for 00-01 to 38-39.

    In a 3-key LMK the variants stand in the same two bytes as in a 2-key one; no public source shows one.
    """

    kind: ClassVar[str] = "variant"
    algorithm: ClassVar[Algorithm] = Algorithm.TDES

    def __init__(self, lmk_id: str, pairs: Sequence[bytes], name: str = "") -> None:
        """Raises ValueError when *pairs* are not 20 keys of one length; *lmk_id* is 2 digits."""
        if len(pairs) != PAIRS_COUNT or {len(pair) for pair in pairs} not in ({16}, {24}):
            raise ValueError("a variant LMK is 20 pairs of 16 or 24 bytes")
        self.lmk_id = lmk_id
        self.name = name
        self.key_bytes = len(pairs[0])
        self._pairs = tuple(pairs)
        # At most 20 pairs x 10 key variants x 6 length variants: this cache is its own bound.
        self._ciphers: dict[tuple[int, int, int], Cipher] = {}

    def __repr__(self) -> str:
        return f"<variant LMK {self.lmk_id} {self.name}>"

    @property
    def is_test(self) -> bool:
        """Is this the set that Thales publishes for tests?"""
        return compare_digest(self.material(), b"".join(PUBLISHED_PAIRS))

    @property
    def check_value(self) -> str:
        """16H: 6 significant digits and ten zeros.

        For the published test set it is the value practitioners quote, 268604, recorded beside that set: no public page
        says how it is computed.  Any other set has Zonekey's own: a zero block enciphered under the first pair, the
        result under the second, and so on through all 20, left 3 bytes.
        """
        if self.is_test:
            return PUBLISHED_CHECK_VALUE
        block = bytes(8)
        for pair in range(PAIRS_COUNT):
            block = self._cipher(pair, 0, 0).encrypt(block)
        return block[:3].hex().upper() + "0000000000"

    def material(self) -> bytes:
        """All pairs in order, 320 or 480 bytes, for the vault to seal."""
        return b"".join(self._pairs)

    def unwrap(self, token: str, wanted: Wanted) -> ClearKey:
        """The key in *token*: untagged, U, T, X or Y; 16H, 32H or 48H.

        Raises LmkSchemesIncompatible for a key block, KeyTypeInvalid when no type is known or the type is of no block
        cipher, KeyLengthInvalid, KeySchemeInvalid, InputInvalid, and ParityWrong.
        """
        if token[:1] in ("S", "R"):
            raise LmkSchemesIncompatible
        row = wanted.key_type
        if row is None or not wanted.des_bytes:
            raise KeyTypeInvalid
        if key_bytes_of(token) not in wanted.des_bytes:
            raise KeyLengthInvalid
        key = decipher(token, partial(self._cipher, row.pair, row.variant))
        if not is_odd(key):
            raise ParityWrong
        return ClearKey(key)

    def wrap(
        self,
        key: ClearKey,
        row: KeyType | None,
        scheme: str,
        attributes: BlockAttributes | None,
        random: Random,
    ) -> str:
        """*key* as a key of type *row*: *scheme* U, T, X, Y, or empty, Z or 0 for no tag.

        A variant LMK binds no *attributes* and draws nothing from *random*.  Raises KeySchemeInvalid (also for a key
        that is not DES: it has no variant form), KeyTypeInvalid (also when *row* is None) and KeyLengthInvalid.
        """
        if row is None:
            raise KeyTypeInvalid
        if key.algorithm not in (Algorithm.DES, Algorithm.TDES):
            raise KeySchemeInvalid
        if key.key_bytes not in row.des_bytes:
            raise KeyLengthInvalid if row.des_bytes else KeyTypeInvalid
        content = key.reveal()
        # Parity is all that tells a key of the right type here, so that even a DUKPT initial key must have it.
        return encipher(
            content if row.odd_parity else with_odd(content), scheme, partial(self._cipher, row.pair, row.variant)
        )

    def cipher_for(self, use: LmkUse) -> Cipher:
        """The pair that enciphers this sort of thing, ready for use."""
        pair, variant, _ = use.value
        return self._cipher(pair, variant, 0)

    def _cipher(self, pair: int, variant: int, length_variant: int) -> Cipher:
        place = (pair, variant, length_variant)
        ready = self._ciphers.get(place)
        if ready is None:
            ready = cipher(varied(self._pairs[pair], KEY_VARIANTS[variant], length_variant))
            self._ciphers[place] = ready
        return ready
