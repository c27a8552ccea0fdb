"""Self-test: every algorithm against a published answer, and the random source against gross failure.

It runs at each start and when an operator asks (PCI PTS HSM asks for both); an appliance that fails it executes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.digest import Digest, digest
from hsm.crypto.mac import HmacHash, Padding, algorithm_3, cmac, hmac, pad

RANDOM_SAMPLES = 1_024
REPEATS_MAX = 5
"""So many bytes in a row may be equal; chance makes one sample in 2^30 exceed it (SP 800-90B 4.4.1)."""
SAME_MAX = 26
"""So many bytes of a sample may be equal; chance makes one sample in 2^37 exceed it (SP 800-90B 4.4.2)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """*made* must give *answer* (hex); *source* is where it is published."""

    name: str
    source: str
    answer: str
    made: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class TestResult:
    """Whether the test *name* passed; *source* is where its answer comes from."""

    __test__ = False

    name: str
    source: str
    passed: bool


_hex = bytes.fromhex
_TDES_KEY = _hex("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123")
_TDES_ANSWER = "A826FD8CE53B855FCCE21C8112256FE668D5C05DD9B6B900"
_AES_TEXT = _hex("00112233445566778899AABBCCDDEEFF")
_RETAIL_KEY = _hex("0123456789ABCDEFFEDCBA9876543210")
_CMAC_AES_KEY = _hex("2B7E151628AED2A6ABF7158809CF4F3C")
_CMAC_TDES_KEY = _hex("8AA83BF8CBDA10620BC1BF19FBB6CD58BC313D4A371CA8B5")

KNOWN_ANSWERS = (
    KnownAnswer(
        "TDES encipher",
        "NIST SP 800-67, appendix B",
        _TDES_ANSWER,
        lambda: cipher(_TDES_KEY).encrypt(b"The qufck brown fox jump"),
    ),
    KnownAnswer(
        "TDES decipher",
        "NIST SP 800-67, appendix B",
        b"The qufck brown fox jump".hex().upper(),
        lambda: cipher(_TDES_KEY).decrypt(_hex(_TDES_ANSWER)),
    ),
    KnownAnswer(
        "AES-128 encipher",
        "FIPS 197, C.1",
        "69C4E0D86A7B0430D8CDB78070B4C55A",
        lambda: cipher(bytes(range(16)), Algorithm.AES).encrypt(_AES_TEXT),
    ),
    KnownAnswer(
        "AES-256 decipher",
        "FIPS 197, C.3",
        _AES_TEXT.hex().upper(),
        lambda: cipher(bytes(range(32)), Algorithm.AES).decrypt(_hex("8EA2B7CA516745BFEAFC49904B496089")),
    ),
    KnownAnswer(
        "AES-256-GCM",
        "GCM specification, test case 14",
        "CEA7403D4D606B6E074EC5D3BAF39D18D0D1C8A799996BF0265B98B5D48AB919",
        lambda: AESGCM(bytes(32)).encrypt(bytes(12), bytes(16), None),
    ),
    KnownAnswer(
        "Retail MAC",
        "ISO/IEC 9797-1:2011, annex B, algorithm 3 with padding 1",
        "A1C72E74EA3FA9B6",
        lambda: algorithm_3(cipher(_RETAIL_KEY), pad(b"Now is the time for all ", Padding.ZEROS)),
    ),
    KnownAnswer(
        "CMAC with TDES",
        "NIST SP 800-38B (2005), D.4, example 13",
        "B7A688E122FFAF95",
        lambda: cmac(cipher(_CMAC_TDES_KEY), b""),
    ),
    KnownAnswer(
        "CMAC with AES",
        "NIST SP 800-38B, D.1, example 2; RFC 4493, example 2",
        "070A16B46B4D4144F79BDD9DD04A287C",
        lambda: cmac(cipher(_CMAC_AES_KEY, Algorithm.AES), _hex("6BC1BEE22E409F96E93D7E117393172A")),
    ),
    KnownAnswer(
        "HMAC with SHA-256",
        "RFC 4231, test case 2",
        "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
        lambda: hmac(b"Jefe", b"what do ya want for nothing?", HmacHash.SHA256),
    ),
    KnownAnswer(
        "SHA-1",
        "FIPS 180-4 examples, one block",
        "A9993E364706816ABA3E25717850C26C9CD0D89D",
        lambda: digest(Digest.SHA_1, b"abc"),
    ),
    KnownAnswer(
        "SHA-256",
        "FIPS 180-4 examples, one block",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        lambda: digest(Digest.SHA_256, b"abc"),
    ),
)


def self_test(
    random: Callable[[int], bytes], known_answers: tuple[KnownAnswer, ...] = KNOWN_ANSWERS
) -> tuple[TestResult, ...]:
    """The result of every test; *random* gives so many random bytes.  Whatever goes wrong in a test fails it."""
    results = [TestResult(each.name, each.source, _passes(_right, each)) for each in known_answers]
    return (*results, TestResult("Random source", "NIST SP 800-90B, 4.4", _passes(_healthy, random)))


def failures(results: tuple[TestResult, ...]) -> str:
    """The names of the tests that failed, empty when all passed."""
    return ", ".join(each.name for each in results if not each.passed)


def _right(test: KnownAnswer) -> bool:
    return test.made() == _hex(test.answer)


def _healthy(random: Callable[[int], bytes]) -> bool:
    """Neither one value too often in a row nor too often in all."""
    sample = random(RANDOM_SAMPLES)
    if len(sample) != RANDOM_SAMPLES or sample == random(RANDOM_SAMPLES):
        return False
    rows = any(sample[at : at + REPEATS_MAX + 1].count(sample[at]) > REPEATS_MAX for at in range(RANDOM_SAMPLES))
    return not rows and max(Counter(sample).values()) <= SAME_MAX


def _passes(test: Callable[[T], bool], subject: T) -> bool:
    try:
        return test(subject)
    except Exception:  # a broken primitive may raise anything
        return False
