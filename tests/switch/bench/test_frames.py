"""What the generators put together is what the codec says, and whatever is wrong is seen."""

from __future__ import annotations

from switch.bench.acquirer import STANS, Acquirer, withdrawal
from switch.bench.cards import cards, under
from switch.bench.issuer import Issuer
from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.services.servicefile import packaged

CODEC = codec("banknet")
CARDS = cards(7)
KEY, NEXT_KEY = bytes(range(16)), bytes(range(1, 17))
WHEN = "1122120000"


def unframed(frame: bytes) -> bytes:
    framer = Framer(CODEC.spec.framing)
    framer.feed(frame)
    content = framer.next()
    assert content is not None
    assert framer.kept_bytes == 0
    return content


def asked(acquirer: Acquirer, since: float = 0.0) -> bytes:
    return unframed(acquirer.ask(since, under(KEY, CARDS)))


def onward(wire: bytes) -> bytes:
    """As the switch sends it on: with a settlement date."""
    return CODEC.encode(CODEC.decode(wire).changed(fields={15: "1122"}))


def test_withdrawals_are_those_of_the_codec() -> None:
    acquirer = Acquirer(CODEC, CARDS, WHEN)
    for stan in range(1, 30):
        card = CARDS[stan % len(CARDS)]
        block = bytes.fromhex(under(KEY, CARDS)[stan % len(CARDS)].decode())
        assert asked(acquirer) == CODEC.encode(withdrawal(card, stan, WHEN, block))
    assert acquirer.outstanding == 29


def test_they_follow_the_clock_and_are_withdrawals_by_the_catalogue() -> None:
    acquirer = Acquirer(CODEC, CARDS, WHEN)
    acquirer.at("1123010203")
    message = CODEC.decode(asked(acquirer))
    assert (message.fields[7], message.fields[12], message.fields[13]) == ("1123010203", "010203", "1123")
    service = packaged().recognise(message, "atm", "970405")
    assert getattr(service, "name", None) == "withdrawal"


def test_answers_are_those_of_the_codec() -> None:
    acquirer, issuer = Acquirer(CODEC, CARDS, WHEN), Issuer(CODEC, CARDS)
    issuer.key(KEY)
    for _ in range(10):
        request = onward(asked(acquirer))
        message = CODEC.decode(request)
        kept = {n: v for n, v in message.fields.items() if n in (2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 49)}
        expected = Message(reply_mti(message.mti), kept | {38: message.fields[11], 39: "00"})
        assert unframed(issuer.answer(request)) == CODEC.encode(expected)
    assert issuer.answers == {"approved": 10}


def test_requests_of_several_shapes_are_answered_each_in_its_own() -> None:
    acquirer, issuer = Acquirer(CODEC, CARDS, WHEN), Issuer(CODEC, CARDS)
    issuer.key(KEY)
    for whole in (asked(acquirer), onward(asked(acquirer)), asked(acquirer)):
        answer = CODEC.decode(unframed(issuer.answer(whole)))
        assert (15 in answer.fields) == (15 in CODEC.decode(whole).fields)
        assert answer.fields[11] == CODEC.decode(whole).fields[11]


def test_a_pin_under_another_key_is_declined_and_the_key_before_is_still_known() -> None:
    acquirer, issuer = Acquirer(CODEC, CARDS, WHEN), Issuer(CODEC, CARDS)
    assert CODEC.decode(unframed(issuer.answer(asked(acquirer)))).fields[39] == "55"
    responses = []
    for key in (KEY, NEXT_KEY, bytes(range(2, 18))):
        issuer.key(key)
        responses.append(CODEC.decode(unframed(issuer.answer(asked(acquirer)))).fields[39])
    assert responses == ["00", "00", "55"]
    assert issuer.answers == {"approved": 2, "wrong PIN": 2}


def test_only_the_approval_of_what_was_asked_counts() -> None:
    acquirer, issuer = Acquirer(CODEC, CARDS, WHEN), Issuer(CODEC, CARDS)
    issuer.key(KEY)
    answers = [unframed(issuer.answer(asked(acquirer, float(n)))) for n in range(4)]
    acquirer.answered(answers[0], 1.5)
    acquirer.answered(answers[0], 2.0)
    acquirer.answered(CODEC.encode(CODEC.decode(answers[1]).changed(fields={39: "51"})), 3.0)
    acquirer.answered(CODEC.encode(CODEC.decode(answers[2]).changed(fields={38: "000000"})), 3.0)
    acquirer.answered(CODEC.encode(CODEC.decode(answers[3]).changed(mti="0230")), 3.0)
    assert acquirer.outstanding == 1
    acquirer.lost()
    assert acquirer.tally.seconds == [1.5]
    assert acquirer.tally.approved == 1
    assert acquirer.tally.wrong == {
        "to nothing that was asked": 1, "response 51": 1, "another's approval": 1, "MTI 0230": 1, "lost": 1,
    }  # fmt: skip


def test_an_unanswered_number_that_comes_round_again_is_lost() -> None:
    acquirer = Acquirer(CODEC, CARDS[:1], WHEN)
    blocks = under(KEY, CARDS[:1])
    for _ in range(STANS + 4):
        acquirer.ask(0.0, blocks)
        if acquirer.outstanding > 2:
            acquirer._since.pop(next(reversed(acquirer._since)))
    assert acquirer.tally.wrong == {"lost": 2}
