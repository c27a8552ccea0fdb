"""Plans and the walk give the same; whatever the bytes, a message that is written again as it came, or a MessageError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import Published, messages, published

from switch.codec import codec as module
from switch.codec.codec import Codec, codec
from switch.codec.message import Message, MessageError, Parts
from switch.codec.specfile import load, names, read

NAMES = names()
dialects = st.sampled_from(NAMES)
SIGN_ON = Message("0800", {7: "0607091818", 11: "000001", 70: "001"})


@given(dialects.flatmap(lambda name: st.tuples(st.just(name), messages(load(name)))))
def test_what_is_encoded_decodes_to_the_same(case: tuple[str, Message]) -> None:
    name, message = case
    speaking = Codec(load(name))
    wire = speaking.write(message)
    header = speaking.spec.header.counted(message.header, len(wire))
    expected = Message(message.mti, message.fields, header)
    assert speaking.walk(wire) == expected
    assert speaking.encode(message) == speaking.encode(expected) == wire
    assert speaking.decode(wire) == speaking.decode(wire) == expected


def agreed(name: str, wire: bytes) -> Message | None:
    """What *wire* is, when it's anything: by walk and by plan, and written again."""
    speaking = codec(name)
    try:
        message = speaking.walk(wire)
    except MessageError as error:
        told = error
    else:
        assert speaking.decode(wire) == message
        assert speaking.write(message) == speaking.encode(message) == wire
        return message
    assert told.offset is not None
    assert 0 <= told.offset <= len(wire)
    with pytest.raises(MessageError) as caught:
        speaking.decode(wire)
    assert str(caught.value) == str(told)
    return None


@given(dialects, st.binary(max_size=300))
def test_any_bytes(name: str, wire: bytes) -> None:
    agreed(name, wire)


@given(
    dialects.flatmap(lambda name: st.tuples(st.just(name), messages(load(name)))),
    st.lists(
        st.tuples(st.integers(0, 400), st.one_of(st.integers(0, 255), st.none(), st.binary(max_size=3))), max_size=3
    ),
)
def test_damaged_messages(case: tuple[str, Message], damage: list[tuple[int, int | bytes | None]]) -> None:
    name, message = case
    wire = codec(name).encode(message)
    for place, change in damage:
        at = place % (len(wire) + 1)
        if change is None:
            wire = wire[:at]
        elif isinstance(change, bytes):
            wire = wire[:at] + change + wire[at:]
        else:
            wire = wire[:at] + bytes((change,)) + wire[at + 1 :]
    agreed(name, wire)


FROM, TO = ("banknet", "napas", "base24", "bcd", "nibss", "base1"), ("banknet", "napas", "bcd")


@pytest.mark.parametrize("source", FROM)
@pytest.mark.parametrize("target", TO)
def test_a_message_passes_from_dialect_to_dialect(source: str, target: str) -> None:
    said = Message(
        "0200",
        {
            2: "9704110000000003", 3: "010000", 4: 5_000_000, 7: "0607091818", 11: "011583", 12: "111818", 13: "0607",
            18: "6011", 22: "0021" if source == "base1" else "021", 25: "00", 32: "970405",
            35: "9704110000000003=19042210000021608000", 37: "000000003347", 42: "000000000000001", 49: "704",
            52: bytes(range(8)),
        },
    )  # fmt: skip
    came = codec(source).decode(codec(source).encode(said))
    passed = came.changed(header=b"", fields={22: "021"})
    assert codec(target).decode(codec(target).encode(passed)).fields == {**said.fields, 22: "021"}


