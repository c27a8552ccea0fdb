"""XOF files: what is written is read, in any pieces; what is damaged, cut off or reordered is refused by its place."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from io import BufferedIOBase, BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso import xof
from switch.perso.terms import Attribute, CardValues, Content, KeyName, Refused
from switch.perso.xof import XofHead, XofReader, XofWriter

HEAD = XofHead("970499", "2026-0001", "DEBIT", "01", 3, "2026-01-31T12:00:00Z")
KEYS = {
    each: KeyName(f"DKEP-{each.label.upper()}", each.content, f"0A{number:04d}")
    for number, each in enumerate(Attribute)
}
MAC_KEY = KeyName("DKEP-MAC", Content.MACS, "00FFAA")
MAC = bytes(range(8))


def value(attribute: Attribute, number: int) -> bytes:
    return bytes([number]) * (8 if not attribute.chained else 8 * (number % 5 + 2))


CARDS = [
    CardValues(n, {each: value(each, n * 7 + m) for m, each in enumerate(Attribute) if (n + m) % 4}) for n in (1, 2, 3)
]


def written(cards: list[CardValues], head: XofHead = HEAD) -> bytes:
    out = BytesIO()
    writer = XofWriter(out, head, KEYS, MAC_KEY)
    for card in cards:
        writer.card(card)
    writer.end(MAC)
    return out.getvalue()


class Dribble(BytesIO):
    """Gives few bytes at a time."""

    def __init__(self, content: bytes, count: int) -> None:
        super().__init__(content)
        self.count = count

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.count)


def read(content: bytes | BufferedIOBase) -> tuple[XofReader, list[CardValues]]:
    reader = XofReader(BytesIO(content) if isinstance(content, bytes) else content, "a.xof")
    return reader, list(reader)


WHOLE = written(CARDS)


@given(st.integers(1, len(WHOLE)))
def test_what_is_written_is_read(count: int) -> None:
    reader, cards = read(Dribble(WHOLE, count))
    assert (reader.head, cards) == (HEAD, CARDS)
    assert set(reader.keys.values()) == {*KEYS.values(), MAC_KEY}
    assert (reader.total.cards, reader.total.mac, reader.total.key) == (3, MAC, MAC_KEY)
    assert reader.total.digest == hashlib.sha256(WHOLE[: WHOLE.index(b"<total")]).digest()


def test_the_writer_tells_the_digest_that_the_reader_finds() -> None:
    out = BytesIO()
    writer = XofWriter(out, HEAD, KEYS, MAC_KEY)
    for card in CARDS:
        writer.card(card)
    digest = writer.digest
    writer.end(MAC)
    assert read(out.getvalue())[0].total.digest == digest


@given(st.integers(0, len(WHOLE) - 2))
def test_a_file_that_is_cut_off_is_refused(count: int) -> None:
    with pytest.raises(Refused):
        read(WHOLE[:count].rstrip())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ((b'<card sequence="2">', b'<card sequence="3">'), "record 1, field sequence: card 2 is missing"),
        ((b'cards="3" imported', b'cards="4" imported'), "3 cards are here, 4 were ordered, 3 are told"),
        ((b'kcv="0A0000">', b'kcv="0A0001">'), "record 1, field dkep: no such key"),
        ((b'name="holder" dkep="DKEP-HOLDER" kcv="0A0000">', b'name="holder" dkep="DKEP-PIN" kcv="0A0001">'), "type"),
        ((b'name="holder"', b'name="holdex"'), "record 1, field attribute: an attribute that is known, once"),
        ((b"<xof ", b"<!DOCTYPE xof []><xof "), "document type"),
        ((b"<dkep ", b"<card "), "card"),
        ((b"urn:zonekey:xof:1", b"urn:zonekey:xof:2"), "not expected here"),
        ((b"</card>", b"secret</card>"), "text where none"),
        ((b'mac="00', b'mac="0'), "field mac: expected 16 hexadecimal digits"),
        ((b"T12:00:00Z", b"T12:00:00"), "field imported"),
        ((b"070707", b"07G707"), "expected hexadecimal digits"),
    ],
)
def test_damage_is_refused_by_its_place(damage: tuple[bytes, bytes], told: str) -> None:
    assert damage[0] in WHOLE
    with pytest.raises(Refused, match=told):
        read(WHOLE.replace(*damage, 1))


def test_refusals_show_no_value() -> None:
    with pytest.raises(Refused) as refused:
        read(WHOLE.replace(b"0E0E0E0E", b"0E0E0E0G"))
    assert "0E0E" not in str(refused.value)


def test_the_schema_has_the_elements_and_attributes_of_the_reader() -> None:
    schema = ElementTree.parse(Path(__file__).parents[3] / "protocol-spec/perso/xof.xsd").getroot()  # noqa: S314  # our own file
    space = "{http://www.w3.org/2001/XMLSchema}"
    told = {
        element.get("name"): tuple(each.get("name") for each in element.iter(f"{space}attribute"))
        for element in schema.findall(f"{space}element")
    }
    assert told == dict(xof._FIELDS)
    names = next(each for each in schema.iter(f"{space}simpleType") if each.get("name") == "attributeName")
    assert {each.get("value") for each in names.iter(f"{space}enumeration")} == {each.label for each in Attribute}
