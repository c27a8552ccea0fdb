"""Chip cards against pyemv, and what is refused."""

from __future__ import annotations

import pyemv.ac
import pyemv.kd
import pyemv.sm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des
from support.eracom import make_eracom, spec

from hsm.crypto.emv import CardKeyOption, card_block
from hsm.crypto.parity import with_odd

IMK, SMI, SMC = "0123456789ABCDEFFEDCBA9876543210", "2315208C9110AD402315208C9110AD43", "11" * 8 + "AB" * 8
KTK = "89ABCDEF012345673223456789ABCDEF"
STORED = {"30:1": IMK, "31:1": SMI, "32:1": SMC, "34:1": SMI, "35:1": KTK, "35:2": KTK[:16], "30:2": IMK[:16]}
ASK = make_eracom(stored=STORED)
PAN = st.text("0123456789", min_size=14, max_size=19)
PSN = st.text("0123456789", min_size=2, max_size=2)
BYTES_2, BYTES_8, BYTES_16 = (st.binary(min_size=size, max_size=size) for size in (2, 8, 16))
CARD = "9901234567890145"
PADDED = st.integers(1, 12).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))
TREES = st.sampled_from([(8, 4), (16, 2)])


def master_key(imk: str = IMK, pan: str = "99012345678901", psn: str = "45") -> bytes:
    return pyemv.kd.derive_icc_mk_a(bytes.fromhex(imk), pan, psn)


@pytest.mark.parametrize(("kind", "imk"), [("01", IMK), ("02", SMI), ("03", SMC), ("04", SMI)])
@given(PAN, PSN, st.sampled_from(CardKeyOption))
def test_card_keys_for_personalisation(kind: str, imk: str, pan: str, psn: str, option: CardKeyOption) -> None:
    """The host makes the 16 digits: of PAN and number for option A, of their digest for option B."""
    derive = pyemv.kd.derive_icc_mk_a if option is CardKeyOption.A else pyemv.kd.derive_icc_mk_b
    key = with_odd(derive(bytes.fromhex(imk), pan, psn))
    under = des.encrypt_tdes_ecb(bytes.fromhex(KTK), key).hex().upper()
    kcv = des.encrypt_tdes_ecb(key, bytes(8))[:3].hex().upper()
    card = (pan + psn)[-16:] if option is CardKeyOption.A else card_block(pan, psn, option).hex()
    assert ASK(f"EE204A 00 020001 {kind} {card} 020001 00 01") == f"EE204A00{under}03{kcv}"


def request(action: str, key: str, data: bytes, ac: str, arpc_key: str, arc: str) -> str:
    return f"EE2018 00 {action} 020001 00 08{CARD} {key} 02 {spec(data.hex())} {ac} {arpc_key} 02 {spec(arc)}"


def wrong(block: str) -> str:
    return f"{int(block, 16) ^ 1:016X}"


@given(PADDED, BYTES_2, BYTES_2, st.binary(min_size=4, max_size=4))
def test_cryptograms_and_responses(data: bytes, atc: bytes, arc: bytes, number: bytes) -> None:
    """EMV common session keys have zeros where M/Chip has the unpredictable number."""
    for unpredictable in (bytes(4), number):
        session = pyemv.kd.derive_common_sk(master_key(), atc + bytes(2) + unpredictable)
        ac = pyemv.ac.generate_ac(session, data, pyemv.ac.PaddingType.VISA)
        by_counter = f"01 06 {atc.hex()}{unpredictable.hex()}"
        with_session = pyemv.ac.generate_arpc_1(session, ac, arc).hex().upper()
        with_master = pyemv.ac.generate_arpc_1(master_key(), ac, arc).hex().upper()
        asked = (data, ac.hex(), "00 00", arc.hex())
        assert ASK(request("01", by_counter, *asked)) == "EE201800"
        assert ASK(request("02", by_counter, *asked)) == "EE20180008" + with_master
        assert ASK(request("03", by_counter, *asked)) == "EE20180008" + with_master
        asked = (data, ac.hex(), by_counter, arc.hex())
        assert ASK(request("03", by_counter, *asked)) == "EE20180008" + with_session
        asked = (data, wrong(ac.hex()), by_counter, arc.hex())
        assert ASK(request("01", by_counter, *asked)) == "EE201808"
        assert ASK(request("03", by_counter, *asked)) == "EE201808"


