"""Whatever is typed at the console, in whatever order: no fault, nothing secret shown, every other line goes on."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.improvised import Stage, likely, quick

from hsm.console.declaration import console
from hsm.policy.position import Position

LMKS = ("", "test-variant", "test-3des-block", "test-aes-block")
STARTS = st.tuples(st.sampled_from(LMKS), st.sampled_from(Position), st.sampled_from(("all", "")))
LINES = st.one_of(st.text(max_size=40), st.sampled_from(sorted(console.by_name)), st.from_regex("[0-9A-F]{16,64}"))


@given(STARTS, st.integers(0), st.integers(20, 80))
def test_all_commands_by_somebody_who_mostly_knows_what_is_asked(
    start: tuple[str, Position, str], seed: int, lines_count: int
) -> None:
    draw = Random(seed)
    with quick():
        stage = Stage(*start)
        for _ in range(lines_count):
            if stage.screen.over:
                break
            if draw.random() < 0.02:
                stage.interrupts()
            else:
                stage.types(likely(stage.screen, draw, stage.people))
        stage.hangs_up()


@given(STARTS, st.lists(LINES, max_size=30))
def test_lines_of_anything(start: tuple[str, Position, str], lines: list[str]) -> None:
    with quick():
        stage = Stage(*start)
        for line in lines:
            if stage.screen.over:
                break
            stage.types(line)
        stage.hangs_up()


@given(STARTS, st.binary(max_size=400))
def test_bytes_of_a_terminal(start: tuple[str, Position, str], typed: bytes) -> None:
    with quick():
        Stage(*start).types_bytes(typed)


@pytest.mark.parametrize("name", sorted(console.by_name))
def test_every_command_is_played_to_some_end(name: str) -> None:
    """Each by its name, many times over, with answers that mostly do."""
    outcomes = set()
    with quick():
        for seed in range(20):
            draw = Random(f"{name}{seed}")
            stage = Stage(position=Position.SECURE)
            stage.types(name)
            for _ in range(100):
                if stage.screen.prompt.endswith("> "):
                    break
                stage.types(likely(stage.screen, draw, stage.people))
            else:
                raise AssertionError(f"{name} does not end")
            outcomes.add(stage.operator.outcome())
    assert outcomes <= {"00", "NO"}
    assert outcomes, name


def test_a_stage_tells_when_a_secret_is_shown() -> None:
    with quick():
        stage = Stage()
        stage.types("FK")
        for answer in ("00", "2", "000", "U", "X", "2"):
            stage.types(answer)
        assert stage.screen.secret
        component = "0123456789ABCDEF" * 2
        stage.types(component)
        with pytest.raises(AssertionError, match="a secret answer is shown"):
            stage._check_shown(f"Check value: {component[:8]} {component[8:]}")
