"""The fuzzer's corpus, replayed, and its mutations, without the fuzzer."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzz.mutation import MUTATORS, requests
from fuzz.targets import TARGETS

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load

load()
CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())
MUTATIONS = 2_000
PAST_DISPATCH_LEAST = 0.6


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_corpus(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def unchanged(data: bytes, size_max: int) -> bytes:
    return data[:size_max]


@pytest.mark.parametrize("name", TARGETS)
def test_mutated(name: str) -> None:
    draw = Random(5)
    data = b""
    for _ in range(MUTATIONS // 4):
        data = MUTATORS[name](data, 2_000, draw.getrandbits(32), unchanged)
        TARGETS[name](data)


def test_most_mutations_name_a_command() -> None:
    draw = Random(7)
    inputs = [MUTATORS["command"](draw.choice(requests()), 2_000, draw.getrandbits(32), unchanged) for _ in range(500)]
    past = sum(each[1:3].decode("latin-1") in thales.commands for each in inputs)
    assert past >= PAST_DISPATCH_LEAST * len(inputs)


def test_every_target_has_a_corpus_and_a_mutator() -> None:
    assert set(TARGETS) == set(MUTATORS) == {path.parent.name for path in INPUTS}
