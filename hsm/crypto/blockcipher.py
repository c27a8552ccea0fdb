"""DES, triple DES and AES behind one small interface, by two engines.

OpenSSL (pyca/cryptography) is the default; pycryptodome is the second engine, which the vectors run on as well.  A
``Cipher`` keeps its key schedule, because making one costs ten times what enciphering a block does.  Triple DES whose
parts are all equal is run as single DES by the engine that refuses such keys.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol, cast

from Crypto.Cipher import AES as _AES
from Crypto.Cipher import DES as _DES
from Crypto.Cipher import DES3 as _DES3
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher as _OpenSsl
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB


class Algorithm(Enum):
    """The block ciphers of this field."""

    DES = "DES"
    TDES = "TDES"
    AES = "AES"


class Cipher(Protocol):
    """A key ready for use.  It has no text, no equality and no pickle; *data* is always whole blocks."""

    @property
    def algorithm(self) -> Algorithm: ...
    @property
    def block_bytes(self) -> int: ...
    @property
    def key_bytes(self) -> int: ...
    @property
    def parts(self) -> tuple[Cipher, ...]:
        """Single-DES ciphers of each 8-byte part of a DES or triple DES key (X9.19 and the like need them)."""

    def encrypt(self, data: bytes, /) -> bytes:
        """ECB, *data* whole blocks."""

    def decrypt(self, data: bytes, /) -> bytes:
        """ECB, *data* whole blocks."""

    def encrypt_cbc(self, data: bytes, iv: bytes) -> bytes: ...
    def decrypt_cbc(self, data: bytes, iv: bytes) -> bytes: ...


class Engine(Protocol):
    """Makes ciphers: *key* is 8, 16 or 24 bytes for DES and TDES, 16, 24 or 32 for AES; else ValueError."""

    def __call__(self, key: bytes, algorithm: Algorithm, /) -> Cipher: ...


_LENGTHS = {Algorithm.DES: (8,), Algorithm.TDES: (16, 24), Algorithm.AES: (16, 24, 32)}


class _Base:
    """What both engines share: the key's facts, and a refusal to be shown or copied."""

    __slots__ = ("_key", "_parts", "algorithm", "block_bytes", "decrypt", "encrypt", "key_bytes")
    encrypt: Callable[[bytes], bytes]
    decrypt: Callable[[bytes], bytes]

    def __init__(self, key: bytes, algorithm: Algorithm) -> None:
        if len(key) not in _LENGTHS[algorithm]:
            raise ValueError(f"{algorithm.value} key of {len(key)} bytes")
        self._key = key
        self.algorithm = algorithm
        self.block_bytes = 16 if algorithm is Algorithm.AES else 8
        self.key_bytes = len(key)
        self._parts: tuple[Cipher, ...] = ()

    @property
    def parts(self) -> tuple[Cipher, ...]:
        if not self._parts:
            if self.algorithm is Algorithm.AES:
                raise ValueError("an AES key has no DES parts")
            make = type(self)
            self._parts = tuple(make(self._key[i : i + 8], Algorithm.DES) for i in range(0, self.key_bytes, 8))  # type: ignore[misc]  # each subclass is a Cipher
        return self._parts

    def __repr__(self) -> str:
        return f"<{self.algorithm.value}-{self.key_bytes * 8} cipher>"

    def __eq__(self, other: object) -> bool:
        raise TypeError("keys are not compared with ==")

    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key does not leave the process")


class OpenSslCipher(_Base):
    """A key scheduled by OpenSSL.  ECB contexts are kept: without chaining they hold no state between blocks."""

    __slots__ = ("_made",)

    def __init__(self, key: bytes, algorithm: Algorithm) -> None:
        super().__init__(key, algorithm)
        if algorithm is Algorithm.AES:
            self._made: AES | TripleDES = AES(key)
        else:
            wide = key * 3 if len(key) == 8 else key + key[:8] if len(key) == 16 else key
            self._made = TripleDES(wide)
        ecb = _OpenSsl(self._made, ECB())
        self.encrypt = ecb.encryptor().update
        self.decrypt = ecb.decryptor().update

    def encrypt_cbc(self, data: bytes, iv: bytes) -> bytes:
        return _OpenSsl(self._made, CBC(iv)).encryptor().update(data)

    def decrypt_cbc(self, data: bytes, iv: bytes) -> bytes:
        clear = self.decrypt(data)
        return _xor(clear, iv + data[: -self.block_bytes]) if data else b""


class _Mode(Protocol):
    """A pycryptodome cipher object; the library's own types name the union of all its modes."""

    def encrypt(self, plaintext: bytes, /) -> bytes: ...
    def decrypt(self, ciphertext: bytes, /) -> bytes: ...


class PycryptodomeCipher(_Base):
    """A key scheduled by pycryptodome."""

    __slots__ = ("_cbc",)

    def __init__(self, key: bytes, algorithm: Algorithm) -> None:
        super().__init__(key, algorithm)
        self._cbc: Callable[[bytes], _Mode]
        if algorithm is Algorithm.AES:
            ecb = cast(_Mode, _AES.new(key, _AES.MODE_ECB))
            self._cbc = lambda iv: cast(_Mode, _AES.new(key, _AES.MODE_CBC, iv=iv))
        elif (short := _as_single_des(key)) is not None:
            ecb = cast(_Mode, _DES.new(short, _DES.MODE_ECB))
            self._cbc = lambda iv: cast(_Mode, _DES.new(short, _DES.MODE_CBC, iv=iv))
        else:
            ecb = cast(_Mode, _DES3.new(key, _DES3.MODE_ECB))
            self._cbc = lambda iv: cast(_Mode, _DES3.new(key, _DES3.MODE_CBC, iv=iv))
        self.encrypt = ecb.encrypt
        self.decrypt = ecb.decrypt

    def encrypt_cbc(self, data: bytes, iv: bytes) -> bytes:
        return self._cbc(iv).encrypt(data)

    def decrypt_cbc(self, data: bytes, iv: bytes) -> bytes:
        return self._cbc(iv).decrypt(data)


def _as_single_des(key: bytes) -> bytes | None:
    """The DES key that *key* amounts to when two neighbouring parts cancel, else None."""
    bare = bytes(b & 0xFE for b in key)
    if len(key) == 8:
        return key
    if bare[:8] == bare[8:16]:
        return key[16:] or key[:8]
    if len(key) == 24 and bare[8:16] == bare[16:]:
        return key[:8]
    return None


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


engine: Engine = OpenSslCipher


def cipher(key: bytes, algorithm: Algorithm = Algorithm.TDES) -> Cipher:
    """*key* ready for use with the engine in force; an 8-byte TDES key is made a DES cipher.

    >>> cipher(bytes.fromhex("0123456789ABCDEF")).encrypt(bytes(8)).hex().upper()
    'D5D44FF720683D0D'
    """
    if algorithm is Algorithm.TDES and len(key) == 8:
        algorithm = Algorithm.DES
    return engine(key, algorithm)
