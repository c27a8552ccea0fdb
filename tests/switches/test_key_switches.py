"""Switches that guard keys, data and commands, as pairs: the old estate's box does it, the hardened one refuses, and the
ordinary command next to it still works.  Numbers are those of the attack catalogue."""

from __future__ import annotations

import pytest
from support.appliances import make_speaker
from support.estate import Estate
from support.officers import two_officers
from support.playbook import Operator

from hsm.crypto.parity import with_odd
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.policy.position import Position

OK = ("00", "01")
WEAK = bytes.fromhex("0101010101010101FEFEFEFEFEFEFEFE")


def imported(estate: Estate, token: str, key_type: str = "001", scheme: str = "U", tail: str = "") -> str:
    return estate.code(f"A6{key_type}{estate.key(Usage.ZMK)}{token}{scheme}{tail}")


def exported(estate: Estate, usage: Usage, key_type: str, scheme: str, key_bytes: int = 16, tail: str = "") -> str:
    return estate.code(f"A8{key_type}{estate.key(Usage.ZMK)}{estate.key(usage, key_bytes)}{scheme}{tail}")


def test_s5_a_pvk_does_not_pass_for_a_terminal_key() -> None:
    """A12, the type cast: a PVK of the attacker's choice where a TMK is asked for."""
    for separated, code in (("no", "00"), ("yes", "10")):
        estate = Estate({"enforce-key-type-002-separation": separated})
        pvk, tpk, tmk = estate.key(Usage.PVK), estate.key(Usage.TPK), estate.key(Usage.TMK)
        tak = estate.key(Usage.TAK)
        for request in (f"AE{pvk}{tpk}", f"AG{pvk}{tak}", f"HC{pvk}", f"HA{pvk}"):
            assert estate.code(request) == code, request
        for request in (f"AE{tmk}{tpk}", f"AG{tmk}{tak}", f"HC{tmk}", f"HA{tmk}"):
            assert estate.code(request) == "00", request


@pytest.mark.parametrize("scheme", ["U", "X"])
def test_s6_a14_a_cryptogram_without_type_comes_in_as_anything(scheme: str) -> None:
    """A ZPK on the move, taken in once as what it is and once as a data key."""
    old, hardened = Estate(), Estate({"trusted-format-only": "yes"})
    zpk = old.clear(Usage.ZPK)
    token = old.travelling(zpk, scheme)
    for key_type in ("001", "00A"):
        assert imported(old, token, key_type) in OK
        assert imported(hardened, token, key_type) == "26"
    assert exported(old, Usage.ZPK, "001", "U") == "00"
    assert exported(hardened, Usage.ZPK, "001", "U") == "26"
    assert exported(hardened, Usage.ZPK, "001", "R") == "00"


def test_s6_a_block_says_what_its_key_is_for() -> None:
    hardened = Estate({"trusted-format-only": "yes"})
    zmk = hardened.key(Usage.ZMK)
    block = hardened.ask(f"A8001{zmk}{hardened.key(Usage.ZPK)}R")[4:-6]
    assert imported(hardened, block, "001") == "00"
    assert imported(hardened, block, "00A") == "A6"


@pytest.mark.parametrize("scheme", ["X", "Y"])
def test_s7_x917_on_the_border(scheme: str) -> None:
    """A17: halves that nothing binds together can be spliced."""
    old, hardened = Estate(), Estate({"x917-import": "no", "x917-export": "no"})
    key_bytes = 24 if scheme == "Y" else 16
    lmk_scheme = "T" if scheme == "Y" else "U"
    token = old.travelling(old.clear(Usage.ZPK, key_bytes), scheme)
    variant = old.travelling(old.clear(Usage.ZPK, key_bytes), lmk_scheme)
    assert imported(old, token, scheme=lmk_scheme) in ("00", "27")  # 27: a triple-length key under a double-length ZMK
    assert imported(hardened, token, scheme=lmk_scheme) == "26"
    assert imported(hardened, variant, scheme=lmk_scheme) == imported(old, variant, scheme=lmk_scheme)
    assert exported(hardened, Usage.ZPK, "001", scheme, key_bytes) == "26"


def test_a17_halves_can_not_be_spliced_under_u() -> None:
    estate = Estate()
    zpk, data = estate.key(Usage.ZPK), "0123456789ABCDEF"
    left, right = zpk[1:17], zpk[17:]
    for spliced in (right + left, left + left, right + right):
        assert estate.code(f"CC{zpk}U{spliced}12{data}0101400000123456") == "11"
    assert estate.code(f"CC{zpk}{zpk}12{estate.block('1234', '01')}0101400000123456") == "00"


