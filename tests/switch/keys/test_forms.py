"""The words about keys as networks write them, through their dialects' codecs and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.codec import Codec
from switch.codec.message import Message, Parts, Value
from switch.codec.specfile import load
from switch.keys.effects import Direction, KeyType
from switch.keys.forms import Form, FormError, Labelled, Said, ServiceMessages, Tagged
from switch.keys.words import Check, NotTaken, Offer, Taken, Wanted, Why, Word

KEYS = st.one_of(
    st.tuples(st.sampled_from("XU"), st.text("0123456789ABCDEF", min_size=32, max_size=32)).map("".join),
    st.just("D0112P0AE00E0000" + "0123456789ABCDEF" * 6),
)
KCVS = st.text("0123456789ABCDEF", min_size=6, max_size=6)
VERSIONS = st.integers(1, 999_999)
WHYS = st.sampled_from([why for why in Why if why is not Why.OTHER])
LINES = st.tuples(st.sampled_from(KeyType), st.sampled_from(Direction))
WORDS: st.SearchStrategy[Word] = st.one_of(
    st.builds(Offer, VERSIONS, KCVS, st.integers(0, 999_999), KEYS),
    st.builds(Taken, VERSIONS, KCVS),
    st.builds(NotTaken, VERSIONS, WHYS, st.integers(0, 999_999)),
    st.builds(Wanted, st.integers(0, 999_999)),
    st.builds(Check, VERSIONS, KCVS),
    st.just(Check(0, "")),
)


def over(dialect: str, message: Message) -> Message:
    """*message* as it comes out at the other end."""
    codec = Codec(load(dialect))
    whole = message.changed(fields={7: "1122101112", 11: "000001"})
    return codec.decode(codec.encode(whole))


@given(LINES, WORDS)
def test_our_own_form_says_everything(line: tuple[KeyType, Direction], word: Word) -> None:
    said = Said(*line, word)
    message = Tagged().write(said)
    assert message
    assert Tagged().read(over("napas", message)) == said


def poorer(word: Word, keeps_version: bool) -> Word:
    """What is left of *word* in a form with less room."""
    match word:
        case Offer(version, _, _, under_zmk):
            return Offer(version if keeps_version else None, "", None, under_zmk)
        case Taken(version, kcv):
            return Taken(version if keeps_version else None, kcv)
        case NotTaken(version, why, _):
            return NotTaken(version if keeps_version else None, why)
        case _:
            return Wanted(None)


@given(st.sampled_from([KeyType.ZPK, KeyType.ZAK]), st.sampled_from(Direction), WORDS)
def test_a_label_and_a_key(kind: KeyType, direction: Direction, word: Word) -> None:
    message = Labelled().write(Said(kind, direction, word))
    assert (message is None) == isinstance(word, Check)
    if message:
        assert Labelled().read(over("banknet", message)) == Said(kind, direction, poorer(word, False))


@given(LINES, WORDS)
def test_cryptographic_service_messages(line: tuple[KeyType, Direction], word: Word) -> None:
    message = ServiceMessages("MEPS", "BANKA").write(Said(*line, word))
    assert (message is None) == isinstance(word, Check)
    if message:
        read = ServiceMessages("BANKA", "MEPS").read(over("banknet", message))
        assert read == Said(*line, poorer(word, True))


def test_as_printed() -> None:
    """The shape that public specifications of the region print, letter by letter; the key is made up."""
    key = "X" + "0123456789ABCDEF" * 2
    request = Message("0800", {53: "0100000000000000", 70: "161", 123: "CSM(MCL/RSI RCV/NET ORG/BANK SVR/ )"})
    bank, net = ServiceMessages("BANK", "NET"), ServiceMessages("NET", "BANK")
    asked = Said(KeyType.ZPK, Direction.BOTH, Wanted())
    assert bank.write(asked) == request
    assert net.read(request) == asked
    brought = Message(
        "0800",
        {53: "0100000000000000", 70: "162", 123: f"CSM(MCL/KSM RCV/BANK ORG/NET KD/{key} CTP/000007 )"},
    )
    assert net.write(Said(KeyType.ZPK, Direction.BOTH, Offer(7, "", None, key))) == brought
    labelled = Message("0800", {48: Parts([("label", "ZPK000"), ("key", key)]), 70: "161"})
    assert Labelled().write(Said(KeyType.ZPK, Direction.BOTH, Offer(7, "", None, key))) == labelled


FORMS: list[Form] = [Tagged(), Labelled(), ServiceMessages("NET", "BANK")]
ZPK = "0100000000000000"


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (FORMS[0], {70: "161", 48: Parts([("01", "X" + "0" * 32)])}),
        (FORMS[0], {70: "161", 53: "9900000000000000", 48: Parts([("01", "X" + "0" * 32)])}),
        (FORMS[0], {70: "161", 53: ZPK, 48: Parts([("02", "000000")])}),
        (FORMS[0], {70: "161", 53: ZPK, 48: Parts([("01", "X" + "0" * 31)])}),
        (FORMS[0], {70: "161", 53: ZPK, 48: Parts([("01", "X" + "0" * 32), ("03", "1")])}),
        (FORMS[0], {70: "161", 53: ZPK, 48: "no tags"}),
        (FORMS[1], {70: "161", 48: "XYZ000"}),
        (FORMS[1], {70: "161", 48: "ZPK000"}),
        (FORMS[1], {70: "161"}),
        (FORMS[2], {70: "162", 53: ZPK, 123: "CSM(MCL/KSM RCV/BANK ORG/NET KD/X CTP/ )"}),
        (FORMS[2], {70: "162", 53: ZPK, 123: "CSM(MCL/KSM RCV/NET ORG/BANK KD/X CTP/ )"}),
        (FORMS[2], {70: "162", 53: ZPK, 123: "CSM(MCL/ESM RCV/NET ORG/BANK ERF/1 )"}),
    ],
)
def test_what_is_wrong_is_told_without_its_content(form: Form, fields: dict[int, Value]) -> None:
    with pytest.raises(FormError) as told:
        form.read(Message("0800", fields))
    assert told.value.field in (48, 53, 123)
    assert "X0" not in str(told.value)


@pytest.mark.parametrize("form", FORMS)
def test_other_network_messages_are_none_of_theirs(form: Form) -> None:
    for mti in ("0800", "0810", "0200"):
        assert form.read(Message(mti, {70: "001"})) is None
        assert form.read(Message(mti, {70: "301"})) is None


@given(
    st.sampled_from(FORMS),
    st.sampled_from(["0800", "0810"]),
    st.sampled_from(["101", "161", "162", "301"]),
    st.dictionaries(st.sampled_from([39, 48, 53, 123]), st.one_of(st.text(max_size=20), st.just(Parts([("01", b"")])))),
)
def test_anything_is_read_or_refused(form: Form, mti: str, code: str, fields: dict[int, Value]) -> None:
    try:
        said = form.read(Message(mti, {70: code, **fields}))
    except FormError:
        return
    assert said is None or isinstance(said, Said)
