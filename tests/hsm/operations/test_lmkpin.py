"""PINs under the LMK, against a plain transcription of decision 0003 with other cryptography."""

from __future__ import annotations

import contextlib

import pytest
from Crypto.Cipher import AES, DES3
from Crypto.Hash import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st
from support.appliances import make_speaker

from hsm.appliance import Hsm
from hsm.crypto import ff1
from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.keys.published import PUBLISHED_3DES_BLOCK, PUBLISHED_AES_BLOCK
from hsm.operations.lmkpin import open_pin, pin_to_new_lmk, reference_number, seal_pin
from hsm.refusal import LmkInvalid, LmkPinInvalid, PinLengthInvalid

ACCOUNT, OTHER = "550000025321", "550000025322"
LABEL = b"zonekey LMK PIN "
PAIR_02_03 = bytes.fromhex("20202020202020203131313131313131")
ACCOUNTS = st.text("0123456789", min_size=12, max_size=12)
PINS = st.text("0123456789", min_size=4, max_size=12)


def view(name: str = "test-variant", pin_chars: int = 5, old: str = "") -> Hsm:
    old_lmks = (f"00={old}",) if old else ()
    speaker = make_speaker({"encrypted-pin-length": str(pin_chars)}, (f"00={name}",), old_lmks=old_lmks)
    return speaker.appliance.view("00", speaker)


LONG = view(pin_chars=13)
AES_LMK = view("test-aes-block")


def des_mac(key: bytes, data: bytes) -> bytes:
    return CMAC.new(key, data, ciphermod=DES3).digest()


def aes_mac(key: bytes, data: bytes) -> bytes:
    return CMAC.new(key, data, ciphermod=AES).digest()


@pytest.mark.parametrize(
    ("name", "key"),
    [("test-variant", PAIR_02_03), ("test-3des-block", bytes(b ^ 0x50 for b in PUBLISHED_3DES_BLOCK))],
)
@pytest.mark.parametrize("pin", ["0000", "1234", "99999", "123456", "012345678901"])
def test_digits_are_as_decided(name: str, key: bytes, pin: str) -> None:
    derived = cipher(des_mac(key, b"\x01" + LABEL) + des_mac(key, b"\x02" + LABEL), Algorithm.AES)
    number = int(pin) + sum(10**shorter for shorter in range(4, len(pin)))
    expected = ff1.encrypt(derived, str(number).rjust(13, "0"), ACCOUNT.encode())
    assert seal_pin(view(name, 13), pin, ACCOUNT) == expected


@pytest.mark.parametrize("pin", ["0000", "123456789012"])
def test_blocks_are_as_decided(pin: str) -> None:
    root = PUBLISHED_AES_BLOCK
    key = b"".join(aes_mac(root, bytes([count]) + bytes.fromhex("80500000040100")) for count in (1, 2))
    field = bytes.fromhex(f"4{len(pin):X}{pin}".ljust(16, "A"))
    check = aes_mac(aes_mac(key, b"\x02" + LABEL), field + ACCOUNT.encode())[:8]
    block = AES.new(aes_mac(key, b"\x01" + LABEL), AES.MODE_ECB).encrypt(field + check)
    assert seal_pin(AES_LMK, pin, ACCOUNT) == "J" + block.hex().upper()


@given(pin=PINS, account=ACCOUNTS)
def test_what_was_sealed_opens(pin: str, account: str) -> None:
    for hsm in (LONG, AES_LMK):
        assert open_pin(hsm, seal_pin(hsm, pin, account), account) == pin


@given(pin=PINS, account=ACCOUNTS, other=ACCOUNTS)
def test_under_an_aes_lmk_another_account_never_opens(pin: str, account: str, other: str) -> None:
    if account != other:
        with pytest.raises(LmkPinInvalid):
            open_pin(AES_LMK, seal_pin(AES_LMK, pin, account), other)


@settings(max_examples=50)
@given(pin=PINS, account=ACCOUNTS, other=ACCOUNTS)
def test_under_a_des_lmk_another_account_gives_no_such_pin(pin: str, account: str, other: str) -> None:
    if account == other:
        return
    sealed = seal_pin(LONG, pin, account)
    with contextlib.suppress(LmkPinInvalid):
        assert open_pin(LONG, sealed, other) != pin


def test_every_text_is_one_pin_or_none() -> None:
    hsm = view()
    opened = set()
    refused = 0
    for number in range(0, 100_000, 97):
        try:
            opened.add(open_pin(hsm, f"{number:05d}", ACCOUNT))
        except LmkPinInvalid:
            refused += 1
    assert len(opened) + refused == len(range(0, 100_000, 97))
    assert 0.05 < len(opened) / (len(opened) + refused) < 0.2


@pytest.mark.parametrize("text", ["", "1234", "123456", "12A45", "\uff112345", "J" + "0" * 32])
def test_other_text_is_no_pin(text: str) -> None:
    with pytest.raises(LmkPinInvalid):
        open_pin(view(), text, ACCOUNT)


@pytest.mark.parametrize("text", ["", "01234", "J" + "0" * 32, "K" + "0" * 32])
def test_other_text_is_no_pin_under_an_aes_lmk(text: str) -> None:
    with pytest.raises(LmkPinInvalid):
        open_pin(AES_LMK, text, ACCOUNT)


@pytest.mark.parametrize("pin", ["123", "12345"])
def test_a_pin_of_another_length_is_not_kept(pin: str) -> None:
    with pytest.raises(PinLengthInvalid):
        seal_pin(view(), pin, ACCOUNT)


def test_old_text_opens_whatever_its_length() -> None:
    before = view("test-3des-block", 9)
    now = view("test-variant", 5, old="test-3des-block")
    assert open_pin(now, pin_to_new_lmk(now, seal_pin(before, "1234", ACCOUNT), ACCOUNT), ACCOUNT) == "1234"
    with pytest.raises(LmkInvalid):
        pin_to_new_lmk(view(), "01234", ACCOUNT)


def test_the_reference_number_shows_no_account() -> None:
    numbers = {reference_number(hsm, account) for hsm in (LONG, AES_LMK) for account in (ACCOUNT, OTHER)}
    assert len(numbers) == 4
    assert all(len(number) == 12 and number.isdigit() for number in numbers)
    assert not numbers & {ACCOUNT, OTHER}
