"""Thales key blocks captured from devices, opened with the published test keys.

Version 0: softwaregroup-bg/ut-codec-payshield test/config/test.js @4063d5b (payShield 9000; check values are the device's
own).  Version 1: metalcorpe/payshield-rest-api test/ciphertext.json @9fc713f (payShield 10K; the key is the plain text
published beside it).
"""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import Engine, cipher
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.keyblock import AuthenticationFailed
from hsm.crypto.parity import check_value, is_odd, with_odd, xor

TDES_LMK = bytes.fromhex("0123456789ABCDEF8080808080808080FEDCBA9876543210")
AES_LMK = bytes.fromhex("9B71333A13F9FAE72F9D0E2DAB4AD6784718012F9244033F3F26A2DE0C8AA11A")
COMPONENTS = (
    "0007252TBc1E0001C9ED3207A1A79BCA1CAB8C05FEC9429E2232067D1F9E908F15E9DCA7",
    "0007252TBc2E000125276E9C8BC0FA0F70109274FAB9647EF89A189C019465182A345009",
)
FORMED = "0007252TB00E0001D4B4A265C5273F353729F153FC1C2ADA23DF2D94C76A5EF30466CBAB"


@pytest.mark.parametrize(
    ("block", "kcv"),
    [
        ("00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A", "2356F2"),
        (FORMED, "2AE082"),
    ],
)
def test_blocks_of_a_payshield_9000(engine: Engine, block: str, kcv: str) -> None:
    header, key = BlockProtector(TDES_LMK, "0").unwrap(block)
    assert header.last == "01"
    assert is_odd(key)
    assert check_value(cipher(key)).hex()[:6].upper() == kcv


def test_components_of_a_payshield_9000_form_its_key() -> None:
    protector = BlockProtector(TDES_LMK, "0")
    (one, first), (two, second) = (protector.unwrap(block) for block in COMPONENTS)
    assert (one.key_version, two.key_version) == ("c1", "c2")
    formed = protector.unwrap(FORMED)[1]
    assert with_odd(xor(first, second)) == formed


def test_a_block_of_a_payshield_10k(engine: Engine) -> None:
    block = (
        "1012822AN00S000153767C37E3DD24D17D98C9EB003C8BDAAEAABD6D4E62C1288358E24E910A49D1A75B157B813DA690"
        "3BDC1A5B9EA57FA0D01F4A0E2F9544E5"
    )
    header, key = BlockProtector(AES_LMK, "1").unwrap(block)
    assert (header.usage, header.algorithm, header.exportability, header.last) == ("22", "A", "S", "01")
    assert key.hex() == "1313131331313131131313133131313113131313313131311313131331313131"
    with pytest.raises(AuthenticationFailed):
        BlockProtector(bytes(32), "1").unwrap(block)
