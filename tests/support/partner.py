"""The other end of a zone: its keys are known in the clear, and all it makes comes from psec, not from the product.

A zone master key is put under a published test LMK here, by hand: for the variant LMK as in ``support.opened``, for the
key-block LMKs as protocol-spec/crypto/vectors/keyblock.json has it.  Whatever else the appliance gets crosses under it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from psec import aes, des, mac, tr31
from support.opened import pair_of

Ask = Callable[[str], str]

LMK_3DES = bytes.fromhex("0123456789ABCDEF8080808080808080FEDCBA9876543210")
LMK_AES = bytes.fromhex("9B71333A13F9FAE72F9D0E2DAB4AD6784718012F9244033F3F26A2DE0C8AA11A")
TAGS = {8: "Z", 16: "U", 24: "T"}
STEPS = {"U": (0xA6, 0x5A), "T": (0x6A, 0xDE, 0x2B), "X": (0, 0), "Y": (0, 0, 0), "Z": (0,)}


def des_key(name: str, length: int = 16) -> bytes:
    """A DES key of odd parity that belongs to *name*."""
    return bytes(des.adjust_key_parity(hashlib.sha256(name.encode()).digest()[:length]))


def aes_key(name: str, length: int = 16) -> bytes:
    """An AES key that belongs to *name*."""
    return hashlib.sha256(b"AES" + name.encode()).digest()[:length]


def cmac(key: bytes, text: bytes) -> bytes:
    """16 bytes: the AES CMAC, by the cryptography package, since psec has none to call."""
    made = CMAC(AES(key))
    made.update(text)
    return made.finalize()


def check_digits(key: bytes, algorithm: str) -> str:
    """6H: the check value of a key for the *algorithm* of that letter."""
    value = cmac(key, bytes(16)) if algorithm == "A" else bytes(des.generate_kcv(key, 3))
    return value[:3].hex().upper()


def part_by_part(key: bytes, kek: bytes, scheme: str) -> str:
    """*key* under *kek* in scheme U, T, X, Y or Z (no tag), each part enciphered by psec."""
    wide = kek if len(kek) > 8 else kek * 2
    parts = [key[at : at + 8] for at in range(0, len(key), 8)]
    text = b"".join(
        des.encrypt_tdes_ecb(wide[:8] + bytes((wide[8] ^ step,)) + wide[9:], part)
        for part, step in zip(parts, STEPS[scheme], strict=True)
    )
    return scheme.strip("Z") + text.hex().upper()


def lmk_block_3des(header: str, key: bytes) -> str:
    """A Thales block of version 0 under the published LMK; *header* from the usage on."""
    field = (len(key) * 8).to_bytes(2, "big") + key + bytes(-(2 + len(key)) % 8)
    start = f"0{16 + 2 * (len(field) + 4):04}{header}".encode()
    body = des.encrypt_tdes_cbc(bytes(each ^ 0x45 for each in LMK_3DES), start[:8], field)
    seal = mac.generate_cbc_mac(bytes(each ^ 0x4D for each in LMK_3DES), start + body, padding=1, length=4)
    return "S" + start.decode() + (body + seal).hex().upper()


def lmk_block_aes(header: str, key: bytes) -> str:
    """A Thales block of version 1 under the published LMK; *header* from the usage on."""
    derived = [
        b"".join(cmac(LMK_AES, bytes((count, 0, usage)) + bytes.fromhex("0000040100")) for count in (1, 2))
        for usage in (0, 1)
    ]
    field = (len(key) * 8).to_bytes(2, "big") + key + bytes(-(2 + len(key)) % 16)
    start = f"1{16 + 2 * (len(field) + 8):04}{header}".encode()
    body = aes.encrypt_aes_cbc(derived[0], start, field)
    return "S" + start.decode() + (body + cmac(derived[1], start + body)[:8]).hex().upper()


@dataclass(frozen=True)
class Zone:
    """A zone: *zmk* in the clear, *token* is the same under the LMK *lmk_id*, *versions* the TR-31 blocks under it."""

    name: str
    lmk_id: str
    zmk: bytes
    token: str
    versions: str

    @property
    def in_blocks(self) -> bool:
        """Is the LMK a key-block LMK?"""
        return self.token.startswith("S")

    @property
    def keeps_aes(self) -> bool:
        """Can an AES key come in?"""
        return "D" in self.versions

    def block(self, key: bytes, header: str, version: str = "", **optional: str) -> str:
        """*key* in a TR-31 block under the zone's master key, by psec; *header* is ``usage algorithm mode kk e``."""
        usage, algorithm, mode, key_version, exportability = header.split()
        stated = tr31.Header(version or self.versions[0], usage, algorithm, mode, key_version, exportability)
        for identifier, content in optional.items():
            stated.blocks[identifier] = content
        return "R" + str(tr31.KeyBlock(self.zmk, stated).wrap(key))

    def opened(self, block: str) -> tuple[tr31.Header, bytes]:
        """Header and key of a TR-31 block that came from the appliance, by psec."""
        assert block.startswith("R")
        protected = tr31.KeyBlock(self.zmk)
        key = protected.unwrap(block[1:])
        return protected.header, bytes(key)

    def bring(self, ask: Ask, code: str, key: bytes, usage: str, mode: str = "N", algorithm: str = "") -> str:
        """*key* taken in with A6, of key type *code* under a variant LMK: its token under the LMK."""
        letter = algorithm or ("D" if len(key) == 8 else "T")
        block = self.block(key, f"{usage} {letter} {mode} 00 E")
        kind, scheme = ("FFF", "S") if self.in_blocks else (code, TAGS[len(key)])
        reply = ask(f"A6{kind}{self.token}{block}{scheme}")
        assert reply[:4] == "A700", reply
        assert reply[-6:] == check_digits(key, letter)
        return reply[4:-6]


ZMK_2, ZMK_3, ZMK_AES = des_key("ZMK 2"), des_key("ZMK 3", 24), aes_key("ZMK AES", 32)
ZONES = (
    Zone("variant, double", "00", ZMK_2, part_by_part(ZMK_2, pair_of("000"), "U"), "BAC"),
    Zone("variant, triple", "00", ZMK_3, part_by_part(ZMK_3, pair_of("000"), "T"), "BAC"),
    Zone("3DES block", "01", ZMK_3, lmk_block_3des("52TB00N0001", ZMK_3), "BAC"),
    Zone("AES block, 3DES ZMK", "02", ZMK_3, lmk_block_aes("52TB00N0002", ZMK_3), "BAC"),
    Zone("AES block, AES ZMK", "02", ZMK_AES, lmk_block_aes("K0AB00N0002", ZMK_AES), "D"),
)
KEY_FORMS = (("D", 8), ("T", 16), ("T", 24), ("A", 16), ("A", 24), ("A", 32))
"""Algorithm letters of key blocks, with the lengths in bytes."""
ZONES_AND_FORMS = tuple((z, *form) for z in ZONES for form in KEY_FORMS if form[0] != "A" or z.keeps_aes)
"""Each zone with every key that can come into it."""


def named(value: object) -> str:
    """A parameter in the name of a test."""
    return value.name if isinstance(value, Zone) else str(value)
