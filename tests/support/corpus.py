"""Requests of every command to start from: those that others witnessed, and composed ones with keys that fit.

Both follow the table of commands, so that a new command is covered as soon as it is declared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

from support.appliances import Speaker, make_speaker
from support.composing import composed_request
from support.tracing import sample_token, traced

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.keys.masters import Lmk
from hsm.refusal import Refusal
from hsm.spec.witnessed import exchanges

VECTORS = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
Pairs = tuple[tuple[str, str], ...]
VARIANT: Pairs = (("00", "test-variant"),)
AES_BLOCK: Pairs = (("00", "test-aes-block"),)
BLOCK_3DES: Pairs = (("00", "test-3des-block"),)


@dataclass(frozen=True)
class Setup:
    """What an appliance is started with."""

    lmks: Pairs = VARIANT
    old_lmks: Pairs = ()
    settings: Pairs = ()
    authorise: str = "all"

    def speaker(self, **more: str) -> Speaker:
        """A new appliance of this sort; *more* are further settings, with underscores."""
        given = {name.replace("_", "-"): value for name, value in more.items()}
        return make_speaker(
            {**dict(self.settings), **given},
            [f"{lmk_id}={name}" for lmk_id, name in self.lmks],
            self.authorise,
            [f"{lmk_id}={name}" for lmk_id, name in self.old_lmks],
        )


@dataclass(frozen=True)
class Case:
    """A request (latin-1 text from the command code on) and the appliance it is meant for."""

    id: str
    request: str
    setup: Setup

    @property
    def command(self) -> str:
        return self.request[:2]


@cache
def witnessed() -> tuple[Case, ...]:
    """Every witnessed request of a declared command, under the LMKs it was seen with."""
    load()
    return tuple(
        Case(
            f"{each.command}-{each.id}",
            each.request.decode("latin-1"),
            Setup(each.lmks, each.old_lmks, each.settings, each.authorise),
        )
        for each in exchanges(VECTORS)
        if each.command in thales.commands
    )


@cache
def rewrapped() -> tuple[Case, ...]:
    """Witnessed requests with every key that they make the appliance open under a key-block LMK instead."""
    made = (_under(case, lmks) for case in witnessed() for lmks in (AES_BLOCK, BLOCK_3DES))
    return tuple(case for case in made if case is not None)


@cache
def composed() -> tuple[Case, ...]:
    """Requests of every command, for each kind of LMK, whose keys are of the types that the command asks for."""
    load()
    found = []
    for code, lmks, full in product(sorted(thales.commands), (VARIANT, AES_BLOCK, BLOCK_3DES), (False, True)):
        setup = Setup(lmks, lmks)
        request = composed_request(code, setup.speaker(key_cache="off"), full=full)
        found.append(Case(f"{code}-{lmks[0][1]}{'-full' if full else ''}", request, setup))
    return tuple(found)


def everything() -> tuple[Case, ...]:
    """All cases of all kinds."""
    return (*witnessed(), *rewrapped(), *composed())


def _under(case: Case, lmks: Pairs) -> Case | None:
    if case.setup.lmks != VARIANT or case.setup.old_lmks:
        return None
    setup = replace(case.setup, lmks=lmks)
    request = with_keys_under(case, setup.speaker().appliance.lmks["00"])
    return None if request in (None, case.request) else Case(f"{case.id}-{lmks[0][1]}", request or "", setup)


def with_keys_under(case: Case, lmk: Lmk) -> str | None:
    """The request of *case* with its keys under *lmk*, None when one can't be."""
    request = case.request
    with traced() as opened:
        case.setup.speaker(key_cache="off")(request)
    for token, (key, asked) in opened.items():
        if key is not None:
            try:
                request = request.replace(token, sample_token(lmk, asked, key))
            except Refusal:
                return None
    return request
