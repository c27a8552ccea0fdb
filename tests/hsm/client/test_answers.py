"""What typed requests mean and which of them may be asked twice."""

from __future__ import annotations

import pytest

from hsm.audit.record import Category
from hsm.client.answers import REPEATABLE, Refused, answer_of, command_for, reason_of, repeatable, unwell
from hsm.client.codec import Reply, ReplyError, command_of, dialect_named
from hsm.dialects.thales.pinverify import VerifyZonePinByOffset, VerifyZonePinByPvv
from hsm.dialects.thales.status import Diagnosed
from hsm.refusal import SourceKeyParity, VerificationFailed
from hsm.wire.message import Empty


@pytest.mark.parametrize("dialect", ["thales", "eracom"])
def test_only_what_leaves_nothing_behind_is_repeatable(dialect: str) -> None:
    commands = dialect_named(dialect).commands
    assert REPEATABLE[dialect] <= commands.keys()
    for code in REPEATABLE[dialect]:
        assert not commands[code].changes_state, code
        assert commands[code].needs is None, code
        assert commands[code].category is not Category.KEY or code in NO_KEY_MADE, code


NO_KEY_MADE = ("BU", "KA", "EE0202", "EE204A", "EEF001", "EEF004")


def test_which_is_which() -> None:
    for code in ("CA", "CC", "EC", "MA", "NC"):
        assert repeatable("thales", code)
    for code in ("A0", "IA", "HC", "JA", "FA", "A6", "A8", "LA", "RA", "NK", "NG", "RY"):
        assert not repeatable("thales", code)
    assert repeatable("eracom", "EE0602")
    for code in ("EE0619", "EE0E04", "EE0E05", "EE0E06", "EE0640"):
        assert not repeatable("eracom", code)


def test_a_command_by_its_messages() -> None:
    assert command_for("thales", Empty, Diagnosed).code == "NC"
    assert command_for("thales", Empty, Empty, "BS").code == "BS"
    for asks in (Empty, Diagnosed):
        with pytest.raises(LookupError):
            command_for("thales", asks, Empty)


def test_answers_and_refusals() -> None:
    verify = command_for("thales", VerifyZonePinByPvv, Empty)
    assert answer_of(verify, "thales", Reply(b"", "00", Empty(), ""), Empty) == Empty()
    with pytest.raises(Refused) as caught:
        answer_of(verify, "thales", Reply(b"", "01", None, ""), Empty)
    assert (caught.value.command, caught.value.reason) == ("EC", VerificationFailed)
    by_offset = command_for("thales", VerifyZonePinByOffset, Empty)
    assert answer_of(by_offset, "thales", Reply(b"", "02", None, ""), Empty) == Empty(), "verified, with an advice"
    with pytest.raises(ReplyError):
        answer_of(verify, "thales", Reply(b"", "00", Diagnosed(lmk_check_value="0" * 16, firmware=""), ""), Empty)


def test_codes_mean_what_the_command_says_before_what_the_dialect_says() -> None:
    assert reason_of("thales", command_of("CA"), "10") is SourceKeyParity
    assert reason_of("thales", command_of("CA"), "zz") is None
    for dialect in ("thales", "eracom"):
        for command in dialect_named(dialect).commands.values():
            for reason, code in command.refusals.items():
                told = reason_of(dialect, command, code)
                assert told is not None
                assert command.refusals.get(told) == code, (command.code, reason)


def test_refusals_that_say_more_of_the_appliance() -> None:
    assert [unwell("thales", code) for code in ("13", "41", "20", "01")] == [True, True, False, False]
    assert [unwell("eracom", code) for code in ("09", "10", "07")] == [True, True, False]
