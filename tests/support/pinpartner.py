"""PIN blocks, offsets, PVVs and card values as psec makes and reads them."""

from __future__ import annotations

from dataclasses import dataclass

from psec import des, pin, pinblock

TABLE = "0123456789012345"
VALIDATION = "54321098765N"


@dataclass(frozen=True)
class Card:
    """A card and its PIN."""

    pan: str
    pin: str

    @property
    def account(self) -> str:
        """The 12 right-most digits without check digit."""
        return self.pan[-13:-1]

    def named(self, block_format: str) -> str:
        """The account as a request has it that carries a block of this format."""
        return self.pan + ";" if block_format == "48" else self.account

    def block(self, key: bytes, block_format: str) -> str:
        """The PIN block under *key*, in hexadecimal."""
        if block_format == "48":
            return bytes(pinblock.encipher_pinblock_iso_4(key, self.pin, self.pan)).hex().upper()
        clear = {
            "01": lambda: pinblock.encode_pinblock_iso_0(self.pin, self.pan),
            "34": lambda: pinblock.encode_pinblock_iso_2(self.pin),
            "47": lambda: pinblock.encode_pinblock_iso_3(self.pin, self.pan),
        }[block_format]()
        return bytes(des.encrypt_tdes_ecb(key, clear)).hex().upper()

    def offset(self, pvk: bytes, digits: int = 0) -> str:
        """The IBM 3624 offset of the PIN, or of its first *digits*, filled up with F."""
        shown = self.pin[: digits or None]
        expanded = VALIDATION.replace("N", self.account[-5:])
        return str(pin.generate_ibm3624_offset(pvk, TABLE, shown, expanded, 0, 16, "F")).ljust(12, "F")

    def pvv(self, pvk: bytes, index: str = "1") -> str:
        """The Visa PVV of the PIN's first four digits."""
        return str(pin.generate_visa_pvv(pvk, index, self.pin[:4], self.pan))


def read(key: bytes, block: str, block_format: str, pan: str) -> str:
    """The PIN in a block that came from the appliance."""
    if block_format == "48":
        return str(pinblock.decipher_pinblock_iso_4(key, bytes.fromhex(block), pan))
    clear = des.decrypt_tdes_ecb(key, bytes.fromhex(block))
    if block_format == "34":
        return str(pinblock.decode_pinblock_iso_2(clear))
    decode = {"01": pinblock.decode_pinblock_iso_0, "47": pinblock.decode_pinblock_iso_3}[block_format]
    return str(decode(clear, pan))


def under_aes_or_des(block_format: str) -> str:
    """The algorithm of the key that a block of this format is under."""
    return "A" if block_format == "48" else "T"
