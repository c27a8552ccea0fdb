"""MACs against psec, in parts as in one piece, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import mac as psec_mac
from support.eracom import make_eracom, spec

KEY = "0123456789ABCDEFFEDCBA9876543210"
ASK = make_eracom(stored={"02:1": KEY, "02:2": KEY[:16], "02:3": KEY + KEY[:16]})
ZERO = "00" * 8
WHOLE = st.binary(min_size=1, max_size=9).map(lambda block: (block * 8)[: len(block) * 8])


def var(data: bytes | str) -> str:
    return spec(data if isinstance(data, str) else data.hex())


def by_psec(method: str, data: bytes, key: str = KEY) -> str:
    padding = 2 if method[0] == "1" else 1
    secret = bytes.fromhex(key)
    if method[1] == "0":
        return psec_mac.generate_retail_mac(secret[:8], secret[8:], data, padding).hex().upper()
    return psec_mac.generate_cbc_mac(secret, data, padding).hex().upper()


@pytest.mark.parametrize("method", ["00", "01", "10", "11"])
@given(st.binary(min_size=1, max_size=200), st.integers(4, 8))
def test_agrees_with_psec(method: str, data: bytes, kept: int) -> None:
    mac = by_psec(method, data)[: 2 * kept]
    assert ASK(f"EE0701 00 {method} {kept:02X} {ZERO} 020001 {var(data)}") == f"EE070100{kept:02X}{mac}"
    assert ASK(f"EE0702 00 {method} {ZERO} 020001 {kept:02X}{mac} {var(data)}") == "EE070200"
    wrong = f"{int(mac, 16) ^ 1:0{2 * kept}X}"
    assert ASK(f"EE0702 00 {method} {ZERO} 020001 {kept:02X}{wrong} {var(data)}") == "EE070208"


@pytest.mark.parametrize("method", ["00", "01", "10", "11"])
@given(st.lists(WHOLE, max_size=4), st.binary(min_size=1, max_size=30))
def test_parts_make_the_whole(method: str, parts: list[bytes], last: bytes) -> None:
    running = ZERO
    for part in parts:
        running = ASK(f"EE0700 00 {method} {running} 020001 {var(part)}").removeprefix("EE070000")
    chained = ASK(f"EE0701 00 {method} 08 {running} 020001 {var(last)}")
    assert chained == "EE07010008" + by_psec(method, b"".join(parts) + last)
    assert ASK(f"EE0702 00 {method} {running} 020001 {chained[8:]} {var(last)}") == "EE070200"


def test_the_running_value_is_that_of_a_plain_cbc() -> None:
    """FIPS 113's example, by blocks: the whole cipher for 01, the first key for 00."""
    data = b"7654321 Now is the time for "[:24]
    single = psec_mac.generate_cbc_mac(bytes.fromhex(KEY[:16]), data, 1).hex().upper()
    double = psec_mac.generate_cbc_mac(bytes.fromhex(KEY), data, 1).hex().upper()
    assert ASK(f"EE0700 00 00 {ZERO} 020001 {var(data)}") == "EE070000" + single
    assert ASK(f"EE0700 00 01 {ZERO} 020001 {var(data)}") == "EE070000" + double


def test_keys_of_other_lengths() -> None:
    data = b"7654321 Now is the time for "
    assert ASK(f"EE0701 00 00 08 {ZERO} 020002 {var(data)}") == "EE07010008F1D30F6849312CA4"  # FIPS 113
    triple = psec_mac.generate_cbc_mac(bytes.fromhex(KEY + KEY[:16]), data, 1).hex().upper()
    assert ASK(f"EE0701 00 01 08 {ZERO} 020003 {var(data)}") == "EE07010008" + triple


@given(WHOLE)
def test_the_old_function(data: bytes) -> None:
    assert ASK(f"70 01 {data.hex()}") == "7000" + by_psec("00", data)[:8]


MESSAGE = "A1" * 8


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (f"EE0700 00 02 {ZERO} 020001 08{MESSAGE}", "04"),
        (f"EE0700 00 20 {ZERO} 020001 08{MESSAGE}", "04"),
        (f"EE0700 01 00 {ZERO} 020001 08{MESSAGE}", "24"),
        (f"EE0700 00 00 {ZERO} 020001 07{MESSAGE[2:]}", "03"),
        (f"EE0700 00 00 {ZERO} 020001 00", "03"),
        (f"EE0700 00 00 {ZERO} 020001 09{MESSAGE}", "03"),  # says more than there is
        (f"EE0700 00 00 {ZERO} 020001 08{MESSAGE}00", "03"),
        (f"EE0700 00 00 {ZERO} 020004 08{MESSAGE}", "0A"),
        (f"EE0700 00 00 {ZERO} 021504 08{MESSAGE}", "21"),
        (f"EE0701 00 00 03 {ZERO} 020001 08{MESSAGE}", "04"),
        (f"EE0701 00 00 09 {ZERO} 020001 08{MESSAGE}", "04"),
        (f"EE0701 00 00 08 {ZERO} 020001 00", "03"),
        (f"EE0701 00 10 08 {ZERO} 020001 00", "03"),
        (f"EE0702 00 00 {ZERO} 020001 00 08{MESSAGE}", "04"),
        (f"EE0702 00 00 {ZERO} 020001 03AAAAAA 08{MESSAGE}", "04"),
        (f"EE0702 00 00 {ZERO} 020001 09{MESSAGE}AA 08{MESSAGE}", "03"),
        (f"EE0702 00 00 {ZERO} 020001 04AAAAAAAA 00", "03"),
        (f"EE0702 00 00 {ZERO} 020001 04AAAAAAAA 08{MESSAGE}", "08"),
        (f"70 01 {MESSAGE}00", "03"),
        ("70 01", "03"),
        (f"70 00 {MESSAGE}", "05"),
        (f"70 0A {MESSAGE}", "05"),
        (f"70 09 {MESSAGE}", "0A"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    request_hex = request_hex.replace(" ", "")
    size = 2 if request_hex.startswith("70") else 6
    assert ASK(request_hex) == request_hex[:size] + code


def test_data_as_long_as_can_be_and_longer() -> None:
    longest = bytes(65_000)
    assert ASK(f"EE0700 00 01 {ZERO} 020001 {'C0FDE8' + longest.hex()}")[6:8] == "00"
    assert ASK(f"EE0700 00 01 {ZERO} 020001 {'C0FDF0' + bytes(65_008).hex()}") == "EE070003"


def test_a_key_in_a_block_does_its_algorithm_alone() -> None:
    ask = make_eracom()
    made = ask("EE0619 00 17 0102")[8:]
    assert ask(f"EE0701 00 00 08 {ZERO} {made} 08{MESSAGE}")[:8] == "EE070100"
    assert ask(f"EE0700 00 00 {ZERO} {made} 08{MESSAGE}")[:8] == "EE070000"
    assert ask(f"EE0701 00 01 08 {ZERO} {made} 08{MESSAGE}") == "EE070193"
