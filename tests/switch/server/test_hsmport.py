"""The switch's questions against an appliance that is a process, in either dialect; psec and pyemv are the witnesses.

Keys are known in the clear, since they are put under the published test master keys here (support.appliancekeys).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest
from psec import des, mac, pin, pinblock
from pyemv import ac, kd
from support.appliancekeys import DIALECTS, NAMES, TABLE, Eracom, Keys, Thales
from support.opened import opened
from support.partner import ZONES, des_key, lmk_block_3des
from support.switchport import AMPLE_SECONDS, Asking
from support.turning import turning

from hsm.client.process import ApplianceProcess
from switch import asking as q

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # psec's own imports
    from psec import cvv


PAN = "4999988887777016"
ACCOUNT_END = PAN[-6:-1]
PIN, OTHER_PIN = "1234", "4827"
CONTENT = b"0200 and what follows it"
TPK, ZPK, ZPK_2, PVK, CVK, ZAK, TAK, TMK = (
    des_key(name) for name in ("TPK", "ZPK", "ZPK 2", "PVK", "CVK", "ZAK", "TAK", "TMK")
)
IMK_AC = des_key("IMK-AC")
PVK_SINGLE = des_key("PVK single", 8)
SOURCES = {q.Holder.TERMINAL: (TPK, "TPK"), q.Holder.ZONE: (ZPK, "ZPK")}
ZONE = ZONES[0]
BLOCK_ZONE = next(zone for zone in ZONES if zone.lmk_id == "01")


def block_of(digits: str, key: bytes, account: str = PAN) -> bytes:
    """An enciphered block of format 0."""
    return bytes(des.encrypt_tdes_ecb(key, pinblock.encode_pinblock_iso_0(digits, account)))


REFUSED = q.NoAnswer(q.Cause.REFUSED, reason="InputInvalid")


class Unheard(q.Question[q.Verified]):
    """A question that no HSM knows."""


THALES_ONLY = pytest.mark.parametrize("keys", [Thales()], ids=["thales"], indirect=True)
ERACOM_ONLY = pytest.mark.parametrize("keys", [Eracom()], ids=["eracom"], indirect=True)


@pytest.fixture(scope="module", params=DIALECTS, ids=NAMES)
def keys(request: pytest.FixtureRequest) -> Keys:
    """How keys are kept, in the dialect of the appliance."""
    found: Keys = request.param
    return found


@pytest.fixture(scope="module")
def appliance(keys: Keys) -> Iterator[ApplianceProcess]:
    with ApplianceProcess(keys.options) as running:
        yield running


@pytest.fixture
def ask(appliance: ApplianceProcess, keys: Keys) -> Iterator[Asking]:
    with turning() as turned:
        asking = Asking(turned, keys.port(appliance), keys.wire)
        yield asking
        asking.close()


@pytest.mark.parametrize("holder", q.Holder)
def test_a_pin_goes_from_its_source_to_a_zone(ask: Asking, keys: Keys, holder: q.Holder) -> None:
    key, key_type = SOURCES[holder]
    question = q.TranslatePin(holder, keys.kept(key, key_type), keys.kept(ZPK_2, "ZPK"), block_of(PIN, key), PAN)
    translated = ask(question)
    assert isinstance(translated, q.PinBlock)
    clear = des.decrypt_tdes_ecb(ZPK_2, translated.block)
    assert pinblock.decode_pinblock_iso_0(clear, PAN) == PIN
    assert PAN not in repr(question)
    assert question.block.hex() not in repr(question)


def test_formats(ask: Asking, keys: Keys) -> None:
    source = bytes(des.encrypt_tdes_ecb(TPK, pinblock.encode_pinblock_iso_3(PIN, PAN)))
    translated = ask(
        q.TranslatePin(
            q.Holder.TERMINAL,
            keys.kept(TPK, "TPK"),
            keys.kept(ZPK, "ZPK"),
            source,
            PAN,
            q.PinFormat.ISO_3,
            q.PinFormat.ISO_0,
        )
    )
    assert translated == q.PinBlock(block_of(PIN, ZPK))


def test_a_wrong_key_is_told_by_its_reason(ask: Asking, keys: Keys) -> None:
    wrong = q.TranslatePin(q.Holder.ZONE, keys.kept(ZPK_2, "ZPK"), keys.kept(ZPK, "ZPK"), block_of(PIN, ZPK), PAN)
    refused = ask(wrong)
    assert isinstance(refused, q.NoAnswer)
    assert refused.cause is q.Cause.REFUSED
    told = {"thales": {("20", "PinBlockInvalid"), ("24", "PinLengthInvalid")}, "eracom": {("07", "PinBlockInvalid")}}
    assert (refused.code, refused.reason) in told[keys.name]


@pytest.mark.parametrize("holder", q.Holder)
def test_pins_are_verified_by_pvv_and_changed(ask: Asking, keys: Keys, holder: q.Holder) -> None:
    key, key_type = SOURCES[holder]
    token, pvk = keys.kept(key, key_type), keys.kept(PVK, "PVV")
    value = pin.generate_visa_pvv(PVK, "1", PIN, PAN)
    for digits, right in ((PIN, True), (OTHER_PIN, False)):
        assert ask(q.VerifyPinByPvv(holder, token, pvk, block_of(digits, key), PAN, "1", value)) == q.Verified(right)
    blocks = block_of(PIN, key), block_of(OTHER_PIN, key)
    changed = ask(q.ChangePin(holder, token, pvk, *blocks, PAN, "1", value))
    assert changed == q.NewPvv(pin.generate_visa_pvv(PVK, "1", OTHER_PIN, PAN))
    refused = ask(q.ChangePin(holder, token, pvk, blocks[1], blocks[0], PAN, "1", value))
    assert isinstance(refused, q.NoAnswer)
    assert refused.reason == "VerificationFailed"


@pytest.mark.parametrize("holder", q.Holder)
@pytest.mark.parametrize("pvk", [PVK_SINGLE, PVK], ids=["single", "double"])
def test_pins_are_verified_by_offset(ask: Asking, keys: Keys, holder: q.Holder, pvk: bytes) -> None:
    """With a PVK of double length the appliance says yes with an advice, which is a yes."""
    key, key_type = SOURCES[holder]
    validation = "12345678901N"
    seen = validation[:-1] + ACCOUNT_END
    offset = pin.generate_ibm3624_offset(pvk if len(pvk) == 16 else pvk * 2, TABLE, PIN, seen, 0, 16, "F")[:4]
    for digits, right in ((PIN, True), ("4321", False)):
        question = q.VerifyPinByOffset(
            holder,
            keys.kept(key, key_type),
            keys.kept(pvk, "PVK"),
            block_of(digits, key),
            PAN,
            4,
            keys.table,
            validation,
            offset,
        )
        assert ask(question) == q.Verified(right)


def test_card_values_are_verified(ask: Asking, keys: Keys) -> None:
    value = cvv.generate_cvv(CVK, PAN, "2712", "101")
    assert len(value) == 3
    wrong = f"{(int(value) + 1) % 1000:03}"
    for given, right in ((value, True), (wrong, False)):
        assert ask(q.VerifyCvv(keys.kept(CVK, "CVK"), given, PAN, "2712", "101")) == q.Verified(right)


@pytest.mark.parametrize("made_under", q.CryptogramKey)
def test_cryptograms_of_chips_are_verified_and_answered(ask: Asking, keys: Keys, made_under: q.CryptogramKey) -> None:
    """The appliance is authorised for diagnostics: what it tells of a wrong one must not be taken for a yes."""
    counter, data = b"\x00%", bytes(range(40))
    key = kd.derive_icc_mk_a(IMK_AC, PAN, "01")
    if made_under is q.CryptogramKey.COMMON_SESSION:
        key = kd.derive_common_sk(key, counter + bytes(6))
    right = ac.generate_ac(key, data, ac.PaddingType.VISA)
    about = q.VerifyArqc(keys.kept(IMK_AC, "IMK-AC"), made_under, PAN, "01", counter, data, right, b"00")
    assert ask(about) == q.CardVerified(True, ac.generate_arpc_1(key, right, b"00"))
    assert ask(replace(about, counter=b"\x00&", arqc=bytes(8))) == q.CardVerified(False)
    assert ask(replace(about, sequence="02")) == q.CardVerified(False)
    assert ask(replace(about, pan=PAN[1:13])) == REFUSED
    told = {"thales": q.NoAnswer(q.Cause.REFUSED, "10", "SourceKeyParity"), "eracom": q.CardVerified(False)}
    assert ask(replace(about, imk_ac=keys.kept(CVK, "CVK"))) == told[keys.name]


@pytest.mark.parametrize(("holder", "key", "key_type"), [(q.Holder.ZONE, ZAK, "ZAK"), (q.Holder.TERMINAL, TAK, "TAK")])
@pytest.mark.parametrize("count", [4, 8])
def test_macs(ask: Asking, keys: Keys, holder: q.Holder, key: bytes, key_type: str, count: int) -> None:
    expected = mac.generate_retail_mac(key[:8], key[8:], CONTENT, 1)[:count]
    token = keys.kept(key, key_type)
    assert ask(q.MakeMac(holder, token, CONTENT, count)) == q.MacValue(expected)
    assert ask(q.VerifyMac(holder, token, CONTENT, expected)) == q.Verified(True)
    assert ask(q.VerifyMac(holder, token, CONTENT + b"0", expected)) == q.Verified(False)


@pytest.mark.parametrize("purpose", q.Purpose)
def test_a_zone_key_is_made_and_imported_at_the_other_side(ask: Asking, keys: Keys, purpose: q.Purpose) -> None:
    zmk = keys.zmk(ZONE.zmk)
    made = ask(q.NewZoneKey(purpose, zmk))
    assert isinstance(made, q.MadeKey)
    key = opened(made.sent, ZONE.zmk)
    key_type = {q.Purpose.PIN: "ZPK", q.Purpose.MAC: "ZAK"}[purpose]
    assert keys.opened(made.under_lmk, key_type) == key
    assert made.check_value == des.generate_kcv(key, 3).hex().upper()
    assert ask(q.ImportZoneKey(purpose, zmk, made.sent)) == q.ReceivedKey(made.check_value, made.under_lmk)


@THALES_ONLY
@pytest.mark.parametrize("purpose", q.Purpose)
def test_zone_keys_in_key_blocks(ask: Asking, purpose: q.Purpose) -> None:
    made = ask(q.NewZoneKey(purpose, BLOCK_ZONE.token, q.KeyForm.TR_31))
    assert isinstance(made, q.MadeKey)
    header, key = BLOCK_ZONE.opened(made.sent)
    assert header.key_usage == {q.Purpose.PIN: "P0", q.Purpose.MAC: "M3"}[purpose]
    assert made.check_value == des.generate_kcv(key, 3).hex().upper()
    received = ask(q.ImportZoneKey(purpose, BLOCK_ZONE.token, made.sent))
    assert isinstance(received, q.ReceivedKey)
    assert received.check_value == made.check_value
    assert received.under_lmk.startswith("S")
    if purpose is q.Purpose.MAC:
        expected = mac.generate_retail_mac(key[:8], key[8:], CONTENT, 1)
        assert ask(q.MakeMac(q.Holder.ZONE, received.under_lmk, CONTENT)) == q.MacValue(expected)


def test_a_terminal_key_goes_under_the_terminals_master_key(ask: Asking, keys: Keys) -> None:
    made = ask(q.NewTerminalKey(keys.kept(TMK, "TMK")))
    assert isinstance(made, q.MadeKey)
    key = opened(made.sent, TMK)
    assert keys.opened(made.under_lmk, "TPK") == key
    assert made.check_value == des.generate_kcv(key, 3).hex().upper()


@THALES_ONLY
def test_a_terminal_key_goes_under_a_master_key_in_a_block(ask: Asking) -> None:
    in_block = ask(q.NewTerminalKey(lmk_block_3des("51TB00N0001", TMK)))
    assert isinstance(in_block, q.MadeKey)
    assert des.generate_kcv(opened(in_block.sent, TMK), 3).hex().upper() == in_block.check_value


def test_when_there_is_no_hsm(keys: Keys) -> None:
    with turning() as turned:
        asking = Asking(turned, 1, keys.wire)
        assert asking(q.NewTerminalKey(keys.kept(TMK, "TMK")), AMPLE_SECONDS) == q.NoAnswer(q.Cause.NOT_ASKED)
        asking.close()


@pytest.mark.parametrize(
    "sent", ["no key", "", "U" + "0" * 31, "U" + "0" * 32 + "U", "X" + "0" * 32 + ";", "\u2190" * 33]
)
def test_what_cannot_be_asked_reaches_no_hsm(ask: Asking, keys: Keys, sent: str) -> None:
    assert ask(q.NewTerminalKey(keys.kept(TMK, "TMK"))) != REFUSED
    before = ask.pool.figures().answered
    assert ask(q.ImportZoneKey(q.Purpose.PIN, keys.zmk(ZONE.zmk), sent)) == REFUSED
    assert ask(q.VerifyCvv(keys.kept(CVK, "CVK"), "123", PAN[:-1] + ";", "2712", "101")) == REFUSED
    for wrong in (
        q.TranslatePin(q.Holder.ZONE, sent, keys.kept(ZPK, "ZPK"), bytes(8), PAN),
        q.TranslatePin(q.Holder.ZONE, keys.kept(ZPK, "ZPK"), keys.kept(ZPK, "ZPK"), bytes(8), sent[:12]),
        q.TranslatePin(q.Holder.ZONE, keys.kept(ZPK, "ZPK"), keys.kept(ZPK, "ZPK"), bytes(7), PAN),
    ):
        assert ask(wrong) == REFUSED
    assert ask.pool.figures().answered == before
    with pytest.raises(TypeError):
        assert ask(Unheard())


@ERACOM_ONLY
def test_what_the_eracom_dialect_has_no_function_for_reaches_no_hsm(ask: Asking, keys: Keys) -> None:
    """The configuration names none of this (see test_switchfile); the port doesn't rely on it."""
    zmk, block = keys.zmk(ZONE.zmk), block_of(PIN, ZPK)
    for question in (
        q.NewZoneKey(q.Purpose.PIN, zmk, q.KeyForm.TR_31),
        q.NewTerminalKey(keys.kept(TMK, "TMK"), q.KeyForm.TR_31),
        q.VerifyPinByOffset(
            q.Holder.ZONE, keys.kept(ZPK, "ZPK"), keys.kept(PVK, "PVK"), block, PAN, 4, TABLE, "12345678901N", "1234"
        ),
    ):
        assert ask(question) == REFUSED
    assert ask.pool.figures().answered == 0


@ERACOM_ONLY
def test_the_old_pin_is_not_tried_when_the_new_one_is_none(ask: Asking, keys: Keys) -> None:
    own = keys.kept(ZPK, "ZPK"), keys.kept(PVK, "PVV")
    assert ask(q.ChangePin(q.Holder.ZONE, *own, block_of(PIN, ZPK), bytes(7), PAN, "1", "0000")) == REFUSED
    assert ask.pool.figures().answered == 0