@given(PADDED)
def test_a_cryptogram_under_the_card_key_itself(data: bytes) -> None:
    """Visa CVN 10."""
    ac = pyemv.ac.generate_ac(master_key(), data, pyemv.ac.PaddingType.VISA).hex()
    assert ASK(request("01", "00 00", data, ac, "00 00", "3030")) == "EE201800"


DATA, AC = bytes(8), "00" * 8


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (request("04", "00 00", DATA, AC, "00 00", "3030"), "04"),
        (request("01", "00 00", DATA, AC, "00 00", "3030").replace("00 08" + CARD, "01 08" + CARD), "04"),
        (request("01", "00 00", DATA, AC, "00 00", "3030").replace("08" + CARD, "07" + CARD[2:]), "04"),
        (request("01", "00 00", DATA, AC, "00 00", "3030").replace(CARD, CARD[:-1] + "F"), "04"),
        (request("01", "02 00", DATA, AC, "00 00", "3030"), "04"),
        (request("01", "00 01AA", DATA, AC, "00 00", "3030"), "04"),
        (request("01", "01 02AAAA", DATA, AC, "00 00", "3030"), "04"),
        (request("01", "00 00", DATA, AC, "00 00", "3030").replace("02 08" + AC, "01 08" + AC), "04"),
        (request("01", "00 00", DATA[:7], AC, "00 00", "3030"), "03"),
        (request("01", "00 00", b"", AC, "00 00", "3030"), "03"),
        (request("02", "00 00", DATA, AC, "00 00", "303030"), "04"),
        (request("02", "00 00", DATA, AC, "03 00", "3030"), "04"),
        (request("02", "00 00", DATA, AC, "00 00", "3030").replace("02 023030", "01 023030"), "04"),
        (request("02", "00 00", DATA, AC, "00 00", "3030") + "00", "03"),
        (request("02", "00 00", DATA, AC, "00 00", "3030").replace("020001", "020002"), "28"),
        (request("02", "00 00", DATA, AC, "00 00", "3030").replace("020001", "020003"), "0A"),
        (f"EE204A 00 020001 05 {CARD} 020001 00 01", "04"),
        (f"EE204A 00 020001 01 {CARD} 020001 01 01", "04"),
        (f"EE204A 00 020001 01 {CARD} 020001 00 02", "04"),
        (f"EE204A 00 020001 01 {CARD[:-1]}A 020001 00 01", "04"),
        (f"EE204A 00 020001 01 {CARD} 020003 00 01", "0A"),
        (f"EE204A 00 020002 01 {CARD} 020001 00 01", "28"),
        (f"EE204A 00 020001 01 {CARD} 020001 00", "03"),
        (f"EE204A 00 020001 01 {CARD} 05 08 30 020001 00 01", "19"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    assert ASK(request_hex) == request_hex[:6] + code


def test_a_card_key_does_not_leave_under_a_weaker_key() -> None:
    assert ASK(f"EE204A 00 020001 01 {CARD} 020002 00 01")[:8] == "EE204A00"
    ask = make_eracom({"weaker-kek-allowed": "no"}, STORED)
    assert ask(f"EE204A 00 020001 01 {CARD} 020002 00 01") == "EE204A28"


@given(st.binary(min_size=1, max_size=60), BYTES_16, TREES, BYTES_2, BYTES_8)
def test_emv2000(data: bytes, iv: bytes, tree: tuple[int, int], atc: bytes, mixed: bytes) -> None:
    height, branch = tree
    session = pyemv.kd.derive_emv2000_tree_sk(master_key(), atc, height, branch, iv)
    leaf = f"{CARD} {iv.hex()} {height:02X} {branch:02X} {atc.hex()}"
    ac = pyemv.ac.generate_ac(session, data, pyemv.ac.PaddingType.EMV).hex()
    assert ASK(f"EF2010 00 020001 {leaf} 08{ac} {spec(data.hex())}") == "EF201000"
    assert ASK(f"EF2010 00 020001 {leaf} 08{wrong(ac)} {spec(data.hex())}") == "EF201008"
    arpc = pyemv.ac.generate_arpc_1(session, mixed, bytes(2)).hex().upper()
    assert ASK(f"EF2012 00 020001 {leaf} {mixed.hex()}") == "EF201200" + arpc


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=40), st.integers(0, 40), BYTES_2, TREES)
def test_scripts(text: bytes, script: bytes, offset: int, atc: bytes, tree: tuple[int, int]) -> None:
    height, branch = tree
    offset = min(offset, len(script))
    leaf = f"{CARD} {'00' * 16} {height:02X} {branch:02X} {atc.hex()}"
    mac_key, cipher_key = (
        pyemv.kd.derive_emv2000_tree_sk(master_key(imk), atc, height, branch, bytes(16)) for imk in (SMI, SMC)
    )
    under = pyemv.sm.encrypt_command_data(cipher_key, text, pyemv.sm.EncryptionType.EMV)
    head = f"EF2013 00 %s 020001 020001 {leaf} 01"
    enciphered = spec(under.hex().upper())
    assert ASK(head % "01" + f"{spec(text.hex())} 0000 00") == "EF201300" + enciphered
    mac = pyemv.sm.generate_command_mac(mac_key, script[:offset] + under + script[offset:]).hex().upper()
    both = ASK(head % "03" + f"{spec(text.hex())} {offset:04X} {spec(script.hex())}")
    assert both == "EF201300" + enciphered + mac
    if script:
        mac = pyemv.sm.generate_command_mac(mac_key, script).hex().upper()
        assert ASK(head % "02" + f"00 0000 {spec(script.hex())}") == "EF20130000" + mac


