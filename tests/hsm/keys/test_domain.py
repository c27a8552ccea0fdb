"""Keys under a Domain Master Key, by what device traces show, and every form of key specifier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.parity import is_odd
from hsm.keys.domain import Domain, DomainRing, form_for, stored_key, usual_scheme
from hsm.keys.domaintypes import (
    BDK,
    DOMAIN_KEY_TYPES,
    DPK,
    IPEK,
    KCVV,
    KI,
    KIR,
    KIS,
    KMC,
    KTM,
    MPK,
    PIN_VARIANT,
    PPK,
    PVK,
    DomainKeyType,
)  # fmt: skip
from hsm.keys.km import KeyAndTable, Km, TransportKey, VariantScheme, check_value
from hsm.keys.published import PUBLISHED_KMS
from hsm.keys.ring import Rules
from hsm.keys.secret import ClearKey
from hsm.keys.specifier import parsed, stands_for_card_key
from hsm.refusal import (
    DecimalisationTableInvalid,
    DomainUnavailable,
    IndexInvalid,
    KeyBlockAuthenticationFailed,
    KeyBlockUsageInvalid,
    KeyLengthInvalid,
    KeyNotStored,
    KeySpecContentInvalid,
    KeySpecForbidden,
    KeySpecLengthInvalid,
    KeySpecUnsupported,
    KeyTypeInvalid,
    Refusal,
    VariantSchemeInvalid,
)

KM = Km(PUBLISHED_KMS["test-2266"], "test-2266")
TRACES = (
    (DPK, "0969B047265CD2D555296CE552878FFA", "5DC48CFE163DC49DD6DCEFB67CC16710"),
    (PPK, "4885D70183248097F9E4B640011EDECF", "D32F5BFB02523BCDCDBFC43154409DBA"),
    (KI, "8E4EF08465D83628DD807F5F88B2F181", "2558A7DC49864CDC6D19AB7CE520D34F"),
    (DPK, "8B73F4539F5E52D2673AF360D62D0B3C", "1C57045B13575D01139738613B2FDCCB"),
    (KI, "A065962B5D834771452F07D25A9D2609", "DAAD0404D6AD0E3DBA29AE3758FB1010"),
    (KTM, "38D6AB06AD859BCA1E828A84B04B0CD3", "5B6107EA3DC46D3D751FEA7F67B6A801"),
    (PPK, "CFA82E4FD596F91906946BBD0F141A4C", "4CD9BC5197F45116F25B5E545E9BB557"),
)
"""Type, cryptogram, key: device traces of a public client under this KM (protocol-spec/eracom/vectors)."""


def spec(content: str) -> str:
    """Hexadecimal without its count as a specifier."""
    raw = bytes.fromhex(content)
    count = bytes([len(raw)]) if len(raw) < 128 else (0x8000 | len(raw)).to_bytes(2, "big")
    return (count + raw).decode("latin-1")


def ring(stored: dict[tuple[str, int], str] | None = None, rules: Rules | None = None) -> DomainRing:
    keys = {
        place: stored_key(KM, bytes.fromhex(clear), DOMAIN_KEY_TYPES[place[0]])
        for place, clear in (stored or {}).items()
    }
    return DomainRing(Domain(KM, keys), rules or Rules())


def clear(key: ClearKey) -> str:
    return key.reveal().hex().upper()


@pytest.mark.parametrize(("row", "cryptogram", "key"), TRACES)
def test_keys_of_traces_open(row: DomainKeyType, cryptogram: str, key: str) -> None:
    assert clear(ring().key(spec("11" + cryptogram), row)) == key
    assert KM.wrap(ClearKey(bytes.fromhex(key)), row, 0x11, bytes) == bytes.fromhex("11" + cryptogram)


def test_the_pvk_of_a_trace_has_its_table_behind_it() -> None:
    held = ring().verification_key(spec("12DD818BECE2AC2B09DD818BECE2AC2B09CBA23E21D63C652D"))
    assert (clear(held.key), held.table) == ("01" * 16, "0123456789012345")


@pytest.mark.parametrize("exported", [
    (DPK, "38646678D71C887F19B02D14F620CD69", "5DC48CFE163DC49DD6DCEFB67CC16710", "6749AE"),
    (PPK, "5602CAB4197F4C1ECEF88A4DBB475017", "D32F5BFB02523BCDCDBFC43154409DBA", "95EDCA"),
])  # fmt: skip
def test_a_ki_is_varied_as_the_km_is(exported: tuple[DomainKeyType, str, str, str]) -> None:
    row, cryptogram, key, value = exported
    ki = ring().transport_key(spec("081011" + "11" + "8E4EF08465D83628DD807F5F88B2F181"), (KIS, KI))
    assert ki.scheme is VariantScheme.ERACOM
    assert ki.wrap(ClearKey(bytes.fromhex(key)), row, cbc=False).hex().upper() == cryptogram
    came = ki.unwrap(bytes.fromhex(cryptogram), row, cbc=False)
    assert isinstance(came, ClearKey)
    assert (clear(came), check_value(came).hex().upper()) == (key, value)


def test_every_type_has_a_variant_of_its_own_of_even_weight() -> None:
    variants = [row.variant for row in DOMAIN_KEY_TYPES.values()] + [PIN_VARIANT]
    assert len(set(variants)) == len(variants)
    assert [f"{each:02X}" for each in variants if each.bit_count() % 2 or each & 1] == []
    assert {row.code for row in DOMAIN_KEY_TYPES.values() if row.proven} == {"00", "01", "02", "05", "07", "10"}


def test_proven_variants_can_not_be_others() -> None:
    other = KM.with_variants({"03": 0x90, "10": 0x30})
    assert (other.variant_of(KIS), other.variant_of(KI)) == (0x90, 0x9C)


@given(st.sampled_from([8, 16, 24]).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
       st.sampled_from(sorted(DOMAIN_KEY_TYPES)), st.booleans())  # fmt: skip
def test_wrapped_keys_come_back(key: bytes, code: str, cbc: bool) -> None:
    row = DOMAIN_KEY_TYPES[code]
    form = form_for(ClearKey(key)) + (2 if cbc and len(key) > 8 else 0)
    if row is PVK:
        return
    again = ring().key(spec(KM.wrap(ClearKey(key), row, form, bytes).hex()), row)
    assert again.reveal() == key
    other = KIS if row is not KIS else KIR
    assert ring().key(spec(KM.wrap(ClearKey(key), row, form, bytes).hex()), other).reveal() != key


def test_cbc_differs_from_ecb_from_the_second_block_on() -> None:
    key = ClearKey(bytes(range(24)))
    ecb, cbc = KM.wrap(key, DPK, 0x12, bytes), KM.wrap(key, DPK, 0x14, bytes)
    assert ecb[1:9] == cbc[1:9]
    assert ecb[9:] != cbc[9:]


def test_a_tr31_block_under_the_km_says_its_type() -> None:
    made = KM.wrap(ClearKey(bytes.fromhex(TRACES[0][2])), PPK, 0x17, bytes)
    assert made[:7] == b"\x17\x00B0080"
    assert clear(ring().key(spec(made.hex()), PPK)) == TRACES[0][2]
    with pytest.raises(KeyBlockUsageInvalid):
        ring().key(spec(made.hex()), DPK)
    with pytest.raises(KeyBlockAuthenticationFailed):
        ring().key(spec((made[:-1] + (b"0" if made[-1:] != b"0" else b"1")).hex()), PPK)


STORED = {
    ("01", 7): "11" * 16,
    ("02", 7): "22" * 16,
    ("01", 1234): "44" * 24,
    ("07", 3): "01" * 16 + "0123456789012345",
}


@pytest.mark.parametrize("text", ["0007", "0107", "020007", "030007", "0801" + "020007"])
def test_stored_keys_stand_in_a_table_for_each_type(text: str) -> None:
    assert clear(ring(STORED).key(spec(text), PPK)) == "11" * 16
    if not text.startswith("08"):
        assert clear(ring(STORED).key(spec(text), MPK)) == "22" * 16


def test_large_indices() -> None:
    assert clear(ring(STORED).key(spec("021234"), PPK)) == "44" * 24
    assert clear(ring(STORED).key(spec("0304D2"), PPK)) == "44" * 24
    assert ring(STORED).verification_key(spec("0003")).table == "0123456789012345"


def test_dukpt_as_in_ansi_x9_24() -> None:
    bdk = "0123456789ABCDEFFEDCBA9876543210"
    held = ring({("24", 1): bdk})
    derived = spec("20" + "020001" + "FFFF9876543210E00001" + "00")
    assert clear(held.key(derived, IPEK)) == "6AC292FAA1315B4D858AB3A3D7D5933A"
    pin = bytes.fromhex("042666B49184CF5C68DE9628D0397B36")  # X9.24-1:2009 A.4: the PIN key of the first transaction
    assert held.key(derived, PPK).cipher.encrypt(bytes(8)) == ClearKey(pin).cipher.encrypt(bytes(8))


def test_card_and_session_keys() -> None:
    held = ring({("37", 1): "404142434445464748494A4B4C4D4E4F"})
    card = ClearKey(bytes.fromhex("404142434445464748494A4B4C4D4E4F")).cipher.encrypt(bytes(range(16)))
    key = held.key(spec("50" + "020001" + bytes(range(16)).hex() + "01"), DPK)
    assert [a ^ b for a, b in zip(key.reveal(), card, strict=True) if a ^ b not in (0, 1)] == []
    session = held.key(spec("51" + "020001" + bytes(range(16)).hex() + "01" + "0182" + "00" * 14 + "01"), DPK)
    assert is_odd(session.reveal())
    assert session.cipher.encrypt(bytes(8)) == ClearKey(
        key.cipher.encrypt_cbc(bytes.fromhex("0182" + "00" * 14), bytes(8))
    ).cipher.encrypt(bytes(8))


REFUSED: tuple[tuple[str, type[Refusal]], ...] = (
    ("", KeySpecLengthInvalid),
    ("00", KeySpecLengthInvalid), ("000000", KeySpecLengthInvalid), ("0207", KeySpecLengthInvalid),
    ("11" + "00" * 15, KeySpecLengthInvalid), ("10" + "00" * 9, KeySpecLengthInvalid),
    ("12" + "00" * 16, KeySpecLengthInvalid),
    ("000A", KeySpecContentInvalid), ("02123F", KeySpecContentInvalid),
    ("04", KeySpecUnsupported), ("15" + "00" * 20, KeySpecUnsupported), ("16", KeySpecUnsupported),
    ("18", KeySpecUnsupported), ("1A01", KeySpecUnsupported), ("1C", KeySpecUnsupported), ("81", KeySpecUnsupported),
    ("82", KeySpecUnsupported), ("90", KeySpecUnsupported), ("93", KeySpecUnsupported), ("FF", KeySpecUnsupported),
    ("0801", KeySpecLengthInvalid), ("0801020007FF", KeySpecLengthInvalid), ("08990200070", KeySpecContentInvalid),
    ("080C020007", KeySpecContentInvalid), ("0801" + "05" + "0801020007", KeySpecForbidden),
    ("1701" + "42" * 16, KeySpecContentInvalid), ("1700" + "FF" * 16, KeySpecContentInvalid),
    ("1700" + "42" * 15, KeySpecLengthInvalid),
    ("20" + "020001" + "00" * 10, KeySpecLengthInvalid), ("50" + "020001" + "00" * 17, KeySpecContentInvalid),
    ("51" + "020001" + "00" * 17, KeySpecLengthInvalid), ("80" + "0100", KeySpecLengthInvalid),
)  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_malformed(text: str, reason: type[Refusal]) -> None:
    with pytest.raises(reason):
        parsed(spec(text if len(text) % 2 == 0 else text[:-1]))


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        ("0000", PPK, IndexInvalid),
        ("0164", PPK, IndexInvalid),
        ("03FFFF", PPK, IndexInvalid),
        ("0008", PPK, KeyNotStored),
        ("0007", KCVV, KeyNotStored),
        ("0802020007", PPK, KeyTypeInvalid),
        ("80" + "03010001" + "03010001", PPK, KeySpecForbidden),
        ("20" + "020001" + "FFFF9876543210E00001" + "01", PPK, KeySpecContentInvalid),
        ("20" + "020001" + "FFFF9876543210E00001" + "00", KTM, KeySpecForbidden),
        ("50" + "020001" + "00" * 16 + "01", KTM, KeySpecForbidden),
    ],
)
def test_refused_in_place(text: str, row: DomainKeyType, reason: type[Refusal]) -> None:
    with pytest.raises(reason):
        ring(STORED | {("24", 1): "11" * 16}).key(spec(text), row)


def test_no_table_no_pvk() -> None:
    for text in ("10" + "00" * 8, "11" + KM.wrap(ClearKey(bytes(range(16))), PVK, 0x11, bytes)[1:].hex()):
        with pytest.raises(DecimalisationTableInvalid):
            ring().verification_key(spec(text))
    single = KeyAndTable(ClearKey(bytes.fromhex("0123456789ABCDEF")), "9876543210987654")
    again = ring().verification_key(spec(KM.wrap(single, PVK, 0x11, bytes).hex()))
    assert (clear(again.key), again.table) == ("0123456789ABCDEF", single.table)


def test_without_a_km_nothing_opens() -> None:
    with pytest.raises(DomainUnavailable):
        DomainRing(None, Rules()).key(spec("0007"), PPK)


def test_the_rules_hold_here_too() -> None:
    with pytest.raises(KeyLengthInvalid):
        ring(rules=Rules(forbid_single_des=True)).key(spec("10" + "00" * 8), DPK)


def test_schemes_of_transport_keys() -> None:
    """AS 2805.6.1 names the bytes; an Atalla variant n is 8n over the first byte of each part."""
    key = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    block = bytes(16)

    def under(scheme: VariantScheme, row: DomainKeyType) -> bytes:
        return TransportKey(key, scheme, KM).wrap(ClearKey(block), row, cbc=False)

    assert under(VariantScheme.NONE, PPK) == key.cipher.encrypt(block)
    varied = {
        (VariantScheme.AS2805, PPK): "29E36DA7A16BE52FD61C92585E941AD0",
        (VariantScheme.ATALLA, PPK): "0923456789ABCDEFF6DCBA9876543210",
        (VariantScheme.ERACOM, PPK): "290B6D4FA183E5C7D6F492B05E7C1A38",
    }
    for (scheme, row), other in varied.items():
        assert under(scheme, row) == ClearKey(bytes.fromhex(other)).cipher.encrypt(block)
    with pytest.raises(VariantSchemeInvalid):
        under(VariantScheme.AS2805, KTM)
    with pytest.raises(VariantSchemeInvalid):
        under(VariantScheme.ATALLA, IPEK)
    assert (usual_scheme(KI), usual_scheme(KIS), usual_scheme(KTM)) == (
        VariantScheme.ERACOM, VariantScheme.NONE, VariantScheme.NONE,
    )  # fmt: skip


def test_a_stored_transport_key_has_its_own_scheme() -> None:
    kept = stored_key(KM, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), KIR, VariantScheme.ATALLA)
    assert kept.check_value.hex().upper() == "08D7B4"  # training slides of the device
    held = DomainRing(Domain(KM, {}).storing(("04", 5), kept), Rules())
    assert held.transport_key(spec("0005"), (KIR,)).scheme is VariantScheme.ATALLA
    with pytest.raises(KeyNotStored):
        DomainRing(held.domain.without(("04", 5)), Rules()).transport_key(spec("0005"), (KIR,))


def test_a_km_shows_itself_by_check_value_alone() -> None:
    assert repr(KM) == "<KM test-2266>"
    assert KM.is_test
    assert not Km(bytes(range(16))).is_test
    assert KM.check_value == ClearKey(KM.material()).cipher.encrypt(bytes(8))[:3].hex().upper()
    with pytest.raises(ValueError, match="16 or 24"):
        Km(bytes(8))
    assert BDK.mode == KMC.mode == "X"


def test_a_key_and_which_of_several_types_it_is() -> None:
    made = ring({("05", 1): "2315208C9110AD402315208C9110AD43"})
    for text, row in (("\x03\x02\x00\x01", KTM), ("\x06\x08\x05\x03\x02\x00\x01", KTM)):
        assert made.key_and_type(text, (KTM, DPK))[1] is row
    assert made.key_and_type("\x06\x08\x05\x03\x02\x00\x01", (DPK, KTM))[1] is KTM
    with pytest.raises(KeyNotStored):
        made.key_and_type("\x03\x02\x00\x01", (DPK, KTM))
    with pytest.raises(KeyTypeInvalid):
        made.key_and_type("\x06\x08\x05\x03\x02\x00\x01", (DPK, PPK))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("\x50\x02\x00\x01" + 16 * "x" + "\x01", True),
        ("\x51\x02\x00\x01" + 2 * (16 * "x" + "\x01"), True),
        ("\x00\x01", False),
    ],
)
def test_which_specifiers_stand_for_card_keys(content: str, expected: bool) -> None:
    assert stands_for_card_key(chr(len(content)) + content) is expected
