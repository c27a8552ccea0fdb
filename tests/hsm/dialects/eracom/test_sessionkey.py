"""Session keys: what comes out under a transport key opens to what comes out under the KM, by another implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des
from support.eracom import EracomSpeaker, make_eracom

from hsm.dialects.eracom.sessionkey import KeysMade
from hsm.keys.km import VariantScheme
from hsm.wire.codec import codec_of

KM = "22222222222222226666666666666666"
VARIANTS = {"00": 0x00, "01": 0x28, "02": 0x24}
KTM = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
KEY = "D32F5BFB02523BCDCDBFC43154409DBA"
BDK = "0123456789ABCDEFFEDCBA9876543210"

FLAGS = {0: ("00", 8), 1: ("01", 8), 2: ("02", 8), 4: ("00", 24), 5: ("01", 24), 6: ("02", 24), 8: ("00", 16),
         9: ("01", 16), 10: ("02", 16)}  # fmt: skip
FORMS = {(8, False): "10", (16, False): "11", (24, False): "12", (8, True): "10", (16, True): "13", (24, True): "14"}


def _asker() -> EracomSpeaker:
    ask = make_eracom()
    for place in ("05:1", "03:1", "04:1", "10:1"):
        ask.store(place, KTM)
    ask.store("05:2", BDK)
    ask.store("05:3", BDK[:16])
    ask.store("24:1", BDK)
    return ask


ASK = _asker()


def crypt(key: str, text: str, cbc: bool, *, opening: bool) -> str:
    """ECB, or CBC with a zero vector, by psec."""
    raw, content = bytes.fromhex(key), bytes.fromhex(text)
    if cbc:
        cipher = des.decrypt_tdes_cbc if opening else des.encrypt_tdes_cbc
        return cipher(raw, bytes(8), content).hex().upper()
    return (des.decrypt_tdes_ecb if opening else des.encrypt_tdes_ecb)(raw, content).hex().upper()


def varied(key: str, variant: int) -> str:
    return "".join(f"{byte ^ variant:02X}" for byte in bytes.fromhex(key))


def kvc(key: str) -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(key), bytes(8))[:3].hex().upper()


class Reader:
    """Takes a reply apart."""

    def __init__(self, reply: str) -> None:
        self.rest = reply

    def take(self, size: int) -> str:
        taken, self.rest = self.rest[: 2 * size], self.rest[2 * size :]
        return taken

    def counted(self) -> str:
        return self.take(int(self.take(1), 16))

    def key(self, code: str, size: int, cbc: bool) -> str:
        """A specifier and a check value: the clear key."""
        content = self.counted()
        assert content[:2] == FORMS[size, cbc]
        clear = crypt(varied(KM, VARIANTS[code]), content[2:], cbc, opening=True)
        assert all(byte.bit_count() % 2 for byte in bytes.fromhex(clear))
        assert self.take(3) == kvc(clear)
        return clear


def flags_of(bits: set[int], cbc: bool) -> str:
    return f"{sum(1 << bit for bit in bits) | cbc << 12:04X}"


some_flags = st.sets(st.sampled_from(sorted(FLAGS)), min_size=1)


@given(some_flags, st.booleans(), st.sampled_from(["EE0400", "EE0402"]))
def test_made_keys_open_under_both(bits: set[int], cbc: bool, code: str) -> None:
    reply = Reader(ASK(f"{code} 00 020001 {flags_of(bits, cbc)}"))
    assert reply.take(5) == f"{code}00{len(bits):02X}"
    for bit in sorted(bits):
        under = crypt(KTM, reply.counted(), cbc, opening=True)
        assert reply.key(*FLAGS[bit], cbc) == under
    assert reply.rest == ""


@given(some_flags, st.booleans())
def test_what_one_side_makes_the_other_takes_in(bits: set[int], cbc: bool) -> None:
    flags = flags_of(bits, cbc)
    made = Reader(ASK(f"EE0402 00 020001 {flags}")[10:])
    sent, kept = "", ""
    for bit in sorted(bits):
        cryptogram = made.counted()
        sent += f"{len(cryptogram) // 2:02X}" + cryptogram
        kept += made.take(1 + FLAGS[bit][1] + 1) + made.take(3)
    assert ASK(f"EE0403 00 020001 {flags} {sent}") == f"EE040300{len(bits):02X}" + kept


@given(some_flags, st.booleans(), st.sampled_from(["EE0401", "EE0404"]))
def test_successors_lie_under_present_keys(bits: set[int], cbc: bool, code: str) -> None:
    flags, order = flags_of(bits, cbc), sorted(bits)
    first = Reader(ASK(f"EE0400 00 020001 {flags_of(bits, False)}")[10:])
    present, clear = [], []
    for bit in order:
        first.counted()
        held = first.rest[: 2 * (2 + FLAGS[bit][1])]
        present.append(held)
        clear.append(first.key(*FLAGS[bit], False))
    reply = Reader(ASK(f"{code} 00 {flags} {' '.join(present)}"))
    assert reply.take(5) == f"{code}00{len(bits):02X}"
    pairs, kept = "", ""
    for bit, under, specifier in zip(order, clear, present, strict=True):
        cryptogram = reply.counted()
        pairs += specifier + f"{len(cryptogram) // 2:02X}" + cryptogram
        opened = crypt(under, cryptogram, cbc, opening=True)
        kept += reply.rest[: 2 * (2 + FLAGS[bit][1] + 3)]
        assert reply.key(*FLAGS[bit], cbc) == opened
    assert reply.rest == ""
    assert ASK(f"EE0405 00 {flags} {pairs}") == f"EE040500{len(bits):02X}" + kept


def test_a_ki_is_changed_by_type() -> None:
    reply = Reader(ASK("EE0402 00 05 0810 020001 0200")[10:])
    under = crypt(varied(KTM, 0x28), reply.counted(), False, opening=True)
    assert reply.key("01", 16, False) == under


def test_received_keys_are_made_odd() -> None:
    even = varied(KEY, 1)
    one, other = (ASK(f"EE0403 00 020001 0200 10 {crypt(KTM, key, False, opening=False)}") for key in (KEY, even))
    assert one == other
    assert one[-6:] == "95EDCA"


def test_a_variant_scheme_of_a_stored_kis() -> None:
    ask = make_eracom()
    ask.store("03:7", KTM, VariantScheme.AS2805)
    varied_ = "".join(f"{byte ^ (0x28, 0xC0)[at % 2]:02X}" for at, byte in enumerate(bytes.fromhex(KTM)))
    reply = Reader(ask("EE0402 00 020007 0200")[10:])
    under = crypt(varied_, reply.counted(), False, opening=True)
    assert reply.key("01", 16, False) == under


def test_the_layout_that_a_host_was_seen_to_take() -> None:
    """A reply in a public source of a client (com.fss.pos SafenetApi), whose KM and KTM are unknown."""
    seen = "011093E12C5044A7F12F27D96013390CCD3F1111AD3EE75F0348DD06A6BBE332A6B22B15D09329"
    codec = codec_of(KeysMade)
    reply = codec.parse(bytes.fromhex(seen).decode("latin-1"))
    assert codec.build(reply) == bytes.fromhex(seen)
    assert [each.cryptogram.hex().upper() for each in reply.keys] == ["93E12C5044A7F12F27D96013390CCD3F"]
    assert reply.keys[0].check_value == bytes.fromhex("D09329")


@pytest.mark.parametrize("cbc", [False, True])
def test_the_initial_key_is_that_of_ansi_x9_24(cbc: bool) -> None:
    """ANSI X9.24-1:2009 annex A.4: the initial key of BDK 0123…3210 and terminal FFFF9876543210E."""
    initial = "6AC292FAA1315B4D858AB3A3D7D5933A"
    for counter in ("E00000", "E00001", "FFFFFF"):
        serial = f"2020020001 FFFF9876543210{counter} 00".replace(" ", "")[2:]
        reply = ASK(f"EE040C 00 020001 0F {serial} {cbc:02X}")
        assert reply == f"EE040C00 10 {crypt(KTM, initial, cbc, opening=False)} {kvc(initial)}".replace(" ", "")


def test_a_terminal_pin_key_of_single_length() -> None:
    reply = ASK("41 01")
    assert (reply[:4], len(reply)) == ("4100", 4 + 32)
    under_ktm, under_km = reply[4:20], reply[20:]
    assert crypt(KTM, under_ktm, False, opening=True) == crypt(varied(KM, 0x28), under_km, False, opening=True)


PLAIN = f"10 {crypt(KTM, KEY, False, opening=False)}"


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        ("EE0400 01 020001 0200", "24"),
        ("EE0400 00 020001 02", "03"),
        ("EE0400 00 020001 0200 00", "03"),
        ("EE0400 00 020001 0000", "04"),
        ("EE0400 00 020001 1000", "04"),
        ("EE0400 00 020001 2200", "04"),  # TR-31
        ("EE0400 00 020001 3200", "04"),
        ("EE0400 00 020001 0008", "04"),
        ("EE0400 00 020001 0280", "04"),
        ("EE0400 00 020001 0A00", "04"),
        ("EE0400 00 020001 4200", "04"),
        ("EE0400 00 020009 0200", "0A"),
        ("EE0400 00 020000 0200", "05"),
        ("EE0400 00 02000A 0200", "22"),
        ("EE0400 00 020700 0200", "21"),
        ("EE0400 00 010011 0200", "20"),
        ("EE0400 00 05 0803 020001 0200", "19"),
        ("EE0401 00 0200", "03"),
        ("EE0401 00 0200 020001 020001", "03"),
        ("EE0401 00 0200 020009", "0A"),
        ("EE0401 00 0200 03", "20"),
        ("EE0401 00 0000", "04"),
        (f"EE0403 00 020001 0600 {PLAIN}", "03"),
        (f"EE0403 00 020009 0600 {PLAIN}", "03"),
        (f"EE0403 00 020009 0200 {PLAIN}", "0A"),
        (f"EE0403 00 020001 0020 {PLAIN}", "0C"),
        (f"EE0403 00 020001 0200 10 {crypt(KTM, '01' * 16, False, opening=False)}", "04"),
        ("EE0403 00 020001 0200 0F 00112233445566778899AABBCCDDEE", "28"),
        ("EE0403 00 020001 0200 19 00112233445566778899AABBCCDDEEFF001122334455667788", "03"),
        (f"EE0405 00 0200 020001 {PLAIN} 020001 {PLAIN}", "03"),
        (f"EE0405 00 0200 020700 {PLAIN}", "21"),
        (f"EE0405 00 0200 020009 {PLAIN}", "0A"),
        ("EE0405 00 0200 020001 00", "28"),
        ("EE040C 00 020001 020001 00", "23"),
        ("EE040C 00 020001 0F 20 020001 FFFF9876543210E00000 01 00", "22"),
        ("EE040C 00 020001 0F 20 020009 FFFF9876543210E00000 00 00", "0A"),
        ("EE040C 00 020001 0E 20 020001 FFFF9876543210E00000 00", "20"),
        ("EE040C 00 020001 0F 20 020001 FFFF9876543210E00000 00 02", "04"),
        ("41 09", "0A"),
        ("41 00", "05"),
        ("41 0A", "05"),
        ("41", "03"),
        ("41 0100", "03"),
        ("73 00 01", "04"),
        ("73 01 01 00112233445566", "03"),
        ("73 01 01 001122334455667788", "03"),
        ("73 01 09 0011223344556677", "0A"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    function = request_hex[: 6 if request_hex[:2] == "EE" else 2]
    assert ASK(request_hex) == function + code


def test_settings_of_keys_hold() -> None:
    ask = make_eracom({"allow-single-des": "no"})
    ask.store("05:1", KTM)
    assert ask("EE0400 00 020001 0002") == "EE040028"
    assert ask("41 01") == "4128"
    weak = make_eracom({"weaker-kek-allowed": "no"})
    weak.store("05:1", BDK)
    weak.store("24:1", BDK)
    weak.store("05:2", BDK[:16])
    assert weak("EE0400 00 020001 0020") == "EE040028"
    assert weak("EE0400 00 020001 0200")[:8] == "EE040000"
    assert weak("EE040C 00 020002 0F 20 020001 FFFF9876543210E00000 00 00") == "EE040C28"


def test_the_mac_under_a_ktm() -> None:
    """ANSI X9.19, by psec's ISO 9797-1 algorithm 3; ANSI X9.9 for a single-length KTM."""
    from psec import mac

    blocks = "00112233445566778899AABBCCDDEEFF"
    key, data = bytes.fromhex(BDK), bytes.fromhex(blocks)
    expected = mac.generate_retail_mac(key[:8], key[8:], data, 1, 4).hex().upper()
    assert ASK(f"73 02 02 {blocks}") == "7300" + expected
    single = mac.generate_cbc_mac(key[:8], data, 1, 4).hex().upper()
    assert ASK(f"73 02 03 {blocks}") == "7300" + single
