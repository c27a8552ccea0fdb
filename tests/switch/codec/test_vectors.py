"""Published messages decode to what was published, and encode to the same bytes."""

from __future__ import annotations

import pytest
from support.messages import Published, other, published

from switch.codec.codec import Codec, codec
from switch.codec.message import Message, MessageError, Parts, Value
from switch.codec.nested import BerTlv, Tagged
from switch.codec.specfile import load

MESSAGES = published()
CUT = published("cut short")


def flat(speaking: Codec, message: Message, number: int) -> str:
    """A value as the publisher wrote it down."""
    value = message.fields[number]
    element = speaking.spec.elements[number]
    choice = element.choice(message.mti)
    written: Value = choice.write(value) if choice else value
    if isinstance(written, bytes):
        return written.decode("ascii")
    return f"{written:0{element.size}d}" if isinstance(written, int) else str(written)


@pytest.mark.parametrize("case", MESSAGES, ids=lambda case: case.id)
def test_a_published_message_is_read_and_written_again(case: Published) -> None:
    speaking = Codec(load(case.spec))
    for attempt in ("by the walk", "by a plan"):
        message = speaking.decode(case.wire)
        assert speaking.encode(message) == case.wire, attempt
        if "0" in case.expect:
            assert message.mti == case.expect["0"]
        if "fields" in case.expect:
            assert list(message.fields) == case.expect["fields"]
        for number in (int(key) for key in case.expect if key.isdecimal() and key != "0"):
            assert flat(speaking, message, number).rjust(4, "0") == case.expect[str(number)].rjust(4, "0")
    assert sum(key.isdecimal() for key in case.expect) >= 2


@pytest.mark.parametrize("case", MESSAGES, ids=lambda case: case.id)
def test_the_published_bitmap_is_the_one_written(case: Published) -> None:
    if "bitmap" in case.expect:
        spec = load(case.spec)
        bitmap = case.expect["bitmap"]
        begins = spec.header.bytes_count + (2 if spec.mti == "bcd" else 4)
        expected = bytes.fromhex(bitmap) if spec.bitmap == "binary" else bitmap.encode()
        message = codec(case.spec).decode(case.wire)
        assert codec(case.spec).encode(message)[begins : begins + len(expected)] == expected


@pytest.mark.parametrize("case", [c for c in MESSAGES if c.spec == "base24"], ids=lambda case: case.id)
def test_headers_are_read_as_published(case: Published) -> None:
    message = codec("base24").decode(case.wire)
    parts = load("base24").header.read(message.header)
    assert message.header.decode() == case.expect["header"]
    assert len(message.trailer) == case.expect.get("trailing", 0)
    for name, value in case.expect.get("header_parts", {}).items():
        assert parts[name] == value.encode()


def test_tpdu_and_header_of_a_terminal() -> None:
    case = next(each for each in MESSAGES if each.id == "upi-pos-0800-signon")
    message = codec("pos").decode(case.wire)
    assert message.header.hex() == case.expect["tpdu"] + case.expect["header"]
    assert message.fields[60] == Parts({"type": "00", "batch": "000001", "code": "003"})


@pytest.mark.parametrize(("case", "stops"), list(zip(CUT, ("DE 56", "DE 35"), strict=True)), ids=lambda case: str(case))
def test_a_message_cut_short_names_the_element(case: Published, stops: str) -> None:
    speaking = codec(case.spec)
    opening = speaking.opening(case.wire)
    assert (opening.mti, list(opening.numbers)) == (case.expect["0"], case.expect["fields"])
    found: dict[str, Value] = {}
    spans = speaking.spans(case.wire, opening)
    with pytest.raises(MessageError) as caught:
        found.update(
            (str(number), f"{value:012d}" if isinstance(value, int) else value) for number, value, _, _ in spans
        )
    assert caught.value.field == stops
    assert {key: found[key] for key in case.expect if key.isdecimal() and key != "0"} == {
        key: value for key, value in case.expect.items() if key.isdecimal() and key != "0"
    }


def test_icc_objects_as_published() -> None:
    case = other("moov-tlv-de55")
    content = bytes.fromhex(case["wire"])
    read = BerTlv().read(content)
    assert {tag: value.hex().upper() for tag, value in read.items() if isinstance(value, bytes)} == case["expect"]
    assert BerTlv().write(read) == content


def test_the_bitmap_that_elavon_publishes() -> None:
    case = other("elavon-bitmap")
    wire = b"\x02\x00" + bytes.fromhex(case["wire"])
    assert list(codec("bcd").opening(wire).numbers) == case["expect"]["fields"]


def test_bitmaps_of_a_purchase_through_a_switch() -> None:
    """The log masks the PAN and leaves the track out: others stand for them.  The bitmap lacks what the switch adds."""
    case = other("napas-0200-0210-dump")["expect"]["request"]
    given = {int(key): value for key, value in case.items() if key.isdecimal() and key != "0"}
    given[2], given[4], given[35] = "9704180000000007647", int(given[4]), "9704180000000007647=31015200000"
    as_received = case["bitmap_as_received"]
    sent = {number: given[number] for number in sorted(given) if int(as_received, 16) >> (64 - number) & 1}
    wire = codec("napas").encode(Message(case["0"], sent))
    assert wire[4:20].decode() == as_received
    assert codec("napas").decode(wire).fields == sent
    assert sorted(set(given) - set(sent)) == [15, 33, 63]


def test_balances_of_that_purchase() -> None:
    case = other("napas-0200-0210-dump")["expect"]["response"]
    wire = codec("napas").encode(Message("0210", {39: case["39"], 54: Parts({})}))
    wire = wire[:-3] + b"040" + case["54"].encode()
    amounts = codec("napas").decode(wire).fields[54]
    assert isinstance(amounts, Parts)
    assert [dict(group)["amount"] for group in amounts.values() if isinstance(group, Parts)] == [
        "044612991000",
        "044612991000",
    ]


def test_sub_elements_of_a_clearing_record() -> None:
    case = next(each for each in MESSAGES if each.id == "cardutil-ipm-1144")
    assert codec("ipm-ascii").decode(case.wire).fields[48] == Parts({"0001": "Y"})
    assert Tagged(4, 3).read("0001001Y") == Parts({"0001": "Y"})


def test_a_clearing_record_says_the_same_in_ebcdic() -> None:
    """The publisher has it in both; every character element is translated, the bitmap is not."""
    case = next(each for each in MESSAGES if each.id == "cardutil-ipm-1144")
    message = codec("ipm-ascii").decode(case.wire)
    in_ebcdic = codec("ipm").encode(message)
    text = case.wire[:4] + case.wire[20:]
    assert in_ebcdic == text[:4].decode().encode("cp500") + case.wire[4:20] + text[4:].decode().encode("cp500")
    assert codec("ipm").decode(in_ebcdic) == message
