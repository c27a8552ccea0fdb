"""A message class rebuilt from JSON alone reads and writes the same bytes; every kind has its place everywhere.

construct, compiled from the exported data, is the second decoder: it shares no code with the codec that it judges.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any

import construct as c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm import refusal as r
from hsm.testing import strategy, values
from hsm.wire import kinds as k
from hsm.wire import packed as p
from hsm.wire import shapes as s
from hsm.wire.codec import codec_of
from hsm.wire.export import KINDS, ExportError, kind_data, message_class, message_data
from hsm.wire.kinds import Kind, Plain
from hsm.wire.message import Message
from hsm.wire.readers import reader, writer


class Mode(Enum):
    ONLY = "0"
    LAST = "3"


class Part(Message):
    number: Annotated[int, k.Number(2, 1, 12)]
    word: Annotated[str, k.Choice(("ON", "NO"))]


class Everything(Message):
    key: Annotated[str, s.Key("ZMK", untagged=k.Width("ZMK length", 32))]
    mode: Annotated[Mode, k.Code(Mode, wrong=r.ModeInvalid)]
    form: Annotated[str, k.Choice(("0", "1"))]
    digits: Annotated[str, k.Digits(k.Width("PIN length", 5))]
    account: Annotated[str, k.Account(12, wrong=r.AccountInvalid)]
    count: Annotated[int, k.Number(1, 0, 3)]
    size: Annotated[int, k.Number(3, 0, 0xFFF, base=16)]
    block: Annotated[bytes, k.Hex(8)]
    raw: Annotated[bytes, k.Binary(4)]
    value: Annotated[str, k.CardValue(3, may_be_absent=True)]
    clear: Annotated[str, k.ClearPin(12, 4)]
    counted: Annotated[bytes, s.Prefixed(2, 16, 80, included=4)]
    text: Annotated[str, s.Until(";", k.Text("A", 0, 9, without=";%"))]
    pan: Annotated[str, s.Until(";", k.Pan("N", 1, 19))]
    offset: Annotated[str, k.Padded(12, 4)]
    free: Annotated[str, k.Pattern("[GL]{2}", "2 of G and L")]
    either: Annotated[str, k.Either((k.Pattern("J[0-9]", "J and a digit"), k.HexDigits(k.Width("PIN length", 5))))]
    sizes: Annotated[bytes, s.Until(";", k.HexOf(sizes=(2, 4)))]
    under: Annotated[bytes, s.BlockUnder("key")]
    cases: Annotated[str, s.Cases(("form", "digits"), (("1", k.Digits(3)),), k.Account(12))]
    iv: Annotated[bytes | None, s.When("mode", (Mode.LAST,), k.Hex(8))]
    parts: Annotated[tuple[Part, ...], s.Repeated("count", s.Group(Part))]
    data: Annotated[bytes, s.Prefixed(4, 16, 200, ("form", "1"), binary=("form", ("0",)), hidden=True)]
    scheme: Annotated[str | None, s.Maybe(";", k.Text("L"))]
    more: Annotated[bytes | None, s.IfMore(s.Prefixed(2))]


class Led(Message):
    iv: Annotated[bytes | None, s.Ahead(4, 16)]
    data: Annotated[bytes, s.Prefixed(4, 16, 200)]


class Tail(Message):
    two: Annotated[tuple[str, ...], s.Repeated(2, k.Digits(3))]
    blocks: Annotated[bytes, s.Prefixed(k.Width("digits", 3), k.Width("base", 10), 200, unit=k.Width("unit", 16))]
    rest: Annotated[bytes, s.Rest(80, binary=False)]


class Octets(Message):
    modifier: Annotated[str, p.PackedChoice(("00", "01"), wrong=r.FunctionModifierInvalid)]
    source: Annotated[str, s.KeySpec("PPK", ("01",))]
    block: Annotated[bytes, k.Binary(8)]
    account: Annotated[str, p.Packed(12, wrong=r.DigitsInvalid)]
    flags: Annotated[str, p.Packed(4, "H")]
    value: Annotated[str, p.PackedPadded(4, 3, hidden=True)]
    many: Annotated[int, p.Whole(1, 0, 3)]
    large: Annotated[int, p.Whole(2, 0, 999)]
    length: Annotated[int, p.Whole(1, 4, 12, bcd=True)]
    blocks: Annotated[tuple[bytes, ...], s.Repeated("many", s.Variable(300))]
    rest: Annotated[tuple[str, ...], s.ToEnd(s.KeySpec("session keys"), 8)]


class ClearDigits(Message):
    length: Annotated[int, p.Whole(1, 4, 12)]
    digits: Annotated[bytes, s.MaybeCounted("length", 6, hidden=True)]
    account: Annotated[str, p.Packed(12)]
    key: Annotated[str, s.KeySpec("PPK", ("01",))]


MESSAGES = (Everything, Led, Tail, Octets, ClearDigits)
wholes: st.SearchStrategy[Message] = st.sampled_from(MESSAGES).flatmap(strategy)


def subclasses(cls: type) -> set[type]:
    direct: list[type] = cls.__subclasses__()
    return set(direct).union(*map(subclasses, direct))


ALL_KINDS = {cls for cls in subclasses(Kind) if cls.__module__.startswith("hsm.")} - {Plain, p.Fixed}


@pytest.mark.parametrize("consumer", [reader, writer, values])
def test_every_kind_has_a_case(consumer: Any) -> None:
    unknown = consumer.dispatch(Kind)
    assert [cls.__name__ for cls in ALL_KINDS if consumer.dispatch(cls) is unknown] == []


def test_every_kind_exports_and_has_an_oracle_and_stands_in_these_messages() -> None:
    assert set(KINDS.values()) == ALL_KINDS
    assert set(ORACLE) == set(KINDS)
    used: set[str] = set()

    def collect(data: object) -> None:
        if isinstance(data, dict):
            used.update(str(value) for name, value in data.items() if name == "kind")
            collect(list(data.values()))
        elif isinstance(data, list):
            for each in data:
                collect(each)

    collect([message_data(each) for each in MESSAGES])
    assert used == set(KINDS)


def test_a_kind_outside_the_set_does_not_export() -> None:
    class Foreign(Plain):
        @property
        def notation(self) -> str:
            return "?"

    with pytest.raises(TypeError, match="Foreign"):
        kind_data(Foreign())


@pytest.mark.parametrize("cls", [*MESSAGES, Part])
def test_data_to_class_and_back_is_the_same_data(cls: type[Message]) -> None:
    data = json.loads(json.dumps(message_data(cls)))
    assert json.dumps(message_data(message_class(data))) == json.dumps(data)


@given(wholes)
def test_a_class_rebuilt_from_json_reads_and_writes_the_same(message: Message) -> None:
    foreign = REBUILT[type(message)]
    wire = codec_of(type(message)).build(message)
    again = codec_of(foreign).parse(wire.decode("latin-1"))
    assert codec_of(foreign).build(again) == wire
    assert repr(again).partition("(")[2] == repr(message).partition("(")[2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data["fields"][3]["type"].update(notation="6 N"),
        lambda data: data["fields"][3]["type"].update(kind="octal"),
        lambda data: data["fields"][4]["type"].update(wrong="Whatever"),
        lambda data: data["fields"][4].pop("type"),
        lambda data: data["fields"][4]["type"].update(colour="blue"),
    ],
)
def test_data_that_contradicts_itself_is_refused(damage: Any) -> None:
    data = message_data(Everything)
    damage(data)
    with pytest.raises(ExportError, match=r"Everything|digits"):
        message_class(data)


# The second decoder: data -> construct. Field values stay raw bytes; what is compared is where each field stands. --------


def _width(value: Any) -> int:
    return value["default"] if isinstance(value, dict) else int(value)


def _key(d: dict[str, Any]) -> Any:
    digits = _width(d.get("untagged", 16))
    forms = {b"U": 33, b"X": 33, b"T": 49, b"Y": 49}

    def length(ctx: Any) -> int:
        head: bytes = ctx._peeked
        if head[:1] == b"K" or head[1:2] == b"K":
            return 4 + (head[:1] != b"K")
        return 1 + int(head[2:6]) if head[:1] in (b"S", b"R") else forms.get(head[:1], digits)

    peeked = "_peeked" / c.Peek(c.Bytes(6))
    return c.FocusedSeq("it", peeked, "it" / c.Bytes(length))


def _text(d: dict[str, Any]) -> Any:
    """As many bytes of open width as are no delimiter: in these declarations a ``;`` always ends them."""
    if d.get("least", 1) == d.get("most", 1):
        return c.Bytes(d.get("most", 1))
    return c.NullTerminated(c.GreedyBytes, term=b";", consume=False)


def _choice(d: dict[str, Any]) -> Any:
    (width,) = {len(t) for t in d["texts"]}
    return c.Bytes(width)


def _default(number: Any) -> int:
    """A number, or that of a width that no setting decides here."""
    return int(number["default"] if isinstance(number, dict) else number)


def _prefixed(d: dict[str, Any]) -> Any:
    def factor(ctx: Any) -> int:
        doubled = d.get("doubled")
        while doubled and doubled[0] not in ctx:
            ctx = ctx._
        return 2 if doubled and ctx[doubled[0]] == doubled[1].encode() else 1

    width, base, unit = (_default(d.get(name, least)) for name, least in (("width", 0), ("base", 10), ("unit", 1)))
    count = "count" / c.Bytes(width)
    value = "it" / c.Bytes(lambda ctx: int(ctx.count, base) * unit * factor(ctx) - d.get("included", 0))
    return c.FocusedSeq("it", count, value)


def _repeated(d: dict[str, Any]) -> Any:
    count = d["count"]
    if isinstance(count, int):
        return c.Array(count, _decoder(d["inner"]))
    return c.Array(lambda ctx: int(ctx[count]) if ctx[count].isdigit() else ctx[count][0], _decoder(d["inner"]))


def _either(d: dict[str, Any]) -> Any:
    """In these declarations a J tells the first option from the second."""
    first, second = map(_decoder, d["options"])
    chosen = c.IfThenElse(lambda ctx: ctx._peeked == b"J", first, second)
    return c.FocusedSeq("it", "_peeked" / c.Peek(c.Bytes(1)), "it" / chosen)


def _cases(d: dict[str, Any]) -> Any:
    decoder = _decoder(d["otherwise"])
    for value, kind in reversed(d["cases"]):
        held = value.encode()
        decoder = c.IfThenElse(
            lambda ctx, held=held: held in [ctx[name] for name in d["names"]], _decoder(kind), decoder
        )
    return decoder


def _block_under(d: dict[str, Any]) -> Any:
    def digits(ctx: Any) -> int:
        key: bytes = ctx[d["key"]]
        return 32 if key[:1] in (b"S", b"R") and key[8:9] == b"A" else 16

    return c.Bytes(digits)


def _ahead(d: dict[str, Any]) -> Any:
    """Absent when the count right here is that of all the rest; else what stands before a count that is."""

    def chars(ctx: Any) -> int:
        rest: bytes = ctx._peeked
        fits = (n for n in (0, 16, 32) if int(rest[n : n + d["width"]] or b"FFFF", 16) == len(rest) - n - d["width"])
        return next(fits)

    inner = "it" / c.If(lambda ctx: chars(ctx) > 0, c.Bytes(chars))
    return c.FocusedSeq("it", "_peeked" / c.Peek(c.GreedyBytes), inner)


def _count() -> tuple[Any, ...]:
    """One byte, and as many more as it has leading ones."""
    return "first" / c.Byte, "more" / c.Bytes(lambda ctx: 7 - (~ctx.first & 0xFF).bit_length() + 1)


def _counted(ctx: Any) -> int:
    bits = 7 - len(ctx.more)
    return int.from_bytes(bytes([ctx.first % (1 << bits)]) + ctx.more, "big")


ORACLE: dict[str, Any] = {
    "digits": lambda d: c.Bytes(_width(d["width"])),
    "account": lambda d: c.Bytes(_width(d["width"])),
    "card-value": lambda d: c.Bytes(d.get("width", 3)),
    "clear-pin": lambda d: c.Bytes(_width(d.get("width", 12))),
    "ahead": _ahead,
    "number": lambda d: c.Bytes(d.get("width", 1)),
    "hex": lambda d: c.Bytes(2 * d.get("size", 8)),
    "binary": lambda d: c.Bytes(d.get("size", 8)),
    "text": _text,
    "pan": _text,
    "padded": lambda d: c.Bytes(_width(d.get("width", 12))),
    "choice": _choice,
    "code": lambda d: c.Bytes(1),
    "pattern": lambda d: c.Bytes(2),
    "hex-digits": lambda d: c.Bytes(_width(d["width"])),
    "hex-of": lambda d: c.NullTerminated(c.GreedyBytes, term=b";", consume=False),
    "either": _either,
    "cases": _cases,
    "block-under": _block_under,
    "maybe": lambda d: c.Optional(c.FocusedSeq("it", c.Const(d["lead"].encode()), "it" / _decoder(d["inner"]))),
    "if-more": lambda d: c.Optional(_decoder(d["inner"])),
    "when": lambda d: c.If(lambda ctx: ctx[d["name"]].decode() in d["values"], _decoder(d["inner"])),
    "until": lambda d: c.FocusedSeq("it", "it" / _decoder(d["inner"]), c.Const(d["delimiter"].encode())),
    "repeated": _repeated,
    "group": lambda d: _struct(d["of"]),
    "prefixed": _prefixed,
    "rest": lambda d: c.GreedyBytes,
    "key": _key,
    "packed": lambda d: c.Bytes(d["digits"] // 2),
    "packed-padded": lambda d: c.Bytes(d.get("digits", 4) // 2),
    "packed-choice": lambda d: c.Bytes(len(d["texts"][0]) // 2),
    "whole": lambda d: c.Bytes(d.get("size", 1)),
    "variable": lambda d: c.FocusedSeq("it", *_count(), "it" / c.Bytes(_counted)),
    "maybe-counted": lambda d: c.RawCopy(c.Prefixed(c.Byte, c.GreedyBytes)),
    "key-specifier": lambda d: c.RawCopy(c.Sequence(*_count(), c.Bytes(_counted))),
    "to-end": lambda d: c.GreedyRange(_decoder(d["inner"])),
}


def _decoder(data: dict[str, Any]) -> Any:
    return ORACLE[data["kind"]](data)


def _struct(data: dict[str, Any]) -> Any:
    return c.Struct(*[f["name"] / _decoder(f["type"]) for f in data["fields"]])


REBUILT: dict[type[Message], type[Message]] = {
    cls: message_class(json.loads(json.dumps(message_data(cls)))) for cls in MESSAGES
}
DECODERS: dict[type[Message], Any] = {cls: _struct(json.loads(json.dumps(message_data(cls)))) for cls in MESSAGES}


def _plain(value: Any) -> Any:
    """What our codec read, as the bytes construct would show."""
    if isinstance(value, Enum):
        return str(value.value).encode()
    if isinstance(value, Message):
        return {name: as_wire(value, name) for name in value.FIELDS}
    return value


def as_wire(message: Message, name: str) -> Any:
    kind, value = message.FIELDS[name], getattr(message, name)
    while isinstance(inner := getattr(kind, "inner", None), Kind) and not isinstance(kind, s.Repeated | s.ToEnd):
        kind = inner
    if isinstance(kind, s.Cases):
        kind = kind.chosen(message.__dict__)
    if value is None:
        return None
    if isinstance(kind, s.BlockUnder | s.Ahead):
        return value.hex().upper().encode()
    if isinstance(kind, s.KeySpec):
        return value.encode("latin-1")
    if isinstance(kind, s.ToEnd):
        return [v.encode("latin-1") for v in value]
    if isinstance(kind, s.Repeated):
        return [v.encode() if isinstance(v, str) else _plain(v) for v in value]
    return kind.encode(value, {}).encode("latin-1") if isinstance(kind, Plain) else _plain(value)


def _bare(value: Any) -> Any:
    if isinstance(value, c.Container) and "offset1" in value:
        return value.data
    if isinstance(value, c.Container):
        return {name: _bare(each) for name, each in value.items() if not name.startswith("_")}
    return [_bare(each) for each in value] if isinstance(value, list) else value


@given(wholes)
def test_construct_reads_the_same_fields(message: Message) -> None:
    wire = codec_of(type(message)).build(message)
    ours = {name: as_wire(message, name) for name in message.FIELDS}
    ours = {name: value.encode() if isinstance(value, str) else value for name, value in ours.items()}
    assert _bare(DECODERS[type(message)].parse(wire)) == ours
