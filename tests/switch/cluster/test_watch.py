from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.cluster.watch import Standing
from switch.store.rows import Lease

PATIENCE = 4.0
HOME, AWAY = Standing("a", True, 100.0), Standing("a", False, 100.0)
HELD_BY_B = Lease("share a", "b-1", 1, 5)


def test_what_nobody_ever_had_is_its_members_at_once_and_anybodys_after_a_while() -> None:
    assert HOME.wanted(100.0, PATIENCE)
    assert not AWAY.wanted(103.9, PATIENCE)
    assert AWAY.wanted(104.0, PATIENCE)


def test_whoever_gives_no_sign_of_life_is_taken_for_dead() -> None:
    for standing in (HOME, AWAY):
        seen = standing.seen(HELD_BY_B, 110.0)
        assert not seen.wanted(113.9, PATIENCE)
        assert seen.wanted(114.0, PATIENCE)
        alive = seen.seen(replace(HELD_BY_B, until_us=6), 113.0)
        assert not alive.seen(replace(HELD_BY_B, until_us=6), 116.0).wanted(116.9, PATIENCE)
        assert alive.wanted(117.0, PATIENCE)


def test_what_is_released_is_its_members_at_once() -> None:
    free = Lease("share a", "", 1, 0)
    assert HOME.seen(free, 110.0).wanted(110.0, PATIENCE)
    assert not AWAY.seen(free, 110.0).wanted(110.0, PATIENCE)
    assert AWAY.seen(free, 110.0).wanted(114.0, PATIENCE)


def test_what_was_handed_over_is_not_taken_back_for_a_while() -> None:
    ours = HOME.taken(HELD_BY_B, 120.0)
    assert not ours.wanted(500.0, PATIENCE)
    given_up = ours.given_up(120.0, 15.0).seen(Lease("share a", "", 1, 0), 120.5)
    assert given_up.held is None
    assert not given_up.wanted(134.9, PATIENCE)
    assert given_up.wanted(135.0, PATIENCE)
    # But whoever took it may die.
    taken = given_up.seen(Lease("share a", "b-1", 2, 9), 121.0)
    assert taken.wanted(125.0, PATIENCE)


def test_a_sign_of_life_counts_from_when_it_was_said_and_for_its_own_term() -> None:
    ours = HOME.taken(HELD_BY_B, 120.0)
    assert ours.renewed(HELD_BY_B, 123.0).sure_until == 123.0
    assert ours.renewed(HELD_BY_B, 110.0).sure_until == 120.0
    assert ours.renewed(replace(HELD_BY_B, term=2), 123.0) is ours


@dataclass
class Member:
    """A process by the rules: *skew* is what its clock shows at the world's 0, *slow* how long its commits take."""

    name: str
    skew: float
    slow: float
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.standing = Standing("a", self.name == "x", self.skew)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 6)), min_size=2, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["beat", "die"]), st.floats(0.1, 3)), max_size=60),
)
def test_two_are_never_sure_at_once_whatever_their_clocks_say(
    clocks: list[tuple[float, float]], schedule: list[tuple[int, str, float]]
) -> None:
    """The store is one row; whoever acts, acts at one instant, but its word was said *slow* seconds before."""
    members = [Member("xyz"[at], skew, slow) for at, (skew, slow) in enumerate(clocks)]
    row: Lease | None = None
    time = 0.0
    for who, act, passing in schedule:
        time += passing
        member = members[who % len(members)]
        now, said = time + member.skew, time + member.skew - member.slow
        if act == "die":
            member.standing = Standing("a", member.name == "x", now)
            continue
        standing = member.standing
        if standing.held is not None and now >= standing.sure_until:
            standing = standing.given_up(now)
        if standing.held is not None and row is not None:
            if (row.owner, row.term) == (member.name, standing.held.term):
                row = replace(row, until_us=row.until_us + 1)
                standing = standing.renewed(standing.held, said + PATIENCE)
            else:
                standing = standing.given_up(now)
        standing = standing.seen(row, now)
        if standing.wanted(now, PATIENCE):
            row = Lease("share a", member.name, row.term + 1 if row else 1, 0)
            standing = standing.taken(row, said + PATIENCE)
        member.standing = standing
        sure = [each.name for each in members if each.standing.held and time + each.skew < each.standing.sure_until]
        assert len(sure) <= 1, sure