def test_s8_single_des() -> None:
    old, hardened = Estate(), Estate({"allow-single-des": "no"})
    for request in ("A00001Z", "A00003Z", "A00008Z"):
        assert old.code(request) == "00"
        assert hardened.code(request) == "27"
        assert hardened.code(request.replace("Z", "U")) == "00"
    short, long = old.key(Usage.TAK, 8), old.key(Usage.TAK)
    for request, code in ((f"MA{short}ABCDEFGH", "27"), (f"MA{long}ABCDEFGH", "00")):
        assert old.code(request) == "00"
        assert hardened.code(request) == code
    assert imported(hardened, old.travelling(old.clear(Usage.ZPK, 8), "0"), scheme="Z") == "27"


def test_s8_a_single_des_key_in_disguise() -> None:
    """A17: equal halves, imported, used, or inside a key block."""
    half = with_odd(bytes.fromhex("0123456789ABCDEF"))
    for prevent, expected in (("no", OK), ("yes", ("75",))):
        estate = Estate({"prevent-single-des-masquerade": prevent})
        disguised = ClearKey(half + half)
        for scheme in ("U", "X"):
            assert imported(estate, estate.travelling(disguised, scheme)) in expected
        assert estate.code(f"MA{estate.holding(Usage.TAK, disguised)}ABCDEFGH") in expected
        assert imported(estate, estate.travelling(estate.clear(Usage.ZPK), "U")) == "00"


def test_s9_a10_components_that_cancel() -> None:
    """One component twice gives a key of zeros; twice among three, the third is the key."""
    for distinct, expected in (("no", "00"), ("yes", "15")):
        estate = Estate({"distinct-components": distinct})
        one, other = estate.key(Usage.ZPK), estate.key(Usage.ZPK, seed="other")
        assert estate.code(f"A42001U{one}{one}") in ("11", "15")
        assert estate.code(f"A43001U{one}{one}{other}") == expected
        assert estate.code(f"A42001U{one}{other}") == "00"
        assert Estate({"distinct-components": distinct}, authorise="").code(f"A42001U{one}{other}") == "17"
        assert estate.code(f"A41001U{one}") in ("03", "15")


def test_a10_no_key_is_formed_weak() -> None:
    estate = Estate()
    first = estate.clear(Usage.ZPK)
    second = ClearKey(bytes(a ^ b for a, b in zip(first.reveal(), WEAK, strict=True)))
    third = ClearKey(with_odd(bytes(16)))
    request = f"A43001U{estate.key(Usage.ZPK)}"
    # The second has even parity, as the exclusive or of two odd keys has: no honest component.
    assert estate.code(request + estate.holding(Usage.ZPK, second) + estate.holding(Usage.ZPK, third)) in ("10", "11")


@pytest.mark.parametrize("request_text", ["BU{pair}1{key}", "KA{key}{pair}", "GG{zmk}{zmk2}{zmk3}", "HC{tmk}"])
def test_s10_check_values(request_text: str) -> None:
    """A19: all 16 digits of a check value are a known pair of plain and cipher text."""
    found = {}
    for restricted in ("no", "yes"):
        estate = Estate({"restrict-kcv": restricted})
        zpk, zmks = estate.key(Usage.ZPK), [estate.key(Usage.ZMK, seed=n) for n in "123"]
        fields = {
            "pair": "01", "key": zpk, "tmk": estate.key(Usage.TMK),
            **dict(zip(("zmk", "zmk2", "zmk3"), zmks, strict=True)),
        }  # fmt: skip
        found[restricted] = estate.ask(request_text.format(**fields))
        assert found[restricted][2:4] == "00", found
    if request_text.startswith("HC"):
        return  # tells no check value
    full, short = found["no"], found["yes"]
    assert short == full[:-10] + "0000000000" or short == full
    assert short.endswith("0000000000") or len(full) < 20


def test_s15_what_data_keys_encipher() -> None:
    old, text, nothing = Estate(), Estate({"data-encryption": "ascii"}), Estate({"data-encryption": "none"})
    zek = old.key(Usage.ZEK)
    decipher, readable = f"M2001100A{zek}0010", f"M0002100A{zek}0008"
    sealed = old.ask(readable + "READABLE")[8:]
    pin_block = old.ask(f"M0001100A{zek}001004123FFFFFFFFFFE")[8:]
    assert old.code(decipher + pin_block) == "00"
    assert text.code(decipher + pin_block) in ("35", "77", "03", "04")
    assert text.code(f"M2001200A{zek}0010{sealed}") == "00"
    assert text.code(readable + "READABLE") == "00"
    assert nothing.code(readable + "READABLE") not in OK


def test_s17_atalla_variants_match_the_key_type() -> None:
    for match, code in (("no", "00"), ("yes", "15")):
        estate = Estate({"atalla-variant-match": match})
        assert exported(estate, Usage.ZPK, "001", "U", tail="3") == code
        assert exported(estate, Usage.ZPK, "001", "U", tail="1") == "00"
        assert exported(estate, Usage.ZPK, "001", "U") == "00"
    assert exported(Estate({"atalla-variants": "no"}), Usage.ZPK, "001", "U", tail="1") == "15"


