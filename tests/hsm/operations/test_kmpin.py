"""PINs under the KM against a second, plain transcription of the decision, with another TDES and CMAC."""

from __future__ import annotations

from Crypto.Cipher import DES3
from Crypto.Hash import CMAC
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import make_eracom

from hsm.keys.published import PUBLISHED_KMS
from hsm.operations import kmpin

LABEL = b"zonekey KM PIN  "
VIEW = make_eracom().appliance.view(None)


def mac(key: bytes, content: bytes) -> bytes:
    return CMAC.new(key, content, ciphermod=DES3).digest()


def xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(8, "big")


def transcribed(pin: str, account: str) -> bytes:
    km = bytes(byte ^ 0x84 for byte in PUBLISHED_KMS["test-2266"])
    fields, masks = (mac(km, bytes([n]) + LABEL) + mac(km, bytes([n + 1]) + LABEL) for n in (1, 3))
    mask = mac(masks, account.encode())
    field = bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))
    return xor(DES3.new(fields, DES3.MODE_ECB).encrypt(xor(field, mask)), mask)


@given(pin=st.text("0123456789", min_size=4, max_size=12), account=st.text("0123456789", min_size=12, max_size=12))
def test_as_the_decision_says(pin: str, account: str) -> None:
    sealed = kmpin.seal(VIEW, pin, account)
    assert sealed == transcribed(pin, account)
    assert kmpin.unseal(VIEW, sealed, account) == pin
