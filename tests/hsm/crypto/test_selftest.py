"""The self-test passes on both engines, and fails when any one answer or the random source is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice

import pytest

from hsm.crypto import blockcipher
from hsm.crypto.blockcipher import Engine, OpenSslCipher, PycryptodomeCipher
from hsm.crypto.selftest import KNOWN_ANSWERS, RANDOM_SAMPLES, KnownAnswer, failures, self_test


@pytest.mark.parametrize("engine", [OpenSslCipher, PycryptodomeCipher])
def test_both_engines_pass(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockcipher, "engine", engine)
    results = self_test(os.urandom)
    assert failures(results) == ""
    assert len(results) == len(KNOWN_ANSWERS) + 1
    assert all(each.source for each in results)


@pytest.mark.parametrize("wrong", KNOWN_ANSWERS, ids=lambda each: each.name)
def test_one_wrong_answer_is_found_and_named(wrong: KnownAnswer) -> None:
    flipped = f"{int(wrong.answer[0], 16) ^ 1:X}" + wrong.answer[1:]
    answers = tuple(replace(each, answer=flipped) if each is wrong else each for each in KNOWN_ANSWERS)
    assert failures(self_test(os.urandom, answers)) == wrong.name


def test_an_algorithm_that_raises_has_failed() -> None:
    def broken() -> bytes:
        raise OSError

    assert failures(self_test(os.urandom, (KnownAnswer("Broken", "none", "00", broken),))) == "Broken"


def counting(count: int) -> bytes:
    return bytes(islice(cycle(range(256)), count))


def changing(form: Callable[[bytes], bytes]) -> Callable[[int], bytes]:
    """A source that never repeats itself and has one fault."""
    return lambda count: form(os.urandom(count))[:count]


@pytest.mark.parametrize(
    "source",
    [
        bytes,
        counting,
        lambda count: os.urandom(count - 1),
        changing(lambda sample: sample[:500] + bytes(6) + sample[506:]),
        changing(lambda sample: bytes(0 if at % 32 == 0 else max(b, 1) for at, b in enumerate(sample))),
    ],
    ids=["constant", "the same twice", "short", "six in a row", "one value too often"],
)
def test_a_source_with_a_gross_fault_fails(source: Callable[[int], bytes]) -> None:
    assert failures(self_test(source)) == "Random source"


def test_five_in_a_row_may_happen() -> None:
    even = bytes(range(256)) * (RANDOM_SAMPLES // 256)
    turned = iter((b"\x07" * 5 + even[5:], even[::-1]))
    assert failures(self_test(lambda count: next(turned))) == ""
