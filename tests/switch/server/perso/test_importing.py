"""Orders imported: what comes out is what the issuer put in, under other keys; what is wrong leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from psec import des, mac, pinblock, tr31
from pyemv import kd
from support.perso import KEYS, ORDER, PROFILE, SECRET, ZMK, Bureau, order, result, wish

from switch.perso.chain import START
from switch.perso.issuing import Draw, IssuerKeys, card_key, cardholders
from switch.perso.partfile import MARK_CARDS
from switch.perso.sealing import unpadded
from switch.perso.shelf import is_ours
from switch.perso.terms import Attribute, Content, HeldKey, Refused
from switch.perso.xof import XofReader

KM = bytes.fromhex("22222222222222226666666666666666")
WHOLE: dict[str, Any] = {"pins": True, "tracks": True, "icc_keys": True}
CARDS = 150
"""More than two batches."""


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path).prepare()


def taken(bureau: Bureau, content: bytes, name: str = "970499-2026-0001.order", audit: str = START) -> Path:
    """The XOF file of an order of that *content*."""
    path = bureau.folder / name
    path.write_bytes(content)
    return bureau.folder / result(bureau.importing.import_file(path, begun=lambda head: audit)).xof


def clear_key(bureau: Bureau, name: str) -> bytes:
    """A key of the books, opened by another implementation with the published KM."""
    held = bureau.books.key(name)
    assert held is not None
    return tr31.unwrap(KM, held.specifier[3:].decode())[1]


def opened(bureau: Bureau, attribute: Attribute, value: bytes) -> bytes:
    key = clear_key(bureau, f"DKEP-{attribute.label.upper()}")
    if not attribute.chained:
        return des.decrypt_tdes_ecb(key, value)
    return unpadded(des.decrypt_tdes_cbc(key, value[:8], value[8:]))


def test_every_attribute_comes_out_under_its_dkep(bureau: Bureau) -> None:
    path = taken(bureau, order(CARDS, **WHOLE))
    with path.open("rb") as source:
        reader = XofReader(source, path.name)
        cards = list(reader)
    holders = list(cardholders(wish(CARDS)))
    draw = Draw(SECRET, f"970499/{ORDER}")
    assert len(cards) == CARDS
    for card, holder in zip(cards, holders, strict=True):
        values = {each: opened(bureau, each, value) for each, value in card.values.items()}
        assert set(values) == set(Attribute)
        assert values[Attribute.HOLDER] == holder.content()
        draw.bytes(8)
        pin = draw.digits(4)
        assert pinblock.decode_pinblock_iso_0(values[Attribute.PIN], holder.pan) == pin
        discretionary = draw.digits(5)
        draw.bytes(8)
        assert values[Attribute.TRACKS].endswith(f"{holder.pan}=2912201{discretionary}".encode())
        draw.bytes(8)
        assert values[Attribute.APPLICATION][:2] == b"\x15\x01"
        draw.bytes(8)
        imks = [card_key(SECRET, "970499", role) for role in ("imk-ac", "imk-smi", "imk-smc")]
        derived = [kd.derive_icc_mk_a(imk, holder.pan, holder.sequence) for imk in imks]
        assert bytes(b & 0xFE for b in values[Attribute.ICC_KEYS]) == bytes(b & 0xFE for b in b"".join(derived))
        checks = b"".join(des.encrypt_tdes_ecb(key, bytes(8))[:3] for key in derived)
        assert values[Attribute.APPLICATION].endswith(b"\x90\x00\x09" + checks)
    key = clear_key(bureau, "DKEP-MAC")
    assert mac.generate_retail_mac(key[:8], key[8:], reader.total.digest, 1) == reader.total.mac
    assert (path.stat().st_mode & 0o777) == 0o600


def test_the_orders_mac_is_that_of_another_implementation() -> None:
    key, digest = KEYS.clear[Content.MACS], bytes(range(32))
    assert KEYS.mac(digest) == mac.generate_retail_mac(key[:8], key[8:], digest, 1)


def test_nothing_clear_goes_to_the_hsm_or_comes_back_but_the_holder(bureau: Bureau) -> None:
    taken(bureau, order(3, **WHOLE))
    assert set(bureau.pool.asked) <= {
        "EE0200", "EE0202", "EE0602", "EE0619", "EE0701", "EE0702", "EE0805", "EEF001", "EEF002",
    }  # fmt: skip


def secrets_of(bureau: Bureau, path: Path) -> list[bytes]:
    """Every key, PIN block, track and card key of the order in *path*, in the clear."""
    clear = [*KEYS.clear.values(), *(clear_key(bureau, held.named.name) for held in bureau.books.all_keys()), SECRET]
    with path.open("rb") as source:
        for card in XofReader(source, path.name):
            for attribute in (Attribute.PIN, Attribute.TRACKS, Attribute.ICC_KEYS):
                value = opened(bureau, attribute, card.values[attribute])
                clear += [part for part in value.split(b"\n") if len(part) >= 8]
    return clear


def test_no_secret_is_in_a_file_or_on_the_way_to_the_hsm(bureau: Bureau) -> None:
    path = taken(bureau, order(CARDS, **WHOLE))
    secrets = secrets_of(bureau, path)
    assert len(secrets) > 4 * CARDS - 20
    files = b"".join(each.read_bytes() for each in bureau.folder.iterdir())
    everything = files + b"|".join(bureau.pool.traffic)
    upper = everything.upper()
    assert [each for each in secrets if each in everything or each.hex().upper().encode() in upper] == []
    assert [each.pan for each in cardholders(wish(CARDS)) if each.pan.encode() in files] == []


@pytest.mark.parametrize("content", list(Content))
def test_an_issuers_key_only_deciphers_and_stays(bureau: Bureau, content: Content) -> None:
    held = bureau.books.key(KEYS.named(content).name)
    assert held is not None
    header, clear = tr31.unwrap(KM, held.specifier[3:].decode())
    assert (header.mode_of_use, header.exportability) == ("V" if content is Content.MACS else "D", "N")
    assert clear == KEYS.clear[content]


def test_a_wrong_check_value_is_refused(bureau: Bureau) -> None:
    with pytest.raises(ValueError, match="expected 000000"):
        result(bureau.hsm.received_key("X", Content.DATA, 1, KEYS.under(ZMK, Content.DATA), "000000"))


GOOD = order()
OTHER_KEYS = IssuerKeys.drawn(bytes(32), "970499", "01")
OTHER_VERSION = IssuerKeys.drawn(SECRET, "970499", "02")


def changed(pattern: bytes, by: bytes) -> bytes:
    damaged, count = re.subn(pattern, by, GOOD, count=1, flags=re.DOTALL)
    assert count == 1
    return damaged


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (order(keys=OTHER_KEYS), "970499-2026-0001.order: field mac: is not the MAC under 970499-01-TK-MAC"),
        (order(keys=OTHER_VERSION), "970499-2026-0001.order: head, field key version: no key 970499-02-TK-DATA"),
        (order(product="CREDIT"), "970499-2026-0001.order: head, field product: issuer 970499 has no product CREDIT"),
        (changed(b"CARD.1.", b"CARD|2|"), "970499-2026-0001.order: record 1, field sequence: expected card 1"),
        (
            changed(b"(CARD.2.*?\n)(CARD.3.*?\n)", rb"\2\1"),
            "970499-2026-0001.order: record 2, field sequence: expected card 2",
        ),
        (
            changed(b"CARD.5.*?\n", b""),
            "970499-2026-0001.order: record 4, field total: 4 cards are here, 5 were announced, 5 are told",
        ),
        (GOOD[:-1], "970499-2026-0001.order: record 5: the file is cut off"),
        (GOOD[: GOOD.index(b"CARD|4")], "970499-2026-0001.order: record 3: the file is cut off"),
        (GOOD + b"CARD|6\n", "970499-2026-0001.order: record 5, field total: nothing stands behind it"),
        (
            changed(b"pin=[0-9A-F]{16}", b"pin=00"),
            "970499-2026-0001.order: record 1, field pin: a PIN block is 8 bytes",
        ),
        (
            changed(b"holder=[0-9A-F]{4}", b"holder=QQQQ"),
            "970499-2026-0001.order: record 1, field holder: hexadecimal digits in pairs",
        ),
        (changed(b"holder=[0-9A-F]*.", b""), "970499-2026-0001.order: record 1, field holder: missing"),
        (
            changed(b"application=[0-9A-F]*\n", b"\n"),
            "970499-2026-0001.order: record 1, field attribute: one that is known, once",
        ),
        (
            changed(b".application=[0-9A-F]*\n", b"\n"),
            "970499-2026-0001.order: record 1, field application: missing; product DEBIT needs it",
        ),
        (changed(b"application=(..)(..)", rb"application=\2\1"), "970499-2026-0001.order: field mac"),
        (b"", "970499-2026-0001.order: head: the file is cut off"),
        (b"ORDER|2\n", "970499-2026-0001.order: head: the first line is ORDER"),
        (b"A" * 60_000, "970499-2026-0001.order: head: a line is too long"),
        ("ORDER|é\n".encode(), "970499-2026-0001.order: head: other than ASCII"),
    ],
)
def test_refused_by_file_record_and_field(bureau: Bureau, content: bytes, told: str) -> None:
    with pytest.raises(Refused) as refused:
        taken(bureau, content)
    assert str(refused.value).startswith(told)
    assert bureau.books.orders() == []
    assert {each.suffix for each in bureau.folder.iterdir()} <= {".db", ".order", ".db-wal", ".db-shm"}


def test_a_file_of_another_name_is_refused(bureau: Bureau) -> None:
    with pytest.raises(
        Refused, match=r"a\.order: head, field id: order 2026-0001 of issuer 970499 is called by these names"
    ):
        taken(bureau, GOOD, "a.order")


def test_an_order_is_imported_once(bureau: Bureau) -> None:
    taken(bureau, GOOD)
    with pytest.raises(
        Refused, match="head, field id: order 2026-0001 of issuer 970499 was imported 2026-01-31T12:30:00Z"
    ):
        taken(bureau, GOOD)


def test_a_card_is_ordered_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    holders = list(cardholders(wish(80)))
    monkeypatch.setattr("switch.perso.issuing.cardholders", lambda wish: iter([*holders, holders[3]]))
    with pytest.raises(Refused, match=r"record 81, field holder: this PAN and sequence number came before"):
        taken(bureau, order(81))
    assert list(bureau.folder.glob("*.xof")) + list(bureau.folder.glob("*.part")) == []


def test_a_pin_block_of_another_account_is_refused(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.perso.issuing.pin_block", lambda pin, holder: bytes.fromhex("FFFFFFFFFFFFFFFF"))
    with pytest.raises(Refused, match=r"record 1, field pin: the HSM refused: EE0602 was answered"):
        taken(bureau, order(2))


def test_a_file_that_changes_after_its_mac_was_verified_is_refused(bureau: Bureau) -> None:
    other = order(5, first=77)
    asked = bureau.hsm.is_mac

    async def swap(*args: object) -> bool:
        right = await asked(*args)  # type: ignore[arg-type]  # as it was called
        (bureau.folder / "970499-2026-0001.order").write_bytes(other)
        return right

    bureau.hsm.is_mac = swap  # type: ignore[method-assign, assignment]  # the moment between the two readings
    with pytest.raises(Refused, match="has changed since its MAC was verified"):
        taken(bureau, GOOD)
    assert list(bureau.folder.glob("*.xof")) == []


def test_a_product_whose_keys_do_not_resolve_is_refused(bureau: Bureau) -> None:
    for text, told in (
        (PROFILE.replace('"DKEP-PIN"', '"DKEP-PAN"'), "product DEBIT: field dkep.pin: no key DKEP-PAN"),
        (PROFILE.replace('"DKEP-MAC"', '"DKEP-XYZ"'), "product DEBIT: field mac: no key DKEP-XYZ"),
        (PROFILE.replace('"DKEP-PIN"', '"DKEP-MAC"'), "is a key of type 02, not 01"),
    ):
        bureau.books.put_product("970499", "DEBIT", text, "CARL")
        with pytest.raises(Refused, match=told):
            taken(bureau, GOOD)


def test_a_kill_between_the_file_and_the_books_is_made_good_by_the_next_attempt(bureau: Bureau) -> None:
    add = bureau.books.add_order

    def killed(order: object) -> None:
        raise KeyboardInterrupt

    bureau.books.add_order = killed  # type: ignore[method-assign]  # the moment of the kill
    with pytest.raises(KeyboardInterrupt):
        taken(bureau, GOOD)
    assert bureau.books.orders() == []
    bureau.books.add_order = add  # type: ignore[method-assign]  # as it was
    path = taken(bureau, GOOD)
    assert [each.cards for each in bureau.books.orders()] == [5]
    with path.open("rb") as source:
        assert len(list(XofReader(source, path.name))) == 5


class Killed(BaseException):
    """Nothing after it runs."""


def killed_at(bureau: Bureau, cards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of *cards* that is killed when so many PINs were moved."""
    move, left = bureau.hsm.translate_pins, MARK_CARDS + 200

    async def moved(source: HeldKey, destination: HeldKey, blocks: list[bytes], accounts: list[str]) -> object:
        nonlocal left
        left -= len(blocks)
        if left < 0:
            raise Killed
        return await move(source, destination, blocks, accounts)

    with monkeypatch.context() as patched:
        patched.setattr(bureau.hsm, "translate_pins", moved)
        with pytest.raises(Killed):
            taken(bureau, order(cards))
    assert [each.name for each in bureau.folder.glob("*.xof")] == []


