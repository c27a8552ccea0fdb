"""The LMKs that everybody knows: test sets that Thales publishes for hosts under development.

Sources: the variant set stands alike in two public emulators (nickntg/thalessimulatorlibrary, leachbj/hsm-emulator) and
deciphers more than sixty published keys; the key-block LMKs open published captures of payShield 9000 and 10K and
samples of EFTLab's tools.  Anything under these keys is as good as clear.
"""

from __future__ import annotations

from types import MappingProxyType

PUBLISHED_PAIRS = tuple(
    bytes.fromhex(pair)
    for pair in (
        "01010101010101017902CD1FD36EF8BA",  # 00-01
        "20202020202020203131313131313131",  # 02-03
        "40404040404040405151515151515151",  # 04-05
        "61616161616161617070707070707070",  # 06-07
        "80808080808080809191919191919191",  # 08-09
        "A1A1A1A1A1A1A1A1B0B0B0B0B0B0B0B0",  # 10-11
        "C1C1010101010101D0D0010101010101",  # 12-13
        "E0E0010101010101F1F1010101010101",  # 14-15
        "1C587F1C13924FEF0101010101010101",  # 16-17
        "01010101010101010101010101010101",  # 18-19
        "02020202020202020404040404040404",  # 20-21
        "07070707070707071010101010101010",  # 22-23
        "13131313131313131515151515151515",  # 24-25
        "16161616161616161919191919191919",  # 26-27
        "1A1A1A1A1A1A1A1A1C1C1C1C1C1C1C1C",  # 28-29
        "23232323232323232525252525252525",  # 30-31
        "26262626262626262929292929292929",  # 32-33
        "2A2A2A2A2A2A2A2A2C2C2C2C2C2C2C2C",  # 34-35
        "2F2F2F2F2F2F2F2F3131313131313131",  # 36-37
        "01010101010101010101010101010101",  # 38-39
    )
)
PUBLISHED_CHECK_VALUE = "2686040000000000"
"""As practitioners quote it for the variant set; a recorded property, not a computation."""

PUBLISHED_3DES_BLOCK = bytes.fromhex("0123456789ABCDEF8080808080808080FEDCBA9876543210")
PUBLISHED_AES_BLOCK = bytes.fromhex("9B71333A13F9FAE72F9D0E2DAB4AD6784718012F9244033F3F26A2DE0C8AA11A")

PUBLISHED_KMS = MappingProxyType(
    {
        "test-2266": bytes.fromhex("22222222222222226666666666666666"),
        "test-33": bytes.fromhex("33333333333333333333333333333333"),
    }
)
"""Domain Master Keys of test devices, found by search from public traces of their clients: every cryptogram of known
content in those traces opens under one of them."""
