"""Keys and PIN blocks published under the test LMK, and short ways to more of them."""

from __future__ import annotations

from support.appliances import Speaker

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KEY_TYPES

ACCOUNT, OTHER = "550000025321", "550000025322"
PAN = "4550000025321" + "7"
TABLE, DATA = "0123456789012345", "5500000253N0"
TPK = "U8463435FC4B4DAA0C49025272C29B12C"
ZPK = "BAB32D775A38E4AB"
ZPK_2 = "U1EF828AA8F6B80EB83E19FBC373F3A85"
PVK, PVK_PAIR = "0406FBB23A5214DF", "X367930344805B1FAD6146EF4ED7502B3"
PVK_3 = "TAF9958474101D950930D1FC86F99447E10B3BADFAA10458E"
ZPK_BLOCK_1234 = "E98FFDA17099AF55"  # ThalesSim: PIN 1234, format 01, under ZPK
TPK_BLOCK_1234 = "6428EB94035AF53B"  # ThalesSim: the same under TPK
AES_KEY = bytes(range(16))


def kept(desk: Speaker, pin: str = "1234", account: str = ACCOUNT) -> str:
    width = desk.appliance.settings.encrypted_pin_length
    reply = desk(f"BA{pin.ljust(width, 'F')}{account}")
    assert reply[:4] == "BB00"
    return reply[4:]


def told(desk: Speaker, sealed: str, account: str = ACCOUNT) -> str:
    reply = desk(f"NG{account}{sealed}")
    assert reply[:4] == "NH00"
    return reply[4:-12].rstrip("F")


def block(desk: Speaker, pin: str, account: str = ACCOUNT, fmt: str = "01", key: str = ZPK) -> str:
    reply = desk(f"JG{key}{fmt}{account}{kept(desk, pin, account)}")
    assert reply[:4] == "JH00"
    return reply[4:]


def token(desk: Speaker, code: str, usage: str, mode: str = "N", lmk: str = "00", *, aes: bool = False) -> str:
    """A key of *usage* and *mode* in a block under the LMK *lmk*."""
    key = ClearKey(AES_KEY, Algorithm.AES) if aes else ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    attributes = BlockAttributes(usage, "A" if aes else "T", mode, "00", "N")
    return desk.appliance.lmks[lmk].wrap(key, KEY_TYPES[code], "S", attributes, desk.appliance.random.bytes)