WRONG = [
    # (dialect, wire, element, offset)
    ("banknet", b"", "MTI", 0),
    ("banknet", b"02", "MTI", 0),
    ("banknet", b"0x00" + b"0" * 16, "MTI", 0),
    ("banknet", b"0800", "bitmap", 4),
    ("banknet", b"0800" + b"002000000000000g", "bitmap", 4),
    ("banknet", b"0800" + b"002000000000000a", "bitmap", 4),
    ("banknet", b"0800" + b"+020000000000000", "bitmap", 4),
    ("banknet", b"0800" + b"0_20000000000000", "bitmap", 4),
    ("banknet", b"0800" + b"8020000000000000", "bitmap", 20),
    ("banknet", b"0800" + b"8020000000000000" + b"0" * 16 + b"000001", "bitmap", 20),
    ("banknet", b"0800" + b"8000000000000000" + b"8000000000000000" + b"0", "DE 65", 36),
    ("banknet", b"0800" + b"0020000000000000" + b"00001", "DE 11", 20),
    ("banknet", b"0800" + b"0020000000000000" + b"0000x1", "DE 11", 24),
    ("banknet", "0800002000000000000000000²".encode("latin-1"), "DE 11", 25),
    ("banknet", b"0800" + b"0020000000000000" + b"0000011", "trailer", 26),
    ("banknet", b"0100" + b"4000000000000000" + b"20" + b"1" * 20, "DE 2", 20),
    ("banknet", b"0100" + b"4000000000000000" + b" 9" + b"1" * 9, "DE 2", 20),
    ("banknet", b"0100" + b"4000000000000000" + b"+9" + b"1" * 9, "DE 2", 20),
    ("banknet", b"0100" + b"4000000000000000" + b"\n9" + b"1" * 9, "DE 2", 20),
    ("banknet", b"0100" + b"4000000000000000" + b"0A" + b"1" * 9, "DE 2", 20),
    ("banknet", b"0100" + b"4000000000000000" + b"16" + b"1" * 9, "DE 2", 22),
    ("banknet", b"0100" + b"0000000000001000" + b"00112233445566ZZ", "DE 52", 34),
    ("banknet", b"0100" + b"0000000000001000" + b"00112233445566aa", "DE 52", 34),
    ("banknet", b"0100" + b"0000000000000200" + b"0049F26", "DE 55 9F26", 23),
    ("banknet", b"0100" + b"0000000000000200" + b"0069F2601", "DE 55 9F26", 23),
    ("banknet", b"0100" + b"0000000000000200" + b"0129A01009A0100", "DE 55 9A", 29),
    ("banknet", b"0100" + b"0000000000000400" + b"0190002704C04461299100", "DE 54 1 amount", 31),
    ("banknet", b"0100" + b"0000000000000400" + b"0200002704C04461299100x", "DE 54 1 amount", 31),
    ("banknet", b"0100" + b"0000000000000200" + b"0039A0", "DE 55", 20),
    ("bcd", bytes.fromhex("0100" + "4000000000000000" + "1612345678901234"), "DE 2", 11),
    ("bcd", bytes.fromhex("0100" + "4000000000000000" + "1A"), "DE 2", 10),
    ("bcd", bytes.fromhex("0100" + "0000040000000000" + "1021"), "DE 22", 10),
    ("bcd", bytes.fromhex("0100" + "0000040000000000" + "002A"), "DE 22", 11),
    ("bcd", bytes.fromhex("01F0" + "0000040000000000"), "MTI", 0),
    ("pos", bytes.fromhex("600000000060310031100101008000000000000000"), "DE 1", 13),
    ("base24", b"IS0006000010" + b"08000020000000000000000001", "header literal", 0),
    ("base1", bytes.fromhex("16010200280000000000000000000000000000000000") + bytes(19), "header", 3),
    ("ipm", "1144".encode("cp500") + bytes.fromhex("7000000000000000"), "bitmap", 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wire", "field", "offset"), WRONG)
def test_what_is_wrong_is_named(name: str, wire: bytes, field: str, offset: int) -> None:
    with pytest.raises(MessageError) as caught:
        codec(name).decode(wire)
    assert (caught.value.field, caught.value.offset) == (field, offset)
    assert agreed(name, wire) is None


UNSAYABLE = [
    (Message("080", {}), "MTI"),
    (Message("08²0", {}), "MTI"),
    (SIGN_ON.changed(fields={129: "1"}), "DE 129"),
    (SIGN_ON.changed(fields={1: "1"}), "DE 1"),
    (SIGN_ON.changed(fields={11: 1}), "DE 11"),
    (SIGN_ON.changed(fields={11: "00001"}), "DE 11"),
    (SIGN_ON.changed(fields={11: "0000001"}), "DE 11"),
    (SIGN_ON.changed(fields={11: "00000\x1f"}), "DE 11"),
    (SIGN_ON.changed(fields={2: "1" * 20}), "DE 2"),
    (SIGN_ON.changed(fields={4: "000000001000"}), "DE 4"),
    (SIGN_ON.changed(fields={4: -1}), "DE 4"),
    (SIGN_ON.changed(fields={4: 10**12}), "DE 4"),
    (SIGN_ON.changed(fields={52: "0011223344556677"}), "DE 52"),
    (SIGN_ON.changed(fields={52: bytes(7)}), "DE 52"),
    (SIGN_ON.changed(fields={55: Parts({"9F2": b""})}), "DE 55 9F2"),
    (SIGN_ON.changed(fields={55: Parts({"9F": b""})}), "DE 55"),
    (SIGN_ON.changed(fields={90: Parts({"mti": "0200"})}), "DE 90"),
    (SIGN_ON.changed(fields={90: "0" * 42}), "DE 90"),
    (SIGN_ON.changed(header=b"x"), "header"),
]


@pytest.mark.parametrize(("message", "field"), UNSAYABLE, ids=lambda case: repr(case))
def test_what_cannot_be_said_is_named(message: Message, field: str) -> None:
    speaking = Codec(load("banknet"))
    for _ in range(2):  # the second time there could be a plan
        with pytest.raises(MessageError) as caught:
            speaking.encode(message)
        assert caught.value.field.startswith(field)
        assert caught.value.offset is None


def test_a_value_that_does_not_suit_is_refused_by_a_plan_too() -> None:
    speaking = Codec(load("banknet"))
    sound = SIGN_ON.changed(fields={37: "A" * 12, 41: "B" * 8})
    speaking.encode(sound)
    with pytest.raises(MessageError, match="DE 37: expected 12 letters"):
        speaking.encode(sound.changed(fields={37: "A" * 11, 41: "B" * 9}))
    with pytest.raises(MessageError, match="DE 37: expected 12 letters"):
        speaking.encode(sound.changed(fields={37: "A" * 12 + "\x1f" + "B" * 8}))


def test_errors_tell_no_value() -> None:
    with pytest.raises(MessageError) as caught:
        codec("banknet").decode(b"0100" + b"4000000000000000" + b"16411111111111111x")
    assert "4111" not in str(caught.value)


def test_elements_come_in_the_order_of_the_bitmap_whatever_the_order_given() -> None:
    backwards = Message("0800", {number: SIGN_ON.fields[number] for number in (70, 11, 7)})
    for _ in range(2):
        assert codec("banknet").encode(backwards) == codec("banknet").encode(SIGN_ON)


def test_a_message_without_elements() -> None:
    for name in NAMES:
        agreed(name, codec(name).encode(Message("0800", {})))


def test_three_bitmaps() -> None:
    message = Message("0100", {3: "000000", 70: "301", 147: "000000001000"}, load("base1").header.default)
    wire = codec("base1").encode(message)
    assert wire[24:48].hex() == "a000000000000000" + "8400000000000000" + "0000200000000000"
    found = agreed("base1", wire)
    assert found is not None
    assert found.fields == message.fields
    assert int.from_bytes(found.header[3:5], "big") == len(wire)


@pytest.mark.parametrize("case", published(), ids=lambda case: case.id)
def test_what_was_met_once_needs_no_walk(case: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking = Codec(load(case.spec))
    message = speaking.decode(case.wire)
    speaking.encode(message)
    monkeypatch.delattr(Codec, "walk")
    monkeypatch.delattr(Codec, "write")
    assert speaking.decode(case.wire) == message
    assert speaking.encode(message) == case.wire


def test_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLANS_MAX", 2)
    speaking = Codec(load("banknet"))
    for number in (11, 37, 41, 42):
        message = Message("0800", {number: "1" * speaking.spec.elements[number].size})
        assert speaking.decode(speaking.encode(message)) == message
    assert len(speaking._reading) == len(speaking._writing) == 2


def test_digits_and_characters_of_different_codes_in_one_message() -> None:
    """No plan can read such a dialect; the walk does."""
    text = """
        title = "mixed"
        basis = "none"
        elements = "1987"
        [frame]
        length = "2 big"
        [coding]
        mti = "ascii"
        bitmap = "hex lower"
        digits = "ascii"
        text = "ebcdic"
        length = "ebcdic"
        binary = "hex lower"
        """
    speaking = Codec(read("mixed", text))
    message = Message("0200", {2: "4000001234562", 41: "TERMINAL", 52: bytes(range(8)), 70: "001"})
    wire = speaking.encode(message)
    assert wire.startswith(b"0200c0")
    assert b"4000001234562" in wire
    assert "TERMINAL".encode("cp500") in wire
    assert speaking.decode(wire) == speaking.decode(wire) == message
    assert speaking.encode(message) == wire


@pytest.mark.parametrize("case", published(), ids=lambda case: case.id)
def test_every_shorter_part_of_a_published_message_is_refused(case: Published) -> None:
    name, wire = case.spec, case.wire
    trailer = load(name).trailer_bytes_max
    whole = codec(name).decode(wire)
    for size in range(len(wire) - (trailer if whole.trailer else 0)):
        with pytest.raises(MessageError):
            codec(name).decode(wire[:size])