@pytest.mark.parametrize(
    ("activity", "request_text"), [("export.001", "A8001{zmk}{zpk}U"), ("import.00A", "A600A{zmk}{moving}U")]
)
def test_s19_authorised_activities(activity: str, request_text: str) -> None:
    for granted, code in (("", "17"), ("all", "00"), (activity, "00"), ("generate.402", "17")):
        estate = Estate(authorise=granted)
        fields = {
            "zmk": estate.key(Usage.ZMK), "zpk": estate.key(Usage.ZPK),
            "moving": estate.travelling(estate.clear(Usage.ZEK), "U"),
        }  # fmt: skip
        assert estate.code(request_text.format(**fields)) == code, granted


def test_s22_activities_are_authorised_one_by_one() -> None:
    """A26: with the switch off, whoever gets one export authorised gets everything."""
    for many, imports in (("no", "00"), ("yes", "17")):
        settings = {"multiple-authorised-activities": many}
        operator = Operator(make_speaker(settings, authorise=""), Position.ONLINE)
        operator.types("A export.001", *two_officers(operator), "00")
        zmk = operator.speaker("A00000U")
        assert zmk[2:4] == imports
        assert operator.speaker("A00001U")[2:4] == "00"


def test_s20_commands_switched_off() -> None:
    """A32: also inside a chain."""
    estate = Estate({"enabled-commands": "NO,NK,N0"})
    assert estate.code("NC") == "68"
    assert estate.code("NO00") == "00"
    chained = estate.ask("NK0020002NC0004NO00")
    assert chained[2:4] == "00"
    assert "ND68" in chained
    assert "NP00" in chained
    assert Estate().code("NC") == "00"


def test_s20_the_lmk_of_the_port() -> None:
    old, tied = Estate(), Estate({"enforce-host-port-lmk": "yes"})
    assert old.ask("NC%00", port_lmk="00")[2:4] == tied.ask("NC%00", port_lmk="00")[2:4] == "00"
    assert old.ask("NC%01", port_lmk="00")[2:4] == "13"
    assert tied.ask("NC%01", port_lmk="00")[2:4] == "A2"
    assert tied.ask("NC%1", port_lmk="00")[2:4] == "15"


def test_s21_the_length_of_a_key_is_disguised() -> None:
    lengths = {}
    for disguise in ("no", "yes"):
        estate = Estate({"disguise-key-length": disguise}, lmk="test-3des-block")
        made = [estate.ask("A00001S#72T2N00E00"), estate.ask("A00001S#72T3N00E00")]
        assert [each[2:4] for each in made] == ["00", "00"]
        lengths[disguise] = {len(each) for each in made}
    assert len(lengths["no"]) == 2
    assert len(lengths["yes"]) == 1


def test_a15_no_key_leaves_under_a_weaker_one_or_when_it_may_not() -> None:
    estate = Estate({"weaker-kek-allowed": "no"})
    assert exported(estate, Usage.ZPK, "001", "T", 24) == "27"
    assert exported(Estate({"weaker-kek-allowed": "yes"}), Usage.ZPK, "001", "T", 24) == "00"
    block = Estate(lmk="test-aes-block")
    for exportability, code in (("E", "00"), ("N", "AA")):
        key = block.ask(f"A00001S#72T2N00{exportability}00")[4:-6]
        assert block.code(f"A8FFF{block.key(Usage.ZMK)}{key}R") == code
    sensitive = block.ask("A00001S#72T2N00N00")[4:-6]
    assert block.code(f"A8FFF{block.key(Usage.ZMK)}{sensitive}R&E") == "AA"


def test_a20_keys_of_an_old_lmk_need_one() -> None:
    estate = Estate()
    zpk = estate.key(Usage.ZPK)
    assert estate.code(f"BW011{zpk}") == "13"


@pytest.mark.parametrize("length", ["double", "variable"])
def test_s23_a33_a_stored_key_is_what_it_is(length: str) -> None:
    """User storage holds text; what a key there may be used for is decided when it is used."""
    estate = Estate({"user-storage-length": length})
    zpk, block = estate.key(Usage.ZPK), estate.block("1234", "01")
    stored = f"LAK00A0033{zpk}" if length == "variable" else f"LAK00A01{zpk[1:]}"
    index = "K00A" if length == "variable" else "UK00A"
    assert estate.code(stored) == "00"
    assert estate.code(f"CC{index}{zpk}12{block}0101400000123456") == "00"
    assert estate.code(f"CA{index}{zpk}12{block}0101400000123456") == "10"
    assert estate.code(f"CC{index[:-3]}FFF{zpk}12{block}0101400000123456") in ("12", "21")
    assert estate.code(f"CC{index[:-3]}00B{zpk}12{block}0101400000123456") == "12"
    with_letters = f"LAK00B0008{'not hex!'}" if length == "variable" else f"LAK00B01{'G' * 32}"
    assert estate.code(with_letters) == ("00" if length == "variable" else "15")
