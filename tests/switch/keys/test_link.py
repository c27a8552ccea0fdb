"""One exchange at a time on a link."""

from __future__ import annotations

from switch.keys.effects import AskHsm, Direction, Effect, KeyType, Send
from switch.keys.events import Heard, LinkDown, LinkUp, Made, Tick
from switch.keys.line import Line
from switch.keys.link import LinkKeys
from switch.keys.words import Offer, Taken

PIN, MAC = (KeyType.ZPK, Direction.BOTH), (KeyType.ZAK, Direction.BOTH)


def asks(effects: tuple[Effect, ...]) -> list[AskHsm]:
    return [each for each in effects if isinstance(each, AskHsm)]


def test_lines_take_their_turns() -> None:
    keys = LinkKeys({which: Line("bank", *which, True) for which in (PIN, MAC)})
    keys, effects = keys.step_all(LinkUp(), 0.0)
    assert [each.question for each in asks(effects)] == [asks(effects)[0].question], "one of the two"
    keys, effects = keys.step_all(Tick(), 1.0)
    assert effects == ()
    keys, effects = keys.step(PIN, Made(1, "00000A", "l", "X" + "0" * 32), 1.0)
    assert [each.word for each in effects if isinstance(each, Send)] == [Offer(1, "00000A", 0, "X" + "0" * 32)]
    keys, _ = keys.step_all(Tick(), 2.0)
    assert keys.lines[MAC].making is None, "the first is not yet answered"
    keys, _ = keys.step(PIN, Heard(Taken(1, "00000A")), 3.0)
    keys, effects = keys.step_all(Tick(), 4.0)
    assert len(asks(effects)) == 1
    assert keys.lines[MAC].making
    keys, _ = keys.step_all(LinkDown(), 5.0)
    assert not any(line.connected for line in keys.lines.values())
