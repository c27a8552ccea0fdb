"""FF1: format-preserving encryption of decimal strings (NIST SP 800-38G, algorithms 7 and 8), radix 10."""

from __future__ import annotations

from collections.abc import Callable

from hsm.crypto.blockcipher import Algorithm, Cipher

ROUNDS = 10
DIGITS_MAX = 56
"""What SP 800-38G allows is far more; no PIN is longer, and the arithmetic below stays within one AES block or two."""


def encrypt(cipher: Cipher, digits: str, tweak: bytes) -> str:
    """*digits* (2 to 56 of them) enciphered under an AES *cipher* with *tweak*; as many digits come out.

    >>> from hsm.crypto.blockcipher import Algorithm, cipher
    >>> encrypt(cipher(bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), Algorithm.AES), "0123456789", b"")
    '2433477484'
    """
    a, b, u, v, prf = _setup(cipher, digits, tweak)
    for i in range(ROUNDS):
        m = u if i % 2 == 0 else v
        a, b = b, (a + prf(i, b)) % 10**m
    return f"{a:0{u}d}{b:0{v}d}"


def decrypt(cipher: Cipher, digits: str, tweak: bytes) -> str:
    """The inverse of ``encrypt``."""
    a, b, u, v, prf = _setup(cipher, digits, tweak)
    for i in reversed(range(ROUNDS)):
        m = u if i % 2 == 0 else v
        a, b = (b - prf(i, a)) % 10**m, a
    return f"{a:0{u}d}{b:0{v}d}"


def _setup(cipher: Cipher, digits: str, tweak: bytes) -> tuple[int, int, int, int, Callable[[int, int], int]]:
    """Both halves as numbers, their widths, and the round function (steps 1 to 6 of either algorithm)."""
    n = len(digits)
    if cipher.algorithm is not Algorithm.AES or not 2 <= n <= DIGITS_MAX or not (digits.isascii() and digits.isdigit()):
        raise ValueError("FF1 takes an AES key and 2 to 56 decimal digits")
    u = n // 2
    v = n - u
    number_bytes = ((10**v - 1).bit_length() + 7) // 8
    output_bytes = 4 * -(-number_bytes // 4) + 4
    first = bytes((1, 2, 1, 0, 0, 10, 10, u)) + n.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
    lead = tweak + bytes(-(len(tweak) + number_bytes + 1) % 16)

    def prf(i: int, half: int) -> int:
        blocks = first + lead + bytes((i,)) + half.to_bytes(number_bytes, "big")
        r = cipher.encrypt_cbc(blocks, bytes(16))[-16:]
        s = r
        j = 1
        while len(s) < output_bytes:
            s += cipher.encrypt((int.from_bytes(r, "big") ^ j).to_bytes(16, "big"))
            j += 1
        return int.from_bytes(s[:output_bytes], "big")

    return int(digits[:u]), int(digits[u:]), u, v, prf
