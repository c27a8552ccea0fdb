"""A key of the wrong type is refused in every key field of every command (attack A13), whatever the LMK.

Parity is luck: the wrong variant gives odd parity once in 65536 for a double-length key.  Four keys a cell must all be
refused; they are the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.corpus import AES_BLOCK, BLOCK_3DES, VARIANT, Case, composed
from support.tracing import fitting_key, sample_token, traced

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.keys.masters import Lmk
from hsm.keys.usage import KEY_TYPES, KeyType, Wanted, wanted
from hsm.refusal import Refusal

load()
KEYS_A_CELL = {VARIANT: 4, AES_BLOCK: 1, BLOCK_3DES: 1}
REFUSED = {
    VARIANT: {"10", "11"},
    AES_BLOCK: {"A5", "A6", "A7", "A8"},
}
REFUSED[BLOCK_3DES] = REFUSED[AES_BLOCK]
CASES = [case for case in composed() if not case.id.endswith("-full")]


def foreign(asked: Wanted, lmk: Lmk) -> Iterator[KeyType]:
    """Key types that are not what was *asked*."""
    assert asked.key_type is not None
    for row in KEY_TYPES.values():
        if lmk.kind == "variant":
            if (row.pair, row.variant) != (asked.key_type.pair, asked.key_type.variant):
                yield row
        elif asked.block_usages is not None and not asked.block_usages.intersection(row.block_usages[:1]):
            yield row


def cells(case: Case) -> Iterator[tuple[str, str]]:
    """Requests with one key replaced by one of another type, and that type."""
    speaker = case.setup.speaker(key_cache="off")
    with traced() as opened:
        speaker(case.request)
    lmk = speaker.appliance.lmks["00"]
    for token, (key, asked) in opened.items():
        if key is None or asked.key_type is None or token not in case.request:
            continue
        for row in foreign(asked, lmk):
            for seed in range(KEYS_A_CELL[case.setup.lmks]):
                try:
                    other = sample_token(lmk, wanted(row), fitting_key(wanted(row), f"{case.id}{row.code}{seed}"))
                except Refusal:
                    continue  # no such key under this kind of LMK
                if len(other) == len(token) or lmk.kind != "variant":
                    yield case.request.replace(token, other), row.code


@pytest.mark.parametrize("code", sorted(thales.commands))
def test_a_key_of_another_type_is_refused(code: str) -> None:
    for case in CASES:
        if case.command != code:
            continue
        speaker = case.setup.speaker()
        right = speaker(case.request)[2:4]
        for request, type_code in cells(case):
            reply = speaker(request)
            assert reply[2:4] != "00", (case.id, type_code, request)
            if right in ("00", "01", "02"):
                assert reply[2:4] in REFUSED[case.setup.lmks], (case.id, type_code, reply)


@pytest.mark.parametrize("code", sorted(thales.commands))
def test_a_key_of_wrong_parity_is_refused(code: str) -> None:
    """10 for the first key, 11 for the second, whether a variant cryptogram or a well-made key block holds it."""
    for case in CASES:
        if case.command != code:
            continue
        with traced() as opened:
            case.setup.speaker(key_cache="off")(case.request)
        speaker = case.setup.speaker()
        lmk = speaker.appliance.lmks["00"]
        for token, (key, asked) in opened.items():
            if key is None or token not in case.request or (asked.key_type and not asked.key_type.odd_parity):
                continue
            try:
                even = sample_token(lmk, asked, fitting_key(asked, token, odd=False))
            except Refusal:
                continue  # an HMAC key has no parity
            reply = speaker(case.request.replace(token, even))
            assert reply[2:4] in ("10", "11"), (case.id, reply)


def test_the_matrix_is_as_large_as_it_should_be() -> None:
    assert sum(1 for case in CASES for _ in cells(case)) > 3000
