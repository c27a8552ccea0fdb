"""Keys of the Eracom PIN tests, and PIN blocks, offsets and PVVs as psec makes them."""

from __future__ import annotations

from psec import des, pin, pinblock
from support.eracom import EracomSpeaker, make_eracom

PPK, PPK_2 = bytes.fromhex("11" * 16), bytes.fromhex("66" * 16)
PVK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KPVV = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
TABLE = "8351296477461538"
PAN = "4123456789012345"
ANB, TSP = PAN[-13:-1], PAN[-12:-1]
OTHER_PAN = "4123456789112340"
STORED = {
    "01:1": PPK.hex(),
    "01:22": PPK_2.hex(),
    "07:1": PVK.hex() + TABLE,
    "08:1": KPVV.hex(),
}
FIRST, SECOND = "020001", "020022"
"""Specifiers of the stored PPKs; the first is that of PVK and KPVV too."""


def pin_speaker(**settings: str) -> EracomSpeaker:
    """An appliance with these keys; *settings* with underscores."""
    return make_eracom({name.replace("_", "-"): value for name, value in settings.items()}, STORED)


def anb(pan: str) -> str:
    return pan[-13:-1]


def block(digits: str, pan: str = PAN, fmt: str = "01", key: bytes = PPK) -> str:
    """The PIN block in hexadecimal; *fmt* is the Eracom byte."""
    clear = {
        "01": lambda: pinblock.encode_pinblock_iso_0(digits, pan),
        "10": lambda: pinblock.encode_pinblock_iso_0(digits, pan),
        "12": lambda: pinblock.encode_pinblock_iso_2(digits),
        "13": lambda: pinblock.encode_pinblock_iso_3(digits, pan),
    }[fmt]()
    return bytes(des.encrypt_tdes_ecb(key, clear)).hex().upper()


def digits_in(text: str, pan: str = PAN, fmt: str = "01", key: bytes = PPK) -> str:
    """The PIN in a block that came from the appliance."""
    clear = des.decrypt_tdes_ecb(key, bytes.fromhex(text))
    if fmt == "12":
        return str(pinblock.decode_pinblock_iso_2(clear))
    if fmt == "13":
        return str(pinblock.decode_pinblock_iso_3(clear, pan))
    return str(pinblock.decode_pinblock_iso_0(clear, pan))


def offset(digits: str, pan: str = PAN) -> str:
    return str(pin.generate_ibm3624_offset(PVK, TABLE, digits, pan, 0, len(pan), "F"))


def pvv(digits: str, pan: str = PAN, index: str = "1") -> str:
    return str(pin.generate_visa_pvv(KPVV, index, digits[:4], pan))
