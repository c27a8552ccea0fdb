"""Activities are read as officers write them, and permit what they say, where they say it, for as long as they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.policy.authority import (
    CATEGORIES,
    EVERYTHING,
    GRANTS_MAX,
    Activity,
    ActivityError,
    Authority,
    Interface,
    parse_activities,
)

HOST, CONSOLE = Interface.HOST, Interface.CONSOLE

activities = st.builds(
    Activity,
    st.sampled_from(CATEGORIES),
    # Words that shorten an interface's name need the interface beside them, so no sub-category is called so.
    st.none() | st.from_regex(r"[0-9][0-9a-z]{0,7}", fullmatch=True),
    st.none() | st.sampled_from(list(Interface)),
    st.none() | st.integers(1, 720),
)


@given(activities)
def test_an_activity_survives_being_written_and_read(activity: Activity) -> None:
    assert Activity.parse(str(activity)) == activity
    assert Activity.parse(str(activity).upper()) == activity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export", Activity("export")),
        ("exp.001", Activity("export", "001")),
        ("exp.001.console:120", Activity("export", "001", CONSOLE, 120)),
        ("gene.host", Activity("generate", None, HOST)),
        ("imp..con:5", Activity("import", None, CONSOLE, 5)),
        ("pin.clear", Activity("pin", "clear")),
        ("pin.mailer.h", Activity("pin", "mailer", HOST)),
        ("Command.CA", Activity("command", "ca")),
        ("d:720", Activity("diag", None, None, 720)),
    ],
)
def test_names_may_be_shortened_and_parts_left_out(text: str, expected: Activity) -> None:
    assert Activity.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "category"),
        ("nonsense", "is none of"),
        ("gen", "generate or genprint"),
        ("com", "component or command"),
        ("export.001.host.more", "an activity is"),
        ("export.001.both", "interface"),
        ("export.0 1", "sub-category"),
        ("export.123456789", "sub-category"),
        ("export:", "minutes"),
        ("export:0", "minutes"),
        ("export:721", "minutes"),
        ("export:+5", "minutes"),
        ("export:\u0665", "minutes"),
        ("x" * 5_000, "is none of"),
    ],
)
def test_what_is_no_activity_is_refused_with_the_part_that_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ActivityError, match=message) as caught:
        Activity.parse(text)
    assert len(str(caught.value)) < 250


@given(st.text(max_size=40))
def test_nonsense_raises_nothing_but_activity_errors(text: str) -> None:
    try:
        found = parse_activities(text)
    except ActivityError:
        found = ()
    assert all(activity.category in CATEGORIES for activity in found)


def test_all_and_lists() -> None:
    assert parse_activities(" ALL ") == EVERYTHING
    assert parse_activities("export.001, pin.clear:5") == (Activity("export", "001"), Activity("pin", "clear", None, 5))


def granted(text: str, now: float = 0.0, *, limited: bool = False, lmk_id: str = "00") -> Authority:
    return Authority().granting(parse_activities(text), lmk_id, now, limited=limited)


def test_a_category_covers_its_sub_categories_and_not_the_other_way_round() -> None:
    assert granted("export").permits("export.001", "00", HOST, 1.0)
    assert not granted("export.001").permits("export", "00", HOST, 1.0)
    assert not granted("export.001").permits("export.002", "00", HOST, 1.0)
    assert granted("command.ca").permits("command.CA", "00", HOST, 1.0)


def test_interface_lmk_and_category_are_bounds() -> None:
    authority = granted("export.001.console")
    assert authority.permits("export.001", "00", CONSOLE, 1.0)
    assert not authority.permits("export.001", "00", HOST, 1.0)
    assert not authority.permits("export.001", "01", CONSOLE, 1.0)
    assert not authority.permits("import.001", "00", CONSOLE, 1.0)
    assert not Authority().permits("export", "00", HOST, 1.0)


def test_time_ends_an_activity_at_the_second() -> None:
    authority = granted("export:2", now=1_000.0)
    assert authority.permits("export", "00", HOST, 1_119.9)
    assert not authority.permits("export", "00", HOST, 1_120.0)
    assert authority.active(1_120.0) == ()


def test_twelve_hours_end_what_has_no_end_of_its_own_when_the_limit_is_enforced() -> None:
    hours = 3_600.0
    assert granted("export").permits("export", "00", HOST, 1_000 * hours)
    limited = granted("export", limited=True)
    assert limited.permits("export", "00", HOST, 12 * hours - 1)
    assert not limited.permits("export", "00", HOST, 12 * hours)


def test_granting_anew_replaces_and_forgets_what_ran_out() -> None:
    twice = granted("export:1,import:1").granting(parse_activities("export:5"), "00", 30.0, limited=False)
    assert len(twice.grants) == 2
    assert twice.permits("export", "00", HOST, 100.0)
    later = twice.granting(parse_activities("pin"), "00", 10_000.0, limited=False)
    assert [str(grant.activity) for grant in later.grants] == ["pin"]


def test_cancelling_by_lmk_activity_interface_or_all() -> None:
    two = granted("export,import.host").granting(parse_activities("export"), "01", 0.0, limited=False)
    assert two.without() == Authority()
    assert [grant.lmk_id for grant in two.without(lmk_id="00").grants] == ["01"]
    assert not two.without(activity=Activity("export")).permits("export", "01", HOST, 1.0)
    assert two.without(interface=CONSOLE).permits("import", "00", HOST, 1.0)
    assert not two.without(interface=HOST).permits("import", "00", HOST, 1.0)


def test_the_number_of_grants_has_a_bound() -> None:
    many = [Activity("command", f"{number:04}") for number in range(GRANTS_MAX)]
    full = Authority().granting(many, "00", 0.0, limited=False)
    with pytest.raises(ActivityError, match="no more than"):
        full.granting(EVERYTHING, "00", 0.0, limited=False)


def test_an_undeclared_category_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="no category"):
        Authority().permits("nonsense", "00", HOST, 1.0)