GONE_ON = 700
"""Cards: more than two marks."""


def test_an_import_goes_on_where_it_was(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_at(bureau, GONE_ON, monkeypatch)
    bureau.pool.asked.clear()
    path = taken(bureau, order(GONE_ON))
    assert bureau.pool.asked.count("EE0602") == GONE_ON - MARK_CARDS
    assert [each.cards for each in bureau.books.orders()] == [GONE_ON]
    assert list(bureau.folder.glob("*.part")) + list(bureau.folder.glob("*.mark")) == []
    with path.open("rb") as source:
        assert [card.sequence for card in XofReader(source, path.name)] == list(range(1, GONE_ON + 1))


@pytest.mark.parametrize("what", ["order", "mac", "part", "product", "audit"])
def test_it_goes_on_with_nothing_else(bureau: Bureau, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """A part of another order or audit entry, with a mark not made by the HSM, changed with it, or under other keys."""
    killed_at(bureau, GONE_ON, monkeypatch)
    part, mark = (bureau.folder / f"970499-2026-0001.{name}" for name in ("part", "mark"))
    content = order(GONE_ON, first=7 if what == "order" else 1)
    told = json.loads(mark.read_text())
    if what == "mac":
        told["mac"] = "00" * 8
    elif what == "part":
        first, second, *rest = part.read_bytes().split(b"<card ")
        part.write_bytes(b"<card ".join([first, second.swapcase(), *rest]))
        told["digest"] = hashlib.sha256(part.read_bytes()[: told["bytes"]]).hexdigest()
    elif what == "product":
        bureau.books.add_keys([result(bureau.hsm.new_key("OTHER-PIN", Content.PINS))], ("ANNA", "BERT"))
        bureau.books.put_product("970499", "DEBIT", PROFILE.replace('"DKEP-PIN"', '"OTHER-PIN"'), "CARL")
    mark.write_text(json.dumps(told))
    bureau.pool.asked.clear()
    taken(bureau, content, audit="1" * 64 if what == "audit" else START)
    assert bureau.pool.asked.count("EE0602") == GONE_ON


def test_a_card_that_came_before_the_break_is_ordered_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    holders = list(cardholders(wish(GONE_ON)))
    monkeypatch.setattr("switch.perso.issuing.cardholders", lambda wish: iter([*holders[:-1], holders[3]]))
    killed_at(bureau, GONE_ON, monkeypatch)
    with pytest.raises(Refused, match=rf"record {GONE_ON}, field holder: this PAN and sequence number came before"):
        taken(bureau, order(GONE_ON))
    assert list(bureau.folder.glob("*.part")) + list(bureau.folder.glob("*.mark")) == []


def test_of_just_the_order_that_was_imported_it_is_told(bureau: Bureau) -> None:
    path = bureau.folder / "970499-2026-0001.order"
    taken(bureau, GOOD)
    assert bureau.importing.imported(path) == bureau.books.orders()[0]
    path.write_bytes(order(4))
    assert bureau.importing.imported(path) is None


def test_a_key_that_custodians_stored_of_components_is_bound(bureau: Bureau) -> None:
    clear = KEYS.clear[Content.KEYS]
    bureau.pool.speaker.store("35:7", clear.hex())
    named = KEYS.named(Content.KEYS)
    held = result(bureau.hsm.stored_key(named.name, Content.KEYS, 7, named.check_value))
    header, found = tr31.unwrap(KM, held.specifier[3:].decode())
    assert (found, header.mode_of_use, header.exportability, held.named) == (clear, "D", "N", named)
    with pytest.raises(ValueError, match=f"check value {named.check_value}, expected 123456"):
        result(bureau.hsm.stored_key(named.name, Content.KEYS, 7, "123456"))


def test_a_key_of_the_bureau_is_bound_to_the_hsm_and_a_shared_one_left_it_once(bureau: Bureau) -> None:
    bureau.pool.speaker.store("03:1", ZMK.hex())
    own = result(bureau.hsm.new_key("X", Content.KEYS))
    held, sent = result(bureau.hsm.sent_key("ITK-X", Content.KEYS, 1))
    header, clear = tr31.unwrap(KM, held.specifier[3:].decode())
    assert des.decrypt_tdes_ecb(ZMK, sent) == clear
    assert (header.exportability, tr31.unwrap(KM, own.specifier[3:].decode())[0].exportability) == ("N", "N")
    again = result(bureau.hsm.received_key("ITK-X", Content.KEYS, 1, sent, held.named.check_value))
    assert tr31.unwrap(KM, again.specifier[3:].decode())[0].mode_of_use == "D"


def test_two_imports_of_an_order_do_not_write_one_file(bureau: Bureau) -> None:
    part = bureau.folder / "970499-2026-0001.part"
    with part.open("wb") as other:
        assert is_ours(other.fileno())
        with pytest.raises(Refused, match="another process is importing it"):
            taken(bureau, GOOD)
    assert taken(bureau, GOOD).exists()