def test_a_script_in_ecb() -> None:
    session = pyemv.kd.derive_emv2000_tree_sk(master_key(SMC), bytes(2), 8, 4, bytes(16))
    under = des.encrypt_tdes_ecb(session, b"\x24" * 8 + b"\x80" + bytes(7)).hex().upper()
    assert ASK(f"EF2013 00 01 020001 020001 {LEAF} 00 08{'24' * 8} 0000 00") == "EF201300" + "10" + under


LEAF = f"{CARD} {'00' * 16} 08 04 0000"
KEYS = "020001 020001"


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (f"EF2010 00 020001 {CARD} {'00' * 16} 08 02 0000 08{AC} 01AA", "04"),
        (f"EF2010 00 020001 {LEAF} 07{AC[2:]} 01AA", "04"),
        (f"EF2010 00 020001 {LEAF} 08{AC} 00", "03"),
        (f"EF2010 00 020001 {LEAF} 09{AC}00 01AA", "03"),
        (f"EF2010 00 020001 {LEAF.replace('9', 'F')} 08{AC} 01AA", "04"),
        (f"EF2010 00 020009 {LEAF} 08{AC} 01AA", "0A"),
        (f"EF2012 00 020001 {CARD} {'00' * 16} 10 04 0000 {AC}", "04"),
        (f"EF2012 00 020001 {LEAF} {AC}00", "03"),
        (f"EF2012 11 020001 {LEAF} {AC}", "24"),
        (f"EF2013 00 00 {KEYS} {LEAF} 01 01AA 0000 00", "04"),
        (f"EF2013 00 01 {KEYS} {LEAF} 02 01AA 0000 00", "04"),
        (f"EF2013 00 01 {KEYS} {LEAF} 01 01AA 0000 01BB", "0C"),
        (f"EF2013 00 01 {KEYS} {LEAF} 01 01AA 0001 00", "0C"),
        (f"EF2013 00 02 {KEYS} {LEAF} 01 01AA 0000 01BB", "0C"),
        (f"EF2013 00 01 {KEYS} {LEAF} 01 00 0000 00", "03"),
        (f"EF2013 00 02 {KEYS} {LEAF} 01 00 0000 00", "03"),
        (f"EF2013 00 03 {KEYS} {LEAF} 01 01AA 0002 01BB", "05"),
        (f"EF2013 00 03 {KEYS} {LEAF.replace(' 08 04', ' 08 08')} 01 01AA 0000 01BB", "04"),
        (f"EF2013 00 03 020001 020002 {LEAF} 01 01AA 0000 01BB", "0A"),
    ],
)
def test_emv2000_refused(request_hex: str, code: str) -> None:
    assert ASK(request_hex) == request_hex[:6] + code


@pytest.mark.parametrize("code", ["EF2011", "EE0710", "EE0711", "EE0806", "EE0808", "54", "55"])
def test_functions_whose_layout_is_not_public_are_unknown(code: str) -> None:
    assert ASK(code + "00" * 20) == code + "02"
