"""The witnessed exchanges come out the same with the other cipher engine, and without the key cache."""

from __future__ import annotations

import pytest
from support.appliances import Speaker
from support.corpus import VECTORS, Setup

from hsm.audit.record import Category
from hsm.crypto import blockcipher
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.spec.witnessed import exchanges

load()
# Status replies tell the time, and use neither keys nor ciphers.
WITNESSED = [
    each
    for each in exchanges(VECTORS)
    if each.command in thales.commands and thales.commands[each.command].category is not Category.STATUS
]


def replies(**more: str) -> dict[str, str]:
    """The reply to each witnessed request, each from an appliance of its own, as if it were the first."""
    found = {}
    for each in WITNESSED:
        setup = Setup(each.lmks, each.old_lmks, each.settings, each.authorise)
        speaker: Speaker = setup.speaker(**more)
        found[each.id] = speaker(each.request.decode("latin-1"))
    return found


@pytest.fixture(scope="module")
def usual() -> dict[str, str]:
    return replies()


def test_the_other_engine(usual: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockcipher, "engine", blockcipher.PycryptodomeCipher)
    assert replies() == usual


def test_without_key_cache(usual: dict[str, str]) -> None:
    assert replies(key_cache="off") == usual


def test_a_cached_key_answers_alike() -> None:
    for each in WITNESSED:
        speaker = Setup(each.lmks, each.old_lmks, each.settings, each.authorise).speaker()
        request = each.request.decode("latin-1")
        first = speaker(request)
        if not each.open_ended and not speaker.dispatcher.changes_state(request):
            assert speaker(request)[:4] == first[:4]
